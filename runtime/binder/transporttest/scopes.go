package transporttest

import (
	"context"
	"fmt"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// What a puppet does about the context of a call.
const (
	doContext       = iota + 200 // answers with the work source and the trace that came with the call
	doCallInContext              // calls the attached object under the context that it has
	doCallForSource              // calls it for the work source that came with the call
)

// inContext serves what is about the context of a call.
func (s *puppet) inContext(ctx context.Context, c *binder.IncomingCall) error {
	switch c.Code {
	case doContext:
		c.Reply.Payload = []byte(describe(ctx))
		return nil
	case doCallForSource:
		if uid, ok := binder.WorkSourceFrom(ctx); ok {
			ctx = binder.WithWorkSource(ctx, uid)
		}
		fallthrough
	case doCallInContext:
		o := c.TakeObject(0)
		defer binder.Release(o)
		return answerOf(ctx, c, o, doContext)
	}
	return s.references(ctx, c)
}

// describe says what came with a call.
func describe(ctx context.Context) string {
	work, trace := "nobody", "no trace"
	if uid, ok := binder.WorkSourceFrom(ctx); ok {
		work = fmt.Sprint(uid)
	}
	if t, ok := binder.TraceFrom(ctx); ok {
		trace = t.String()
	}
	return work + ", " + trace
}

var sampleTrace = binder.TraceContext{TraceID: [16]byte{1, 2, 15: 3}, SpanID: [8]byte{4, 7: 5}, Flags: 1}

var scopes = []Case{
	{"WorkSourceTravelsWithTheCall", func(s *Stage) {
		p := s.Puppet()
		tell := func(ctx context.Context) string {
			s.Helper()
			b, err := binder.Call(ctx, p, doContext, nil)
			require.NoError(s, err)
			return string(b)
		}
		assert.Equal(s, "nobody, no trace", tell(s.Ctx))
		for _, uid := range []uint32{100, 0, 1<<32 - 1} {
			ctx := binder.WithWorkSource(s.Ctx, uid)
			want := fmt.Sprintf("%d, no trace", uid)
			assert.Equal(s, want, tell(ctx))
			assert.Equal(s, want, tell(ctx), "and with all that follow")
			assert.Equal(s, "nobody, no trace", tell(binder.WithoutWorkSource(ctx)))
		}
		assert.Equal(s, "nobody, no trace", tell(s.Ctx), "what was before is there again")
	}},
	{"WorkSourceGoesOnWhenTheHandlerSaysSo", func(s *Stage) {
		a, b := s.Puppet(), s.Puppet()
		ctx := binder.WithWorkSource(s.Ctx, 100)
		r, err := s.Try(ctx, a, doCallInContext, nil, object(b.Handle))
		require.NoError(s, err)
		assert.Equal(s, "nobody, no trace", string(r.Payload))
		r, err = s.Try(ctx, a, doCallForSource, nil, object(b.Handle))
		require.NoError(s, err)
		assert.Equal(s, "100, no trace", string(r.Payload))
	}},
	{"WorkSourceInsideOneProcess", func(s *Stage) {
		var seen []string
		n := s.NewNode(binder.HandlerFunc(func(ctx context.Context, _ *binder.IncomingCall) error {
			seen = append(seen, describe(ctx))
			return nil
		}))
		_, err := binder.Call(binder.WithWorkSource(s.Ctx, 7), n, 1, nil)
		require.NoError(s, err)
		assert.Equal(s, []string{"7, no trace"}, seen)
	}},
	{"TraceTravelsAlongTheChain", func(s *Stage) {
		a, b := s.Puppet(), s.Puppet()
		ctx := binder.WithTrace(binder.WithWorkSource(s.Ctx, 100), sampleTrace)
		r, err := s.Try(ctx, a, doContext, nil)
		require.NoError(s, err)
		assert.Equal(s, "100, "+sampleTrace.String(), string(r.Payload))
		r, err = s.Try(ctx, a, doCallInContext, nil, object(b.Handle))
		require.NoError(s, err)
		assert.Equal(s, "nobody, "+sampleTrace.String(), string(r.Payload))
	}},
	{"NotesStandBesideObjects", func(s *Stage) {
		p := s.Puppet()
		n := s.Named("n")
		ctx := binder.WithTrace(s.Ctx, sampleTrace)
		r, err := s.Try(ctx, p, Echo, []byte("x"), object(n), binder.Attachment{Field: 3})
		require.NoError(s, err)
		require.Len(s, r.Attachments, 2)
		assert.Same(s, n, r.TakeObject(0))
		w, read := pipe(s)
		require.NoError(s, binder.Dump(ctx, p, w))
		assert.Equal(s, "puppet ", read())
		oneway := binder.Transaction{Code: doLog, Flags: binder.Oneway, Data: binder.Data{Payload: []byte("y")}}
		require.NoError(s, p.Transact(ctx, &oneway, nil))
		for len(s.Do(p, doLogged, nil).Payload) == 0 {
		}
	}},
	{"RestrictedContexts", func(s *Stage) {
		p := s.Puppet()
		ctx := binder.WithRestriction(s.Ctx, binder.RefuseSync)
		_, err := s.Try(ctx, p, Echo, nil)
		require.ErrorIs(s, err, status.Denied)
		oneway := binder.Transaction{Code: doLog, Flags: binder.Oneway, Data: binder.Data{Payload: []byte("y")}}
		require.NoError(s, p.Transact(ctx, &oneway, nil))
		_, err = s.Try(binder.WithRestriction(ctx, binder.AllowSync), p, Echo, nil)
		require.NoError(s, err)
		n := s.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error { return nil }))
		_, err = binder.Call(ctx, n, 1, nil)
		require.NoError(s, err, "a call inside the process waits for nobody else")
	}},
}
