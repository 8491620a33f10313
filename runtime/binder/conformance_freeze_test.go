package binder_test

import (
	"context"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/binder/transporttest"
	"ubinder/runtime/status"
)

var libFreeze = []conformance{
	{name: "Freeze", checks: "a process with calls under way is frozen when they have ended, not before; then a call fails with FROZEN, and the process knows that there was one; unfrozen, it serves", run: freezeWithCalls},
	{name: "FreezeTxn", checks: "a call to a frozen process fails with FROZEN, and is served when it is unfrozen", run: func(s *stage) {
		server := s.server()
		s.freeze(server)
		_, err := s.try(server, opNop, "")
		require.ErrorIs(s, err, status.Frozen)
		s.unfreeze(server)
		s.do(server, opNop, "")
	}},
	{name: "FrozenStateChangeNotification", checks: "who listens is told the state at once, and each change", run: func(s *stage) {
		server := s.server()
		told := s.listenFrozen(server)
		told.next(s, false)
		s.freeze(server)
		told.next(s, true)
		s.unfreeze(server)
		told.next(s, false)
		told.end(s)
	}},
	{name: "AddFrozenCallbackWhenFrozen", checks: "who begins to listen to a frozen process is told so, and hears of the end of it, and nothing after it has left", run: func(s *stage) {
		server := s.server()
		s.freeze(server)
		told := s.listenFrozen(server)
		told.next(s, true)
		s.unfreeze(server)
		told.next(s, false)
		told.end(s)
		s.flip(server)
		assert.Empty(s, told.states)
	}},
	{name: "NoFrozenNotificationAfterCallbackRemoval", checks: "who has left is told nothing", run: func(s *stage) {
		server := s.server()
		told := s.listenFrozen(server)
		told.next(s, false)
		told.end(s)
		s.flip(server)
		assert.Empty(s, told.states)
	}},
	{name: "MultipleFrozenStateChangeCallbacks", checks: "two listeners are told, and one when the other has left", run: func(s *stage) {
		server := s.server()
		first, second := s.listenFrozen(server), s.listenFrozen(server)
		first.next(s, false)
		second.next(s, false)
		s.freeze(server)
		first.next(s, true)
		second.next(s, true)
		first.end(s)
		s.unfreeze(server)
		second.next(s, false)
		second.end(s)
		s.freeze(server)
		assert.Empty(s, first.states)
		assert.Empty(s, second.states)
	}},
	{name: "RemoveThenAddFrozenStateChangeCallbacks", checks: "who comes back is told the state again", run: func(s *stage) {
		server := s.server()
		for range 2 {
			told := s.listenFrozen(server)
			told.next(s, false)
			told.end(s)
		}
	}},
	{name: "CoalesceFreezeCallbacksWhenListenerIsFrozen", checks: "a listener that was frozen and stopped while the state changed 2000 times is told the last one alone", run: coalesce},
	{name: "BinderNetlinkFailedReply", checks: "the driver reports it to who watches; here the caller is told which limit a message exceeds", run: limitExceeded},
	{name: "BinderNetlinkFrozenReply", checks: "likewise: the caller is told that the process is frozen", run: func(s *stage) {
		server := s.server()
		s.freeze(server)
		_, err := s.try(server, opNop, "")
		require.ErrorIs(s, err, status.Frozen)
	}},
	{name: "BinderNetlinkPendingReply", checks: "likewise: the sender of a oneway call is told that it waits in a frozen process; it is handled when that goes on", run: func(s *stage) {
		server := s.server()
		s.freeze(server)
		r, err := s.transact(server, oneway(opLog, "x"))
		require.NoError(s, err)
		assert.Equal(s, binder.PendingFrozen, r.Delivery)
		s.unfreeze(server)
		s.until("x", func() string { return s.ask(server, opLogged, "") })
	}},
	{name: "BinderNetlinkSpamReply", checks: "likewise: a sender that fills a frozen process is told that it is suspected of spam, before there is no room", run: func(s *stage) {
		server := s.server()
		s.freeze(server)
		for suspected := false; !suspected; {
			r, err := s.transact(server, oneway(opLog, strings.Repeat("x", 10000)))
			require.NoError(s, err)
			suspected = r.Delivery&binder.SpamSuspected != 0
		}
	}},
	{name: "ReturnErrorIfKernelDoesNotSupportFreezeNotification", left: "asks what the kernel's driver can do; there is none here"},
}

