package binder_test

import (
	"context"
	"fmt"
	"strconv"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

var rpc = []conformance{
	{name: "CannotMixBindersBetweenUnrelatedSocketSessions", checks: "it can: an object of one server is sent to another and comes back as itself; the other may call it", run: func(s *stage) {
		one, two := s.server(), s.server()
		assert.True(s, binder.Same(s.ctx, two, s.take(one, opEcho, "", object(two))))
		assert.Equal(s, one.name+"("+two.name+")", s.ask(one, opTell, string(telling(opID, nil)), object(two)))
	}},
	{name: "CannotMixBindersBetweenTwoSessionsToTheSameServer", checks: "it can: two connections of one process meet one object of a server, and what one of them gave the server the other gets; only handing a handle to the API of another connection is refused", run: twoSessions},
	{name: "CannotSendRegularBinderOverSocketBinder", checks: "it can: the service manager's object is sent to a server and comes back as itself", run: func(s *stage) {
		manager := s.manager()
		assert.True(s, binder.Same(s.ctx, manager, s.take(s.server(), opEcho, "", object(manager))))
	}},
	{name: "CannotSendSocketBinderOverRegularBinder", checks: "it can: a client registers an object that a server gave it, and a third process finds and calls it", run: func(s *stage) {
		owner, other := s.server(), s.server()
		gift := s.take(owner, opNew, "1")
		require.NoError(s, s.names.AddService(s.ctx, "not_suspicious", gift))
		found, err := s.connectNames(s.connect()).CheckService(s.ctx, "not_suspicious")
		require.NoError(s, err)
		defer binder.Release(found)
		assert.Equal(s, "x", s.ask(found, opEcho, "x"))
		assert.Equal(s, other.name+"(x)", s.ask(other, opTell, string(telling(opEcho, []byte("x"))), object(gift)))
		require.NoError(s, s.names.RemoveService(s.ctx, "not_suspicious"))
	}},
	{name: "GetInterfaceDescriptor", checks: "a server says what interface it implements", run: func(s *stage) {
		descriptor, err := binder.InterfaceDescriptor(s.ctx, s.server())
		require.NoError(s, err)
		assert.Equal(s, serverDescriptor, descriptor)
	}},
	{name: "UnknownTransaction", checks: "a code that the server does not know fails, with UNKNOWN_METHOD", run: func(s *stage) {
		_, err := s.try(s.server(), 1337, "")
		require.ErrorIs(s, err, status.UnknownMethod)
	}},
	{name: "CallMeBack", checks: "a server calls an object of its caller before it answers", run: func(s *stage) {
		server := s.server()
		assert.Equal(s, server.name+"(me)", s.ask(server, opTell, string(telling(opID, nil)), object(s.named("me"))))
	}},
	{name: "RepeatBinder", checks: "an object that comes back is the object itself, and the server holds it no longer", run: func(s *stage) {
		released := make(chan struct{}, 1)
		me := s.named("me", binder.OnRelease(func() { released <- struct{}{} }))
		assert.Same(s, me, s.take(s.server(), opEcho, "", object(me)))
		await(s, released, "the release")
	}},
	{name: "RepeatTheirBinder", checks: "a server's object that was sent to it comes back as the same, and is released with the last reference", run: func(s *stage) {
		server := s.server()
		theirs := s.do(server, opNew, "1").TakeObject(0)
		back := s.do(server, opEcho, "", object(theirs)).TakeObject(0)
		assert.True(s, binder.Same(s.ctx, theirs, back))
		binder.Release(theirs)
		assert.Equal(s, "0", s.ask(server, opReleased, ""))
		binder.Release(back)
		s.until("1", func() string { return s.ask(server, opReleased, "") })
	}},
	{name: "RepeatBinderNull", checks: "a null object comes back as one", run: func(s *stage) {
		r := s.do(s.server(), opEcho, "", object(nil))
		require.Len(s, r.Attachments, 1)
		assert.Nil(s, r.TakeObject(0))
	}},
	{name: "HoldBinder", checks: "an object that a server keeps is itself when it is asked for, and is released when the server drops it", run: func(s *stage) {
		server := s.server()
		released := make(chan struct{}, 1)
		me := s.named("me", binder.OnRelease(func() { released <- struct{}{} }))
		s.do(server, opHold, "", object(me))
		assert.Same(s, me, s.take(server, opHeld, ""))
		assert.Empty(s, released)
		s.do(server, opDrop, "")
		await(s, released, "the release")
	}},
	{name: "RepeatRootObject", checks: "a server's first object is itself when it is sent to it", run: func(s *stage) {
		server := s.server()
		assert.True(s, binder.Same(s.ctx, server, s.take(server, opEcho, "", object(server))))
	}},
	{name: "NestedTransactions", checks: "calls go ten times to and fro between two processes of one looper and none", run: nestedTransactions},
	{name: "SameBinderEquality", checks: "an object that is given twice is the same, as a key of a map too", run: func(s *stage) {
		server := s.server()
		a, errA := s.take(server, opSelf, "").ID(s.ctx)
		b, errB := s.take(server, opSelf, "").ID(s.ctx)
		require.NoError(s, errA)
		require.NoError(s, errB)
		assert.Len(s, map[binder.ObjectID]bool{a: true, b: true}, 1)
	}},
	{name: "SameBinderEqualityWeak", checks: "it can (there weak references are not promoted): a weak reference is promoted to the object that is given again, though nobody has held it meanwhile", run: func(s *stage) {
		server := s.server()
		a := s.do(server, opNew, "1").TakeObject(0).(*binder.Handle)
		weak, err := a.Weak(s.ctx)
		require.NoError(s, err)
		defer weak.Release()
		a.Release()
		s.until("1", func() string { return s.ask(server, opReleased, "") })
		b, err := weak.Promote(s.ctx)
		require.NoError(s, err)
		defer binder.Release(b)
		assert.True(s, binder.Same(s.ctx, weak, b))
		assert.Equal(s, "x", s.ask(b, opEcho, "x"))
	}},
	{name: "SingleSession", checks: "an object of a server lives while its client holds it", run: func(s *stage) { sessions(s, 1) }},
	{name: "ManySessions", checks: "so do fifteen, each by itself", run: func(s *stage) { sessions(s, 15) }},
	{name: "OnewayCallDoesNotWait", checks: "a oneway call returns while its handler waits for something that its caller does afterwards", run: func(s *stage) {
		gate, begun := make(chan struct{}), make(chan struct{})
		waits := s.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error {
			close(begun)
			<-gate
			return nil
		}))
		server := s.server()
		s.post(server, opTell, string(telling(opNop, nil)), object(waits))
		await(s, begun, "the handler")
		s.post(server, opLog, "x")
		close(gate)
		s.until("x", func() string { return s.ask(server, opLogged, "") })
	}},
	{name: "Callbacks", checks: "a call, oneway or not, is answered by a call to the caller's object", run: func(s *stage) {
		server := s.server()
		back, called := s.callback()
		s.do(server, opTell, string(telling(opNop, nil)), object(back))
		await(s, called, "the callback of a call")
		s.post(server, opTell, string(telling(opNop, nil)), object(back))
		await(s, called, "the callback of a oneway call")
	}},
}

