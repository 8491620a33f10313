package object_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/broker/brokertest"
)

// rareServer is a process whose only service does what handle says, and a handle to that in another.
func rareServer(t *testing.T, handle binder.HandlerFunc) (server *binder.Process, h *binder.Handle) {
	path := brokertest.Start(t)
	return serveRoot(t, path, handle), rootOf(t, dial(t, path))
}

func echo(_ context.Context, c *binder.IncomingCall) error {
	c.Reply.Payload = c.Payload
	return nil
}

func call(t *testing.T, h *binder.Handle) {
	_, err := binder.Call(t.Context(), h, 1, []byte("x"))
	require.NoError(t, err)
}

// needsProcessors skips where every call is a looper's: the only processor may be kept by who sleeps in the kernel.
func needsProcessors(t *testing.T) {
	if runtime.GOMAXPROCS(0) == 1 {
		t.Skip("with one processor loopers never rest")
	}
}

// atRest waits until nothing runs in p.
func atRest(t *testing.T, p *binder.Process) {
	require.Eventually(t, func() bool { return p.Loopers().Busy == 0 }, killPatience, time.Millisecond)
}

func TestARareCallNeedsNoLooper(t *testing.T) {
	needsProcessors(t)
	server, h := rareServer(t, echo)
	for range 3 {
		call(t, h)
		atRest(t, server)
		require.Zero(t, server.Loopers().Started)
	}
	for server.Loopers().Started == 0 { // they come fast now
		call(t, h)
	}
}

// TestLoopersRestInACrowd: where callers wait with many others, and their calls are rare, none sleeps in the kernel.
func TestLoopersRestInACrowd(t *testing.T) {
	needsProcessors(t)
	const crowd = 4
	var inside atomic.Pointer[sync.WaitGroup] // of a round
	path := brokertest.Start(t)
	server, tr := dialTransport(t, path)
	require.NoError(t, server.BecomeContextManager(t.Context(), server.NewNode(binder.HandlerFunc(func(ctx context.Context, c *binder.IncomingCall) error {
		in := inside.Load()
		in.Done()
		in.Wait()
		return echo(ctx, c)
	}))))
	h := rootOf(t, dial(t, path))
	round := func(n int, pause time.Duration) {
		var in, out sync.WaitGroup
		in.Add(n)
		inside.Store(&in)
		for range n {
			out.Go(func() {
				_, err := binder.Call(t.Context(), h, 1, nil)
				assert.NoError(t, err)
			})
		}
		out.Wait()
		atRest(t, server)
		time.Sleep(pause)
	}
	for tr.Resting() { // as they do at first
		round(1, 0)
	}
	for !tr.Resting() {
		round(crowd, time.Millisecond)
	}
	for tr.Resting() {
		round(1, time.Millisecond)
	}
}

// TestOthersAreServedWhileAHandlerRunsHere: the handler runs on the goroutine that receives what they send.
func TestOthersAreServedWhileAHandlerRunsHere(t *testing.T) {
	needsProcessors(t)
	for _, most := range []int{2, 15} {
		begun, end := make(chan struct{}), make(chan struct{})
		server, h := rareServer(t, func(ctx context.Context, c *binder.IncomingCall) error {
			if c.Code == 2 {
				begun <- struct{}{}
				<-end
			}
			return echo(ctx, c)
		})
		server.SetLoopers(most)
		done := make(chan error)
		go func() {
			_, err := binder.Call(t.Context(), h, 2, nil)
			done <- err
		}()
		<-begun
		for range 100 {
			call(t, h)
		}
		close(end)
		require.NoError(t, <-done)
	}
}

// TestNoMoreHandlersRunThanLoopersMay: those that run on receiving goroutines count.
func TestNoMoreHandlersRunThanLoopersMay(t *testing.T) {
	begun, end := make(chan struct{}, 10), make(chan struct{})
	server, h := rareServer(t, func(context.Context, *binder.IncomingCall) error {
		begun <- struct{}{}
		<-end
		return nil
	})
	server.SetLoopers(2)
	done := make(chan error)
	for range 5 {
		go func() {
			_, err := binder.Call(t.Context(), h, 1, nil)
			done <- err
		}()
	}
	<-begun
	<-begun
	require.Eventually(t, func() bool { return server.Loopers().Waiting == 3 }, killPatience, time.Millisecond)
	require.Equal(t, 2, server.Loopers().Busy)
	require.Empty(t, begun)
	close(end)
	for range 5 {
		require.NoError(t, <-done)
	}
}

func TestAHandlerThatEndsItsReceivingGoroutine(t *testing.T) {
	server, h := rareServer(t, func(context.Context, *binder.IncomingCall) error {
		runtime.Goexit()
		return nil
	})
	for range 5 {
		_, err := binder.Call(t.Context(), h, 1, nil)
		require.Error(t, err)
		atRest(t, server)
	}
}

// TestTheOnlyProcessorHasALooper: where none may rest the first call starts one, on which the lane's callers ring.
func TestTheOnlyProcessorHasALooper(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	server, h := rareServer(t, echo)
	call(t, h)
	require.Positive(t, server.Loopers().Started)
}
