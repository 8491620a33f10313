package binder

import (
	"context"
	"sync/atomic"
)

// scope is what a context says of the call that is handled under it, and of those that are made.
type scope struct {
	call   *CallContext // of the transaction being handled, however far out; nil: none is
	caller *Identity    // who made it; nil: nobody
	self   *Process     // whose node handles it
	guard  string       // why nobody may ask for the caller; "": everybody may

	restriction Restriction
	restricted  bool // restriction counts, and not the process's

	work   workSource
	trace  TraceContext
	traced bool
}

type scopeKey struct{}

var noScope scope

// scoped is set when a context was made that calls have to look at; until then they do not.
var scoped atomic.Bool

// scopeOf returns the scope of ctx, which is only to be read.
func scopeOf(ctx context.Context) *scope {
	if s, ok := ctx.Value(scopeKey{}).(*scope); ok {
		return s
	}
	return &noScope
}

func (s scope) in(ctx context.Context) context.Context { return context.WithValue(ctx, scopeKey{}, &s) }

// forCalls is in for what counts for the calls made under ctx.
func (s scope) forCalls(ctx context.Context) context.Context {
	scoped.Store(true)
	return s.in(ctx)
}

// sendRemote makes a call as its context and the process have it. The process's interceptors are
// around it.
func sendRemote(ctx context.Context, h *Handle, t *Transaction, r *Reply) error {
	s := scopeOf(ctx)
	if t.Flags&Oneway == 0 {
		if err := s.checkSync(ctx, h.process, t); err != nil {
			return err
		}
	}
	if s.traced || s.work.propagated {
		return sendNoted(ctx, s, h, t, r)
	}
	return h.remote.Transact(ctx, t, r)
}

func sendNoted(ctx context.Context, s *scope, h *Handle, t *Transaction, r *Reply) error {
	noted := *t
	noted.Notes = s.notes()
	return h.remote.Transact(ctx, &noted, r)
}