func twoSessions(s *stage) {
	server := s.server()
	second := s.connect()
	o, err := s.connectNames(second).CheckService(s.ctx, server.name)
	require.NoError(s, err)
	defer binder.Release(o)
	assert.True(s, binder.Same(s.ctx, server, o))

	gift := s.take(o, opNew, "1") // a handle of the second connection
	_, err = s.try(server, opEcho, "", object(gift))
	require.ErrorIs(s, err, status.BadValue)
	s.do(o, opHold, "", object(gift))
	got := s.take(server, opHeld, "")
	assert.Same(s, s.Process, got.Process())
	assert.True(s, binder.Same(s.ctx, gift, got))
	assert.Equal(s, "x", s.ask(got, opEcho, "x"))
}

func nestedTransactions(s *stage) {
	server := s.server()
	s.do(server, opLoopers, "\x01")
	s.SetLoopers(0)
	depth := 0
	var nest *binder.Node
	nest = s.NewNode(binder.HandlerFunc(func(ctx context.Context, c *binder.IncomingCall) error {
		if depth++; depth == 10 {
			c.Reply.Payload = []byte("ten")
			return nil
		}
		t := binder.Transaction{Code: opTell, Data: binder.Data{Payload: telling(opID, nil), Attachments: []binder.Attachment{object(nest)}}}
		var r binder.Reply
		defer r.Release()
		err := server.Transact(ctx, &t, &r)
		c.Reply.Payload = append([]byte(nil), r.Payload...)
		return err
	}))
	want := "ten"
	for range 10 {
		want = fmt.Sprintf("%s(%s)", server.name, want)
	}
	assert.Equal(s, want, s.ask(server, opTell, string(telling(opID, nil)), object(nest)))
}

func sessions(s *stage, n int) {
	server := s.server()
	open := s.do(server, opNew, strconv.Itoa(n)).TakeObjects(0)
	require.Len(s, open, n)
	for i, o := range open {
		assert.Equal(s, fmt.Sprint(i), s.ask(o, opEcho, fmt.Sprint(i)))
	}
	for i, o := range open {
		assert.Equal(s, fmt.Sprint(i), s.ask(server, opReleased, ""))
		binder.Release(o)
		s.until(fmt.Sprint(i+1), func() string { return s.ask(server, opReleased, "") })
	}
}
