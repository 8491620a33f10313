package binder

import "context"

// scope is what a context says of the call that is handled under it, and of those that are made.
type scope struct {
	call   *CallContext // of the transaction being handled, however far out; nil: none is
	caller *Identity    // who made it; nil: nobody
	self   *Process     // whose node handles it
}

type scopeKey struct{}

var noScope scope

// scopeOf returns the scope of ctx, which is only to be read.
func scopeOf(ctx context.Context) *scope {
	if s, ok := ctx.Value(scopeKey{}).(*scope); ok {
		return s
	}
	return &noScope
}

func (s scope) in(ctx context.Context) context.Context { return context.WithValue(ctx, scopeKey{}, &s) }
