package binder

import "context"

// ProcessID names one connection to a domain. The broker gives it and never gives it again.
type ProcessID uint64

// Identity is what the broker learned from the kernel about the OS process behind a connection.
// It is immutable.
type Identity struct {
	Process ProcessID
	PID     int32    // OS process id, in the broker's pid namespace
	UID     uint32   // effective user id, in the broker's user namespace
	GID     uint32   // effective group id
	Groups  []uint32 // supplementary groups
	Label   string   // security label; empty without a security module
}

// CallerFrom returns who made the transaction that ctx belongs to. ok is false when ctx does not
// come from a handler. It panics under a context of GuardCaller.
func CallerFrom(ctx context.Context) (id *Identity, ok bool) {
	s := scopeOf(ctx)
	if s.guard != "" {
		panic("binder: asking for the caller makes no sense here: " + s.guard)
	}
	return s.caller, s.caller != nil
}

// ClearCaller returns a context in which this process is the caller, for what a handler does in its own
// name: for plain Go calls of implementations that look at the caller, and which pass ctx on. It is
// Android's clearCallingIdentity; to restore what was, go back to the context before. Outside of a
// handler there is nothing to clear. Other processes see this one as the caller always.
func ClearCaller(ctx context.Context) context.Context {
	s := *scopeOf(ctx)
	if s.self == nil {
		return ctx
	}
	s.caller, s.guard = s.self.Identity(), ""
	return s.in(ctx)
}

// GuardCaller returns a context in which to ask for the caller is a fault: CallerFrom panics, and says
// why. It is for code that runs under a handler's context but not for its caller, where a check of who
// that is would be wrong whatever it says. ClearCaller, and a call of a node, end it.
func GuardCaller(ctx context.Context, why string) context.Context {
	s := *scopeOf(ctx)
	s.guard = why
	return s.in(ctx)
}

// Chain ties a nested call to the calls that wait for it, so that it can come back to them.
type Chain struct {
	Token uint64 // random, made by the first caller; zero: no chain
	Via   any    // the transport's: where the call being handled came from
	Index uint32 // the transport's: which waiter of Via waits for it
	Nice  uint8  // the transport's: the nice value that calls carry on; zero: the process's own
}

// ChainFrom returns the chain that a call made under ctx belongs to, which is only to be read. It is for
// transports.
func ChainFrom(ctx context.Context) *Chain {
	if c := scopeOf(ctx).call; c != nil && !c.ended.Load() {
		return &c.chain
	}
	return &noChain
}

var noChain Chain
