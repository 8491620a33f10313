package object_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/bus"
	"ubinder/runtime/object"
	"ubinder/runtime/status"
)

func freezeSelf(t *testing.T, p *binder.Process, timeout time.Duration) error {
	return p.Freeze(t.Context(), p.ID(), timeout)
}

func TestFreezeWaitsForHandlersWhoseCallersHaveEnded(t *testing.T) {
	path := brokertest.Start(t)
	running, left, end := make(chan struct{}), make(chan struct{}), make(chan struct{})
	server := serveRoot(t, path, func(ctx context.Context, _ *binder.IncomingCall) error {
		close(running)
		<-ctx.Done()
		close(left)
		<-end
		return nil
	})
	caller := dial(t, path)
	h := rootOf(t, caller)
	go binder.Call(context.Background(), h, 1, nil)
	<-running
	require.NoError(t, caller.Close())
	<-left
	require.ErrorIs(t, freezeSelf(t, server, 0), status.Full)
	close(end)
	require.NoError(t, freezeSelf(t, server, time.Minute))
}

// Who gives a process no time does not spoil it for who gives it more.
func TestFreezersWithTimeoutsOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		end := make(chan struct{})
		node := s.owner.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error {
			<-end
			return nil
		}))
		require.NoError(t, s.owner.BecomeContextManager(t.Context(), node))
		s.say(s.link, bus.Descriptor{Kind: bus.KindCall, Code: 1, Node: node.NodeID()})
		patient := make(chan error, 1)
		go func() { patient <- freezeSelf(t, s.owner, time.Minute) }()
		synctest.Wait()
		require.ErrorIs(t, freezeSelf(t, s.owner, 0), status.Full)
		close(end)
		require.NoError(t, <-patient)
	})
}

// A process that is frozen may be stopped: a reply that waits for room then would wait with it.
func TestFreezeWaitsForRepliesThatAreOwed(t *testing.T) {
	const calls = 10
	defer object.SetSurelyFits(object.SetSurelyFits(bus.SegmentSize)) // or they would travel as bulk memory
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		node := s.owner.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
			c.Reply.Payload = make([]byte, bus.SegmentSize/calls)
			return nil
		}))
		require.NoError(t, s.owner.BecomeContextManager(t.Context(), node))
		for i := range uint32(calls) {
			s.say(s.link, bus.Descriptor{Kind: bus.KindCall, Code: 1, Node: node.NodeID(), Index: i})
		}
		require.ErrorIs(t, freezeSelf(t, s.owner, 0), status.Full)
		for range calls {
			require.Equal(t, status.OK, s.answer(s.link))
			synctest.Wait()
		}
		require.NoError(t, freezeSelf(t, s.owner, 0))
	})
}

// A handler that comes back to a waiting caller runs on that one's goroutine; what it ends with that is
// no call under way any more.
func TestHandlerOfANestedCallThatEndsItsGoroutine(t *testing.T) {
	path := brokertest.Start(t)
	serveRoot(t, path, func(ctx context.Context, c *binder.IncomingCall) error {
		_, err := binder.Call(ctx, c.Attachments[0].Object, 2, nil)
		c.Reply.Payload = []byte(status.CodeOf(err).String())
		return nil
	})
	p := dial(t, path)
	h := rootOf(t, p)
	back := p.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error {
		runtime.Goexit()
		return nil
	}))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var r binder.Reply
		h.Transact(t.Context(), &binder.Transaction{Code: 1, Data: binder.Data{Attachments: []binder.Attachment{{Object: back}}}}, &r)
	}()
	<-ended
	require.NoError(t, freezeSelf(t, p, time.Minute))
	require.NoError(t, p.Unfreeze(t.Context(), p.ID()))
	require.NoError(t, binder.Ping(t.Context(), h))
}
