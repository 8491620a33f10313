package binder_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

var libCalls = []conformance{
	{name: "NopTransaction", checks: "an empty call is answered", run: func(s *stage) {
		r := s.do(s.server(), opNop, "")
		assert.Empty(s, r.Payload)
		assert.Empty(s, r.Attachments)
	}},
	{name: "NopTransactionOneway", checks: "a oneway call returns without a reply, and is handled", run: func(s *stage) {
		server := s.server()
		s.post(server, opLog, "x")
		s.until("x", func() string { return s.ask(server, opLogged, "") })
	}},
	{name: "NopTransactionClear", checks: "CLEAR_BUF is taken, on calls and oneway calls", run: func(s *stage) {
		server := s.server()
		for _, flags := range []binder.Flags{binder.ClearBuf, binder.ClearBuf | binder.Oneway} {
			_, err := s.transact(server, &binder.Transaction{Code: opLog, Flags: flags, Data: binder.Data{Payload: []byte("s")}})
			require.NoError(s, err)
		}
		s.until("ss", func() string { return s.ask(server, opLogged, "") })
	}},
	{name: "SetError", checks: "a service's own numbers reach the caller: 0, -123, 123", run: func(s *stage) {
		server := s.server()
		_, err := s.try(server, opFail, "0")
		require.NoError(s, err)
		for _, n := range []int32{-123, 123} {
			_, err := s.try(server, opFail, fmt.Sprint(n))
			var e *status.Error
			require.True(s, errors.As(err, &e))
			assert.Equal(s, status.Error{Code: status.Service, Service: n, Message: "as told", Remote: true, Call: e.Call}, *e)
		}
	}},
	{name: "GetId", checks: "a server that was found by its name says who it is", run: func(s *stage) {
		server := s.server()
		assert.Equal(s, server.name, s.ask(server, opID, ""))
	}},
	{name: "IndirectGetId2", checks: "a server calls three others that it was given", run: func(s *stage) {
		main, others := s.server(), s.three()
		want := fmt.Sprintf("%s(%s%s%s)", main.name, others[0].name, others[1].name, others[2].name)
		assert.Equal(s, want, s.ask(main, opTell, string(telling(opID, nil)), objects(others)...))
	}},
	{name: "IndirectGetId3", checks: "and each of those calls the first, which waits for it", run: func(s *stage) {
		main, others := s.server(), s.three()
		want := main.name + "("
		for _, o := range others {
			want += fmt.Sprintf("%s(%s)", o.name, main.name)
		}
		payload := telling(opTell, telling(opID, nil))
		assert.Equal(s, want+")", s.ask(main, opTell, string(payload), append(objects(others), objectIn(1, main))...))
	}},
	{name: "CallBack", checks: "a oneway call is answered by a call to an object in it", run: func(s *stage) {
		back, called := s.callback()
		s.post(s.server(), opTell, string(telling(opNop, nil)), object(back))
		await(s, called, "the call back")
	}},
	{name: "OnewayQueueing", checks: "the next oneway call of a node is not begun while the one before calls out, even when its only looper takes a nested call meanwhile", run: onewayQueueing},
	{name: "VectorSent", checks: "a payload comes back as it was sent", run: func(s *stage) {
		payload := "\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\xc8\x00\x00\x00\x00\x00\x00\x00"
		assert.Equal(s, payload, s.ask(s.server(), opEcho, payload))
	}},
	{name: "GargantuanVectorSent", checks: "ten payloads just below the limit of 2 MiB, each of another size, come back", run: func(s *stage) {
		server := s.server()
		for i := range 10 {
			payload := bytes.Repeat([]byte{byte(i), 42}, 1<<20)[:2<<20-10+i]
			assert.True(s, bytes.Equal(payload, s.do(server, opEcho, string(payload)).Payload), "%d bytes", len(payload))
		}
	}},
	{name: "LimitExceededVectorSent", checks: "above the limit a call fails, with the limit and what was asked for; the next one does not", run: limitExceeded},
}

// tooLarge is a body above the limit; nobody asks for its bytes.
type tooLarge struct{}

func (tooLarge) Size() int                       { return 1<<30 + 1 }
func (tooLarge) AppendTo([]byte) ([]byte, error) { panic("asked for more than fits") }

func limitExceeded(s *stage) {
	server := s.server()
	_, err := s.transact(server, &binder.Transaction{Code: opEcho, Data: binder.Data{Body: tooLarge{}}})
	require.ErrorIs(s, err, status.TooBig)
	var e *status.Error
	require.True(s, errors.As(err, &e))
	assert.EqualValues(s, 1<<30, e.Limit.Max)
	assert.EqualValues(s, 1<<30+1, e.Limit.Used)
	assert.Equal(s, "x", s.ask(server, opEcho, "x"))
}

// three starts three servers.
func (s *stage) three() []*actor { return []*actor{s.server(), s.server(), s.server()} }

func objects(actors []*actor) (list []binder.Attachment) {
	for _, a := range actors {
		list = append(list, object(a))
	}
	return list
}

func onewayQueueing(s *stage) {
	server := s.server()
	s.do(server, opLoopers, "\x01")
	var second chan struct{}
	begun, release := make(chan struct{}), make(chan struct{})
	early := make(chan bool, 1)
	first := s.NewNode(binder.HandlerFunc(func(ctx context.Context, c *binder.IncomingCall) error {
		close(begun)
		<-release
		// The server's looper waits for this handler: it serves the nested call, having drained the
		// second oneway call, which was sent before.
		_, err := binder.Call(ctx, server, opNop, nil)
		early <- len(second) > 0
		return err
	}))
	node, called := s.callback()
	second = called
	s.post(server, opTell, string(telling(opNop, nil)), object(first))
	await(s, begun, "the first call")
	s.post(server, opTell, string(telling(opNop, nil)), object(node))
	close(release)
	assert.False(s, await(s, early, "the end of the first call"), "the second call was begun before the first had ended")
	await(s, second, "the second call")
}
