package binder

import (
	"context"
	"log/slog"

	"ubinder/runtime/status"
)

// Restriction says what becomes of synchronous calls on objects of other processes, which block for as
// long as these please. A process that everybody waits for makes none. Oneway calls, and calls inside
// the process, are always allowed. They are libbinder's CallRestriction: NONE, ERROR_IF_NOT_ONEWAY,
// FATAL_IF_NOT_ONEWAY; but a call that is refused fails, and the process lives on.
type Restriction uint8

// The restrictions.
const (
	AllowSync  Restriction = iota
	LogSync                // they are logged as errors by slog's default logger
	RefuseSync             // they fail with status.Denied
)

// RestrictCalls restricts all calls of a process.
func RestrictCalls(r Restriction) ProcessOption {
	return func(p *Process) { p.restriction, p.restricted = r, true }
}

// RestrictHandlerCalls restricts the calls that handlers of a process make: those under a handler's
// context.
func RestrictHandlerCalls(r Restriction) ProcessOption {
	return func(p *Process) { p.handlerRestriction, p.restricted = r, true }
}

// WithRestriction restricts the calls made under the result, whatever the process's restrictions are:
// it may allow what these forbid.
func WithRestriction(ctx context.Context, r Restriction) context.Context {
	s := *scopeOf(ctx)
	s.restriction, s.restricted = r, true
	return s.forCalls(ctx)
}

// checkSync judges a synchronous call.
func (s *scope) checkSync(ctx context.Context, p *Process, t *Transaction) error {
	r := s.restriction
	if !s.restricted {
		r = p.restriction
		if s.self != nil {
			r = max(r, p.handlerRestriction)
		}
	}
	switch r {
	case LogSync:
		slog.ErrorContext(ctx, "synchronous call where only oneway calls should be made", "code", CodeName(t.Code), "process", uint64(p.ID()))
	case RefuseSync:
		return status.Errorf(status.Denied, "synchronous call %s where only oneway calls may be made", CodeName(t.Code))
	}
	return nil
}
