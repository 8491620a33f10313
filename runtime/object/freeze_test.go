package object_test

import (
	"context"
	"fmt"
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

// crossing is a transport by which the answer to a request to freeze one process comes just as its caller gives up.
type crossing struct {
	*object.Transport
	of     binder.ProcessID
	giveUp context.CancelFunc
}

func (c *crossing) Freeze(ctx context.Context, p binder.ProcessID, timeout time.Duration) error {
	err := c.Transport.Freeze(ctx, p, timeout)
	if err == nil && p == c.of {
		c.giveUp()
		return status.FromContext(ctx)
	}
	return err
}

// Whoever gives up freezing the connections of an OS process leaves none frozen, whatever was answered by then.
func TestFreezePIDIsAllOrNothingWhenItsContextEnds(t *testing.T) {
	hub := bus.NewHub()
	const pid = 4711
	var list []*binder.Process
	for range 3 {
		list = append(list, openHubAs(t, hub, bus.Peer{PID: pid}))
	}
	for i, last := range list {
		ctx, cancel := context.WithCancel(t.Context())
		tr, err := object.Join(hub, bus.Peer{})
		require.NoError(t, err)
		freezer := binder.NewProcess(&crossing{tr, last.ID(), cancel})
		require.ErrorIs(t, freezer.FreezePID(ctx, pid, time.Minute), status.Cancelled)
		for _, p := range list {
			info, err := freezer.FrozenInfo(t.Context(), p.ID())
			require.NoError(t, err)
			require.False(t, info.Frozen, "process %d, given up at the %d.", p.ID(), i+1)
		}
		require.NoError(t, freezer.Close())
	}
}

// An error of freezing says whom it is about, and keeps what it said.
func TestErrorsOfFreezingNameTheProcess(t *testing.T) {
	hub := bus.NewHub()
	nobody := binder.WithFreezePolicy(func(*binder.Identity) bool { return false })
	a, b, strict := openHub(t, hub), openHub(t, hub), openHubAs(t, hub, bus.Peer{}, nobody)
	entered, leave := make(chan struct{}), make(chan struct{})
	node := b.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error {
		close(entered)
		<-leave
		return nil
	}))
	require.NoError(t, b.BecomeContextManager(t.Context(), node))
	h, err := a.ContextManager(t.Context())
	require.NoError(t, err)
	called := make(chan error, 1)
	go func() { called <- h.Transact(t.Context(), &binder.Transaction{Code: 1}, new(binder.Reply)) }()
	<-entered
	var busy *status.Error
	for _, freezer := range []*binder.Process{a, b} {
		err = freezer.Freeze(t.Context(), b.ID(), 0)
		require.ErrorIs(t, err, status.Full)
		require.ErrorContains(t, err, fmt.Sprintf("freezing process %d: ", b.ID()))
		require.ErrorContains(t, err, "calls are under way")
		require.ErrorAs(t, err, &busy)
		require.Equal(t, freezer == a, busy.Remote)
	}
	require.NotZero(t, busy.Limit.Used)
	close(leave)
	require.NoError(t, <-called)

	for text, err := range map[string]error{
		"freezing process %d: ":                  a.Freeze(t.Context(), strict.ID(), 0),
		"unfreezing process %d: ":                a.Unfreeze(t.Context(), strict.ID()),
		"asking process %d about its freezing: ": func() error { _, err := a.FrozenInfo(t.Context(), strict.ID()); return err }(),
	} {
		require.ErrorIs(t, err, status.Denied)
		require.ErrorContains(t, err, fmt.Sprintf(text, strict.ID()))
	}
	require.ErrorIs(t, a.Freeze(t.Context(), 1<<40, 0), status.Dead)
	require.ErrorContains(t, a.Freeze(t.Context(), 1<<40, 0), fmt.Sprintf("freezing process %d: ", 1<<40))
}
