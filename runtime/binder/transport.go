package binder

import (
	"context"
	"time"
)

// Transport carries objects between processes. It is the seam below this package: runtime/object
// implements it over the bus, runtime/kernel over the driver; both pass the suite in transporttest.
//
// All methods may be called concurrently.
type Transport interface {
	// Start hands the transport the process that takes its incoming calls. It is called once, before
	// any other method but SetSpin.
	Start(p *Process)

	// ContextManager returns a reference to the object behind handle 0. It may block on the broker
	// until ctx ends; status.UnknownTarget means that the domain has no context manager now.
	ContextManager(ctx context.Context) (Remote, error)

	// SetContextManager makes n the object behind handle 0 of the whole domain.
	SetContextManager(ctx context.Context, n *Node) error

	// Destroy ends n, which Alive says already: its holders are told in the order of messages, and
	// whoever is sent it from now on is sent a dead object. It does not block.
	Destroy(n *Node)

	// Held reports whether another process holds n, more than weakly, or is about to.
	Held(n *Node) bool

	// ReleaseAll is Release of many references of this transport.
	ReleaseAll(list []Remote)

	// SetLoopers sets how many handlers may run at once; DefaultLoopers before. Zero means that
	// only calls that come back to a waiting chain are served.
	SetLoopers(max int)

	// Loopers and AwaitLooper are Process's Loopers and BlockUntilLooperAvailable.
	Loopers() LooperInfo
	AwaitLooper(ctx context.Context) error

	// SetSpin is WithSpin's. It may be called before Start.
	SetSpin(limit time.Duration)

	// Wakeups and SetNice are Process's.
	Wakeups() Wakeups
	SetNice(n int)

	// SetOnewaySpamDetection is Process's.
	SetOnewaySpamDetection(on bool)

	// Freeze, Unfreeze, FrozenInfo and FindProcesses are Process's. The transport of the target asks
	// its process's MayFreeze.
	Freeze(ctx context.Context, p ProcessID, timeout time.Duration) error
	Unfreeze(ctx context.Context, p ProcessID) error
	FrozenInfo(ctx context.Context, p ProcessID) (FrozenInfo, error)
	FindProcesses(ctx context.Context, pid int32) ([]ProcessID, error)

	// Self returns this process's identity as the domain knows it.
	Self() *Identity

	// Lost is closed when no new process can be met any more.
	Lost() <-chan struct{}

	// Done is closed when Close has ended the connection.
	Done() <-chan struct{}

	// Close ends the connection: callers fail with status.Dead, holders of nodes see them die.
	// It returns when all that the transport owned is given back.
	Close() error
}

// Remote is one counted reference, strong or weak, to an object of another process, as a Transport
// gives it. A weak one is not called.
// Its methods may be called concurrently; none may be called after Release.
type Remote interface {
	// Transact sends t and, unless it is oneway, waits for the reply and fills r. On return t's
	// payload may be used again. r's parts are the caller's until r.Release. t.Posted, if it is not
	// nil, is called when a sync call is on its way, before the wait for its reply.
	Transact(ctx context.Context, t *Transaction, r *Reply) error

	// LinkToDeath arranges for l.Fire to be called once when the object dies; at once if it has.
	LinkToDeath(ctx context.Context, l *DeathLink) error

	// UnlinkToDeath takes the link back; false means that it has fired or was never made.
	UnlinkToDeath(l *DeathLink) bool

	// LinkToFrozen arranges for l.Tell to be called with the state of the object's process, now and
	// whenever it changes, until UnlinkToFrozen or the end of that process.
	LinkToFrozen(ctx context.Context, l *FrozenLink) error
	UnlinkToFrozen(l *FrozenLink)

	// Identity tells which object this is. It may wait for the owner to confirm a reference that
	// came through a third process.
	Identity(ctx context.Context) (ObjectID, error)

	// Alive reports whether the object is still believed to live. It never blocks.
	Alive() bool

	// Ask asks the object's process for another reference, strong or weak, to the same object, and
	// waits for it until ctx ends. status.Dead means that the object is dead.
	Ask(ctx context.Context, weak bool) (Remote, error)

	// Retain returns another counted reference to the same object.
	Retain() Remote

	// Release gives the reference back.
	Release()

	// Collected is Release for a reference that nobody points to any more, called by the garbage
	// collector's goroutine. It may put the work off.
	Collected()
}

// ObjectID identifies an object in its domain for ever: neither part is used again.
type ObjectID struct {
	Owner ProcessID
	Node  uint64
}
