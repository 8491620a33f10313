package object_test

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/object"
	"ubinder/runtime/status"
)

// serveRoot makes a process whose node behind handle 0 is served by h.
func serveRoot(t testing.TB, path string, h binder.HandlerFunc) *binder.Process {
	p := dial(t, path)
	require.NoError(t, p.BecomeContextManager(context.Background(), p.NewNode(h)))
	return p
}

func rootOf(t testing.TB, p *binder.Process) *binder.Handle {
	h, err := p.ContextManager(context.Background())
	require.NoError(t, err)
	t.Cleanup(h.Release)
	return h
}

// TestMoreLanesThanLoopersSleepOn has more callers at once than there may be hot lanes.
func TestMoreLanesThanLoopersSleepOn(t *testing.T) {
	path := brokertest.Start(t)
	serveRoot(t, path, func(_ context.Context, c *binder.IncomingCall) error {
		runtime.Gosched()
		c.Reply.Payload = c.Payload
		return nil
	})
	var wg sync.WaitGroup
	for range object.MaxHot + 10 {
		h := rootOf(t, dial(t, path))
		wg.Go(func() {
			for range 30 {
				out, err := binder.Call(t.Context(), h, 1, []byte("x"))
				assert.NoError(t, err)
				assert.Equal(t, "x", string(out))
			}
		})
	}
	wg.Wait()
}

// TestLoopersSleepOnLanesInUseOnly has many call once, and soon again, then one for long, then all again: once is not
// enough.
func TestLoopersSleepOnLanesInUseOnly(t *testing.T) {
	path := brokertest.Start(t)
	tr, err := object.Dial(t.Context(), path, "server")
	require.NoError(t, err)
	server := binder.NewProcess(tr)
	t.Cleanup(func() { server.Close() })
	echo := binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
		c.Reply.Payload = c.Payload
		return nil
	})
	require.NoError(t, server.BecomeContextManager(t.Context(), server.NewNode(echo)))
	call := func(h *binder.Handle) {
		out, err := binder.Call(t.Context(), h, 1, []byte("x"))
		require.NoError(t, err)
		require.Equal(t, "x", string(out))
	}
	handles := make([]*binder.Handle, 10)
	for i := range handles {
		handles[i] = rootOf(t, dial(t, path))
		call(handles[i])
	}
	require.Equal(t, 1, tr.Hot())
	callEach := func() {
		for _, h := range handles {
			call(h)
		}
	}
	callEach()
	require.Equal(t, len(handles), tr.Hot())
	for range 2 * object.WarmFor {
		call(handles[0])
	}
	require.Equal(t, 1, tr.Hot())
	callEach()
	require.Equal(t, 1, tr.Hot())
	callEach()
	require.Equal(t, len(handles), tr.Hot())
}

// TestHandlersThatCallBackFindRoom fills the outbox with calls whose handlers call back, and are
// answered with much.
func TestHandlersThatCallBackFindRoom(t *testing.T) {
	path := brokertest.Start(t)
	serveRoot(t, path, func(ctx context.Context, c *binder.IncomingCall) error {
		_, err := binder.Call(ctx, c.Attachments[0].Object, 2, nil)
		return err
	})
	p := dial(t, path)
	h := rootOf(t, p)
	back := p.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
		c.Reply.Payload = make([]byte, 1<<20)
		return nil
	}))
	var wg sync.WaitGroup
	for range 60 {
		wg.Go(func() {
			for range 2 {
				var r binder.Reply
				tr := binder.Transaction{Code: 1, Data: binder.Data{Payload: make([]byte, 256<<10), Attachments: []binder.Attachment{{Object: back}}}}
				assert.NoError(t, h.Transact(t.Context(), &tr, &r))
				r.Release()
			}
		})
	}
	wg.Wait()
}

// leaverMain sends a oneway call and ends at once.
func leaverMain(path string) int {
	t, err := object.Dial(context.Background(), path, "leaver")
	if err != nil {
		return 1
	}
	h, err := binder.NewProcess(t).ContextManager(context.Background())
	if err != nil || h.Transact(context.Background(), &binder.Transaction{Code: 1, Flags: binder.Oneway}, nil) != nil {
		return 1
	}
	return 0
}

