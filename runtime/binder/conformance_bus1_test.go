package binder_test

import (
	"context"
	"fmt"
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
		tooBig := binder.Data{Body: tooLarge{}, Attachments: []binder.Attachment{object(n)}}
		_, err := s.transact(server, &binder.Transaction{Code: opHold, Data: tooBig})
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