// oneway makes a call that does not wait, not even for room.
func oneway(code uint32, payload string) *binder.Transaction {
	return &binder.Transaction{Code: code, Flags: binder.Oneway | binder.NoWait, Data: binder.Data{Payload: []byte(payload)}}
}

func (s *stage) owner(o binder.Object) binder.ProcessID {
	s.Helper()
	id, err := o.ID(s.ctx)
	require.NoError(s, err)
	return id.Owner
}

func (s *stage) freeze(o binder.Object) {
	s.Helper()
	require.NoError(s, s.Freeze(s.ctx, s.owner(o), time.Minute))
}

func (s *stage) unfreeze(o binder.Object) {
	s.Helper()
	require.NoError(s, s.Unfreeze(s.ctx, s.owner(o)))
}

// flip freezes and unfreezes. What is told of that has been when a call was answered.
func (s *stage) flip(o binder.Object) {
	s.Helper()
	s.freeze(o)
	s.unfreeze(o)
	s.do(o, opNop, "")
}

// frozenListener hears of the state of a process.
type frozenListener struct {
	link   *binder.FrozenLink
	states chan bool
}

func (s *stage) listenFrozen(a *actor) *frozenListener {
	s.Helper()
	states := make(chan bool, 16)
	link, err := a.LinkToFrozen(s.ctx, func(frozen bool) { states <- frozen })
	require.NoError(s, err)
	return &frozenListener{link, states}
}

func (l *frozenListener) next(s *stage, frozen bool) {
	s.Helper()
	assert.Equal(s, frozen, await(s, l.states, "the frozen state"))
}

func (l *frozenListener) end(s *stage) {
	s.Helper()
	assert.True(s, l.link.Unlink())
	assert.False(s, l.link.Unlink())
	assert.Empty(s, l.states)
}

func freezeWithCalls(s *stage) {
	server := s.server()
	pid, err := binder.DebugPID(s.ctx, server)
	require.NoError(s, err)
	r, w, err := os.Pipe()
	require.NoError(s, err)
	s.do(server, opLock, "", binder.Attachment{File: r})
	r.Close()
	for range 10 {
		s.post(server, opLockUnlock, "")
	}
	require.NoError(s, s.UnfreezePID(s.ctx, pid))
	require.ErrorIs(s, s.FreezePID(s.ctx, pid, 0), status.Full)
	w.Close() // the server unlocks
	require.NoError(s, s.FreezePID(s.ctx, pid, time.Minute))
	_, err = s.try(server, opNop, "")
	require.ErrorIs(s, err, status.Frozen)
	info, err := s.FrozenInfo(s.ctx, s.owner(server))
	require.NoError(s, err)
	assert.Equal(s, binder.FrozenInfo{Frozen: true, SyncReceived: true}, info)
	require.NoError(s, s.UnfreezePID(s.ctx, pid))
	s.do(server, opNop, "")
}

func coalesce(s *stage) {
	server, listener := s.server(), s.server()
	s.do(listener, opListen, "", object(server))
	s.until("f", func() string { return s.ask(listener, opListened, "") })
	pid, err := binder.DebugPID(s.ctx, listener)
	require.NoError(s, err)
	s.freeze(listener)
	require.NoError(s, syscall.Kill(int(pid), syscall.SIGSTOP))
	require.NoError(s, transporttest.AwaitStopped(int(pid)))
	for range 1000 {
		s.unfreeze(server)
		s.freeze(server)
	}
	require.NoError(s, syscall.Kill(int(pid), syscall.SIGCONT))
	s.unfreeze(listener)
	s.until("ft", func() string { return s.ask(listener, opListened, "") })
	s.unfreeze(server) // told behind whatever else there was
	s.until("ftf", func() string { return s.ask(listener, opListened, "") })
}

// listen notes each state of the object's process.
func (s *server) listen(ctx context.Context, c *binder.IncomingCall) error {
	h := c.TakeObject(0).(*binder.Handle) // kept with the link
	_, err := h.LinkToFrozen(ctx, func(frozen bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		state := byte('f')
		if frozen {
			state = 't'
		}
		s.listened = append(s.listened, state)
	})
	return err
}

func (s *server) answerListened(_ context.Context, c *binder.IncomingCall) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Reply.Payload = append([]byte(nil), s.listened...)
	return nil
}