// TestAOnewayCallOutlivesItsCaller has processes end as soon as they have sent one.
func TestAOnewayCallOutlivesItsCaller(t *testing.T) {
	path := brokertest.Start(t)
	got := make(chan struct{}, 64)
	serveRoot(t, path, func(context.Context, *binder.IncomingCall) error {
		got <- struct{}{}
		return nil
	})
	for range 20 {
		c := exec.Command("/proc/self/exe")
		c.Env = append(os.Environ(), killRole+"=leaver", killBus+"="+path)
		c.Stderr = os.Stderr
		c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		require.NoError(t, c.Run())
		<-got
	}
}

// TestOneHandlerCallsManyAtOnce has a handler call from many goroutines in its chain; the first is
// called back while others wait.
func TestOneHandlerCallsManyAtOnce(t *testing.T) {
	path := brokertest.Start(t)
	release := make(chan struct{})
	serveRoot(t, path, func(ctx context.Context, c *binder.IncomingCall) error {
		switch c.Code {
		case 1:
			_, err := binder.Call(ctx, c.Attachments[0].Object, 2, nil)
			return err
		case 2:
			<-release
		}
		return nil
	})
	p := dial(t, path)
	h := rootOf(t, p)
	back := p.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error { return nil }))
	outer := p.NewNode(binder.HandlerFunc(func(ctx context.Context, _ *binder.IncomingCall) error {
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				_, err := binder.Call(ctx, h, 2, nil)
				assert.NoError(t, err)
			})
		}
		for range 4 {
			tr := binder.Transaction{Code: 1, Data: binder.Data{Attachments: []binder.Attachment{{Object: back}}}}
			assert.NoError(t, h.Transact(ctx, &tr, new(binder.Reply)))
		}
		close(release)
		wg.Wait()
		return nil
	}))
	_, err := binder.Call(t.Context(), outer, 1, nil)
	require.NoError(t, err)
}

// TestCloseWhileCallsAreQueued leaves nothing of calls, and of their files, that nobody has begun.
func TestCloseWhileCallsAreQueued(t *testing.T) {
	leaktest.Check(t)
	for range 5 {
		path := brokertest.Start(t) // a bus each: the last server may not have left it yet
		begun, release := make(chan struct{}, 8), make(chan struct{})
		s := serveRoot(t, path, func(context.Context, *binder.IncomingCall) error {
			begun <- struct{}{}
			<-release
			return nil
		})
		s.SetLoopers(1)
		p := dial(t, path)
		h := rootOf(t, p)
		f, err := os.Open("/dev/null")
		require.NoError(t, err)
		for range 6 {
			tr := binder.Transaction{Code: 1, Flags: binder.Oneway, Data: binder.Data{Attachments: []binder.Attachment{{File: f}}}}
			require.NoError(t, h.Transact(t.Context(), &tr, nil))
		}
		f.Close()
		<-begun
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			s.Close()
		}()
		close(release)
		<-closed
		require.NoError(t, p.Close())
	}
}

// TestNoWaitWhenEveryCallerIsTaken fails at once.
func TestNoWaitWhenEveryCallerIsTaken(t *testing.T) {
	path := brokertest.Start(t)
	begun, release := make(chan struct{}, 128), make(chan struct{})
	s := serveRoot(t, path, func(context.Context, *binder.IncomingCall) error {
		begun <- struct{}{}
		<-release
		return nil
	})
	s.SetLoopers(200)
	h := rootOf(t, dial(t, path))
	var wg sync.WaitGroup
	for range 128 {
		wg.Go(func() {
			_, err := binder.Call(t.Context(), h, 1, nil)
			assert.NoError(t, err)
		})
	}
	for range 128 {
		<-begun
	}
	err := h.Transact(t.Context(), &binder.Transaction{Code: 1, Flags: binder.NoWait}, new(binder.Reply))
	require.ErrorIs(t, err, status.Full)
	close(release)
	wg.Wait()
}

// TestAHandlerThatEndsItsGoroutine fails its call, and takes no looper along.
func TestAHandlerThatEndsItsGoroutine(t *testing.T) {
	path := brokertest.Start(t)
	s := serveRoot(t, path, func(_ context.Context, c *binder.IncomingCall) error {
		if c.Code == 1 {
			runtime.Goexit()
		}
		return nil
	})
	s.SetLoopers(2)
	h := rootOf(t, dial(t, path))
	for range 6 {
		_, err := binder.Call(t.Context(), h, 1, nil)
		require.ErrorIs(t, err, status.Internal)
		_, err = binder.Call(t.Context(), h, 2, nil)
		require.NoError(t, err)
	}
}
