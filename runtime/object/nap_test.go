package object_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/binder/transporttest"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/object"
	"ubinder/runtime/status"
)

// dialOnSockets connects a process whose callers wait for the sockets of their lanes.
func dialOnSockets(t testing.TB, path string) *binder.Process {
	tr, err := object.Dial(context.Background(), path, t.Name())
	require.NoError(t, err)
	tr.AwaitOnSockets()
	p := binder.NewProcess(tr)
	t.Cleanup(func() { p.Close() })
	return p
}

func socketLaneDomain(t testing.TB) transporttest.Domain {
	path := brokertest.Start(t)
	return transporttest.Domain{
		Open: func() *binder.Process { return dialOnSockets(t, path) },
		Start: func() func() {
			p := dialOnSockets(t, path)
			require.NoError(t, transporttest.Serve(p))
			return func() { p.Close() }
		},
	}
}

func socketForkDomain(t testing.TB) transporttest.Domain {
	path := brokertest.Start(t)
	return transporttest.Domain{
		Forks: true,
		Open:  func() *binder.Process { return dialOnSockets(t, path) },
		Start: func() func() { return transporttest.Fork(t, puppetBus+"="+path, puppetWaits+"=1") },
	}
}

// waits is a call that is not answered before it is told to be.
type waits struct {
	transport *object.Transport
	caller    *binder.Process
	server    *binder.Process
	release   chan struct{}
	ended     chan error
}

func beginWait(t *testing.T, ctx context.Context) *waits {
	path := brokertest.Start(t)
	w := &waits{server: dial(t, path), release: make(chan struct{}), ended: make(chan error, 1)}
	node := w.server.NewNode(binder.HandlerFunc(func(ctx context.Context, c *binder.IncomingCall) error {
		select {
		case <-w.release:
		case <-ctx.Done():
		}
		return nil
	}))
	require.NoError(t, w.server.BecomeContextManager(context.Background(), node))
	var err error
	w.transport, err = object.Dial(context.Background(), path, t.Name())
	require.NoError(t, err)
	w.caller = binder.NewProcess(w.transport)
	t.Cleanup(func() { w.caller.Close() })
	h, err := w.caller.ContextManager(context.Background())
	require.NoError(t, err)
	go func() {
		_, err := binder.Call(ctx, h, 1, nil)
		w.ended <- err
	}()
	return w
}

// TestACallThatLastsWaitsForTheSocket after a nap or some sleeps on the futex, and sees there whatever may end it.
func TestACallThatLastsWaitsForTheSocket(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	for name, c := range map[string]struct {
		end  func(*waits)
		code status.Code
	}{
		"its answer":            {func(w *waits) { close(w.release) }, status.OK},
		"its context":           {func(*waits) { cancel() }, status.Cancelled},
		"the peer's end":        {func(w *waits) { w.server.Close() }, status.Dead},
		"its own process's end": {func(w *waits) { w.caller.Close() }, status.Dead},
	} {
		t.Run(name, func(t *testing.T) {
			callCtx := context.Background()
			if c.code == status.Cancelled {
				callCtx = ctx
			}
			w := beginWait(t, callCtx)
			if !w.transport.MayNap() {
				t.Skip("no processor to spare for a nap: the first call sleeps on its futex")
			}
			require.Eventually(t, w.transport.OnSocket, time.Minute, time.Millisecond)
			c.end(w)
			require.Equal(t, c.code, status.CodeOf(<-w.ended))
		})
	}
}
