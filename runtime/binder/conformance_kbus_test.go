package binder_test

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

var kbus = []conformance{
	{name: "EveryRequestIsAnsweredOnce", checks: "calls to a process that ends among them end each in one answer or in DEAD", run: repliersEnd},
	{name: "ReplierDisappears", checks: "a caller whose replier ends in the middle of the call is told DEAD", run: func(s *stage) {
		server := s.server()
		killer := s.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error {
			server.kill()
			return nil
		}))
		_, err := s.try(server, opTell, string(telling(opNop, nil)), object(killer))
		require.ErrorIs(s, err, status.Dead)
	}},
	{name: "ReplierUnbinds", checks: "a call that is being handled while its object is destroyed is answered; the next is told DEAD", run: func(s *stage) {
		server := s.server()
		var n *binder.Node
		n = s.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
			n.Destroy()
			c.Reply.Payload = []byte("last words")
			return nil
		}))
		assert.Equal(s, server.name+"(last words)", s.ask(server, opTell, string(telling(opID, nil)), object(n)))
		_, err := s.try(server, opTell, string(telling(opID, nil)), object(n))
		require.ErrorIs(s, err, status.Dead)
	}},
	{name: "ReplierRebound", checks: "a handle goes on meaning the process that it was for, not the one that took its name since", run: func(s *stage) {
		old := s.server()
		old.kill()
		s.until("<nil>", func() string {
			o, err := s.names.CheckService(s.ctx, old.name)
			require.NoError(s, err)
			binder.Release(o)
			return fmt.Sprint(o)
		})
		fresh := s.serverNamed(old.name)
		assert.Equal(s, old.name, s.ask(fresh, opID, ""))
		_, err := s.try(old, opID, "")
		require.ErrorIs(s, err, status.Dead)
		assert.False(s, binder.Same(s.ctx, old, fresh))
	}},
	{name: "SenderGoneAway", checks: "a handler is told that its caller has ended", run: func(s *stage) {
		caller := s.server()
		begun, ended := make(chan struct{}), make(chan error, 1)
		n := s.NewNode(binder.HandlerFunc(func(ctx context.Context, _ *binder.IncomingCall) error {
			close(begun)
			<-ctx.Done()
			ended <- ctx.Err()
			return nil
		}))
		s.post(caller, opTell, string(telling(opNop, nil)), object(n))
		await(s, begun, "the handler")
		caller.kill()
		require.ErrorIs(s, await(s, ended, "the end of its context"), context.Canceled)
	}},
	{name: "InTheOrderSent", checks: "a thousand oneway calls arrive in the order in which they were sent, among calls of another sender", run: func(s *stage) {
		server, other := s.server(), s.server()
		var want strings.Builder
		for i := range 1000 {
			number := fmt.Sprintf("%d ", i)
			want.WriteString(number)
			s.post(server, opLog, number)
			if i%100 == 0 {
				s.do(other, opTell, string(telling(opNop, nil)), object(server))
			}
		}
		s.until(want.String(), func() string { return s.ask(server, opLogged, "") })
	}},
	{name: "ExactlyOnce", checks: "of 600 calls of eight callers every one is handled once", run: func(s *stage) {
		server := s.server()
		var callers sync.WaitGroup
		for c := range 8 {
			callers.Go(func() {
				for i := range 75 {
					s.do(server, opLog, fmt.Sprintf("%d/%d ", c, i))
				}
			})
		}
		callers.Wait()
		counts := make(map[string]int)
		for _, number := range strings.Fields(s.ask(server, opLogged, "")) {
			counts[number]++
		}
		assert.Len(s, counts, 600)
		for number, n := range counts {
			assert.Equal(s, 1, n, number)
		}
	}},
	{name: "QueueFull", checks: "a sender that will not wait is told FULL; who waits gets room, and nothing that was sent is lost", run: queueFull},
	{name: "ReplyAlwaysHasRoom", checks: "a process whose oneway calls fill what they may can call and be answered", run: func(s *stage) {
		server := s.server()
		s.do(server, opLock, "") // keeps one looper, by the first oneway call
		sent := s.fill(server, opLockUnlock)
		assert.Equal(s, "x", s.ask(server, opEcho, "x"))
		assert.NotZero(s, sent)
		s.do(server, opUnlock, "")
	}},
	{name: "Urgent", left: "messages that overtake; here a call may overtake oneway calls, and nothing else does"},
	{name: "ManyListeners", left: "many receivers of one message, and names with wildcards, are for the bus's services"},
}

// fill sends oneway calls until there is no room, and returns how many were taken.
func (s *stage) fill(o binder.Object, code uint32) (sent int) {
	for ; ; sent++ {
		_, err := s.transact(o, &binder.Transaction{Code: code, Flags: binder.Oneway | binder.NoWait, Data: binder.Data{Payload: []byte("x")}})
		if err != nil {
			require.ErrorIs(s, err, status.Full)
			return sent
		}
	}
}

func queueFull(s *stage) {
	server := s.server()
	begun, gate := make(chan struct{}), make(chan struct{})
	block := s.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error {
		close(begun)
		<-gate
		return nil
	}))
	s.post(server, opTell, string(telling(opNop, nil)), object(block))
	await(s, begun, "the call that blocks")
	sent := s.fill(server, opLog)
	var waiting sync.WaitGroup
	waiting.Go(func() { s.post(server, opLog, "x") })
	close(gate)
	waiting.Wait()
	s.until(strings.Repeat("x", sent+1), func() string { return s.ask(server, opLogged, "") })
}

func repliersEnd(s *stage) {
	server := s.server()
	var callers sync.WaitGroup
	begun := make(chan struct{}, 8)
	for range 8 {
		callers.Go(func() {
			for i := 0; ; i++ {
				r, err := s.try(server, opEcho, fmt.Sprint(i))
				if err != nil {
					assert.ErrorIs(s, err, status.Dead)
					return
				}
				assert.Equal(s, fmt.Sprint(i), string(r.Payload))
				if i == 0 {
					begun <- struct{}{}
				}
			}
		})
	}
	for range 8 {
		await(s, begun, "the first answers")
	}
	server.kill()
	callers.Wait()
}
