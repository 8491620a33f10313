package binder_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

var bus1 = []conformance{
	{name: "OneHandlePerNode", checks: "a node that is received again is the same handle; every reception counts, and is given back by itself", run: func(s *stage) {
		server := s.server()
		s.do(server, opHold, "", object(s.take(server, opNew, "1")))
		again := s.do(server, opHeld, "").TakeObject(0)
		for range 3 {
			o := s.do(server, opHeld, "").TakeObject(0)
			assert.True(s, binder.Same(s.ctx, o, again))
			binder.Release(o)
			assert.Equal(s, "x", s.ask(again, opEcho, "x"))
		}
		binder.Release(again)
	}},
	{name: "NodeRelease", checks: "the owner is told when the last process lets go, each time that happens", run: func(s *stage) {
		a, b := s.server(), s.server()
		released := make(chan struct{}, 2)
		n := s.named("n", binder.OnRelease(func() { released <- struct{}{} }))
		for range 2 {
			s.do(a, opHold, "", object(n))
			s.do(b, opHold, "", object(n))
			s.do(a, opDrop, "")
			s.do(a, opNop, "")
			assert.Empty(s, released, "one process holds it still")
			s.do(b, opDrop, "")
			await(s, released, "the release")
		}
	}},
	{name: "TransitiveHandles", checks: "a handle may be passed on from process to process, and outlives those that passed it", run: func(s *stage) {
		owner, first, second := s.server(), s.server(), s.server()
		gift := s.do(owner, opNew, "1").TakeObject(0)
		s.do(first, opTell, string(telling(opHold, nil)), object(second), objectIn(1, gift))
		binder.Release(gift)
		first.kill()
		got := s.do(second, opHeld, "").TakeObject(0)
		assert.Equal(s, "x", s.ask(got, opEcho, "x"))
		binder.Release(got)
		s.do(second, opDrop, "")
		s.until("1", func() string { return s.ask(owner, opReleased, "") })
	}},
	{name: "HandlesNobodyTakes", checks: "handles in a message that nobody takes are given back with it", run: func(s *stage) {
		released := make(chan struct{}, 3)
		gone := binder.OnRelease(func() { released <- struct{}{} })
		s.do(s.server(), opNop, "", object(s.named("a", gone)), object(s.named("b", gone)), object(s.named("c", gone)))
		for range 3 {
			await(s, released, "a release")
		}
	}},
	{name: "AFailedSendHasNoEffect", checks: "a message that cannot be sent passes no handle", run: func(s *stage) {
		server := s.server()
		released := make(chan struct{}, 2)
		n := s.named("n", binder.OnRelease(func() { released <- struct{}{} }))
		_, err := s.try(server, opHold, string(make([]byte, 3<<20)), object(n))
		require.ErrorIs(s, err, status.TooBig)
		assert.Empty(s, s.do(server, opHeld, "").Attachments)
		s.do(server, opHold, "", object(n))
		s.do(server, opDrop, "")
		await(s, released, "the release")
		s.do(server, opNop, "")
		assert.Empty(s, released, "released once")
	}},
	{name: "UnicastToSelf", checks: "a process calls its own node, with its own handles", run: func(s *stage) {
		server := s.server()
		me := s.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
			c.Reply.Attachments = append(c.Reply.Attachments, c.Attachments...)
			return nil
		}))
		assert.True(s, binder.Same(s.ctx, server, s.take(me, opEcho, "", object(server))))
	}},
	{name: "Hive", checks: "six processes that hold a hundred objects of each other end at once; every owner is told of every release", run: hive},
	{name: "NodeReleaseCancelled", checks: "a release is not told when the node is held again before it is", run: releaseCancelled},
	{name: "NodeDestroy", checks: "a node is destroyed for all who hold it: they are told, and calls fail with DEAD, while its process goes on", run: func(s *stage) {
		a, b := s.server(), s.server()
		n := s.named("n")
		backA, toldA := s.callback()
		backB, toldB := s.callback()
		s.do(b, opHold, "", object(n))
		s.post(a, opWatch, "", object(n), objectIn(1, backA))
		s.post(b, opWatch, "", object(n), objectIn(1, backB))
		assert.Equal(s, a.name+"(n)", s.ask(a, opTell, string(telling(opID, nil)), object(n)))
		n.Destroy()
		await(s, toldA, "the end, at one holder")
		await(s, toldB, "the end, at the other")
		_, err := s.try(a, opTell, string(telling(opID, nil)), object(n))
		require.ErrorIs(s, err, status.Dead)
		assert.Equal(s, a.name+"(m)", s.ask(a, opTell, string(telling(opID, nil)), object(s.named("m"))))
	}},
	{name: "NodeDestroyOrder", checks: "that a node is destroyed is known after what was sent before and before what is sent afterwards, and a destroyed node arrives as a dead object", run: func(s *stage) {
		server := s.server()
		for range 100 {
			n := s.named("n")
			s.do(server, opHold, "", object(n))
			assert.Equal(s, "1", s.ask(server, opAlive, ""))
			n.Destroy()
			assert.Equal(s, "0", s.ask(server, opAlive, ""))
			s.do(server, opHold, "", object(n))
			assert.Equal(s, "0", s.ask(server, opAlive, ""))
			s.do(server, opDrop, "")
		}
	}},
	{name: "Multicast", left: "one message to several destinations, in whole or not at all, is for the bus's services"},
	{name: "SeedMessage", left: "a message that every new peer may read; here that is what handle 0 is for"},
	{name: "TotalOrder", left: "order is that of two processes: what two of them send to a third has none. Of references alone, what a process was told before counts before (PROTOCOL.md, R3)"},
	{name: "HandlesAreNotForged", left: "the public packages cannot say a handle that they do not have; runtime/object/hostile_test.go does, on the wire"},
}

func releaseCancelled(s *stage) {
	server := s.server()
	first, leave := make(chan struct{}), make(chan struct{})
	var told atomic.Int32
	n := s.named("n", binder.OnRelease(func() {
		if told.Add(1) == 1 {
			close(first)
			<-leave
		}
	}))
	s.do(server, opHold, "", object(n))
	s.do(server, opDrop, "")
	await(s, first, "the first release")
	s.do(server, opHold, "", object(n))
	s.do(server, opDrop, "") // not told yet: the first is being told
	s.do(server, opHold, "", object(n))
	close(leave)
	s.do(server, opDrop, "")
	s.until("2", func() string { return fmt.Sprint(told.Load()) })
	s.do(server, opNop, "")
	assert.EqualValues(s, 2, told.Load())
}

func hive(s *stage) {
	const bees, siblings = 6, 100
	var swarm []*actor
	for range bees {
		swarm = append(swarm, s.server())
	}
	var released sync.WaitGroup
	mine := make([]binder.Attachment, siblings)
	for i := range mine {
		released.Add(1)
		mine[i] = object(s.named("mine", binder.OnRelease(released.Done)))
	}
	var passing sync.WaitGroup
	for _, owner := range swarm {
		passing.Go(func() {
			theirs := s.do(owner, opNew, fmt.Sprint(siblings)).Attachments
			for _, holder := range swarm {
				s.do(holder, opHold, "", theirs...)
			}
		})
	}
	passing.Wait()
	for _, holder := range swarm {
		s.do(holder, opHold, "", mine...)
	}
	survivor := swarm[0]
	for _, b := range swarm[1:] {
		passing.Go(b.kill)
	}
	passing.Wait()
	s.do(survivor, opDrop, "")
	released.Wait()
}

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
