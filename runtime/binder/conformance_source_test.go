package binder_test

import (
	"context"
	"fmt"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// Whom work is done for, and who may be asked about. What is a thread's state in libbinder is a
// context's here, and to restore it is to go back to the context before.
var libSources = []conformance{
	{name: "BinderCallContextGuard", checks: "a context under which the caller may not be asked for: who asks is at fault; another context of the same call answers", run: func(s *stage) {
		server := s.server()
		_, err := s.try(server, opAskCaller, "guarded")
		require.ErrorIs(s, err, status.Internal)
		require.ErrorContains(s, err, "guarded")
		assert.Equal(s, fmt.Sprint(s.ID()), s.ask(server, opAskCaller, ""))
	}},
	{name: "WorkSourceUnsetByDefault", checks: "a call is for nobody", run: func(s *stage) {
		assert.Equal(s, "-1", s.sourceOf(s.ctx, s.server()))
	}},
	{name: "WorkSourceSet", checks: "a call made for a user says so", run: func(s *stage) {
		assert.Equal(s, "100", s.sourceOf(binder.WithWorkSource(s.ctx, 100), s.server()))
	}},
	{name: "WorkSourceSetWithoutPropagation", checks: "what came with a call does not go on with the calls of its handler", run: func(s *stage) {
		assert.Equal(s, "100 -1", s.sourceOf(binder.WithWorkSource(s.ctx, 100), s.server(), object(s.server())))
	}},
	{name: "WorkSourceCleared", checks: "cleared, a call is for nobody", run: func(s *stage) {
		assert.Equal(s, "-1", s.sourceOf(binder.WithoutWorkSource(binder.WithWorkSource(s.ctx, 100)), s.server()))
	}},
	{name: "WorkSourceRestored", checks: "under the context before it was cleared, a call is for the user again", run: func(s *stage) {
		server, set := s.server(), binder.WithWorkSource(s.ctx, 100)
		assert.Equal(s, "-1", s.sourceOf(binder.WithoutWorkSource(set), server))
		assert.Equal(s, "100", s.sourceOf(set, server))
	}},
	{name: "PropagateFlagSet", checks: "a handler that sets what came with its call has it go on", run: func(s *stage) {
		assert.Equal(s, "100 100", s.sourceOf(binder.WithWorkSource(s.ctx, 100), s.server(), object(s.server()), binder.Attachment{Field: 1}))
	}},
	{name: "PropagateFlagCleared", left: "a source that is set but does not go on is what a handler has, see WorkSourceSetWithoutPropagation; nobody else makes one"},
	{name: "PropagateFlagRestored", checks: "setting it changes nothing for who uses the context before", run: func(s *stage) {
		server := s.server()
		assert.Equal(s, "100", s.sourceOf(binder.WithWorkSource(s.ctx, 100), server))
		assert.Equal(s, "-1", s.sourceOf(s.ctx, server))
	}},
	{name: "WorkSourcePropagatedForAllFollowingBinderCalls", checks: "the source counts for all calls under the context", run: func(s *stage) {
		server, ctx := s.server(), binder.WithWorkSource(s.ctx, 100)
		for range 3 {
			assert.Equal(s, "100", s.sourceOf(ctx, server))
		}
	}},
}

// sourceOf asks a server whom a call is for, and then the attached one whom a call of the first's
// handler is for. With a second attachment the first sets what came with its call.
func (s *stage) sourceOf(ctx context.Context, server binder.Object, list ...binder.Attachment) string {
	s.Helper()
	t := binder.Transaction{Code: opSource, Data: binder.Data{Attachments: list}}
	var r binder.Reply
	defer r.Release()
	require.NoError(s, server.Transact(ctx, &t, &r))
	return string(r.Payload)
}

func (s *server) source(ctx context.Context, c *binder.IncomingCall) error {
	source := "-1"
	uid, ok := binder.WorkSourceFrom(ctx)
	if ok {
		source = fmt.Sprint(uid)
	}
	if len(c.Attachments) == 2 {
		ctx = binder.WithWorkSource(ctx, uid)
	}
	if o := c.TakeObject(0); o != nil {
		defer binder.Release(o)
		next, err := binder.Call(ctx, o, opSource, nil)
		if err != nil {
			return err
		}
		source += " " + string(next)
	}
	c.Reply.Payload = []byte(source)
	return nil
}

// askCaller answers with the caller, asked for under a context that is guarded if the payload says so.
func (s *server) askCaller(ctx context.Context, c *binder.IncomingCall) error {
	asked := ctx
	if len(c.Payload) > 0 {
		asked = binder.GuardCaller(ctx, string(c.Payload))
	}
	id, _ := binder.CallerFrom(asked)
	c.Reply.Payload = []byte(fmt.Sprint(id.Process))
	return nil
}
