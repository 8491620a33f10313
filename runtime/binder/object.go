// Package binder is the public API of the object layer: processes, objects, transactions, death.
//
// A program opens a Process (package connect), makes Nodes for the objects it serves, and calls the
// objects of others through Handles. Both are Objects, can be passed in messages, and can be called
// in the same way; a Node that comes home from another process is the Node again.
package binder

import (
	"context"
	"runtime"
)

// Object is a *Node (it lives in this process), a *Handle (it lives in another one), or a *Weak, which
// keeps neither alive. Its methods may be called concurrently.
type Object interface {
	// Transact calls the object and, unless t is oneway, waits until the reply has come, the
	// object's process has died, or ctx has ended; r is filled in the first case. For a oneway call r
	// may be nil; else its Delivery is filled. Errors carry a status.Code. Delivery is exactly once or not at all; after an
	// error it is not known which.
	Transact(ctx context.Context, t *Transaction, r *Reply) error

	// LinkToDeath arranges for fn to be called once, on a goroutine of its own, when the object
	// dies, by its process's end or by Destroy; at once if it is dead. Any number of links may be
	// on one object.
	LinkToDeath(ctx context.Context, fn func()) (*DeathLink, error)

	// ID identifies the object in the domain; usable as a map key. It may block while a reference
	// that came through a third process is being verified. An object that has been verified keeps
	// its identity when it has died.
	ID(ctx context.Context) (ObjectID, error)

	// Process returns the connection that the object belongs to.
	Process() *Process
}

// Handle is a counted reference to an object of another process. Every handle received is a
// reference of its own: Release it when done. One that becomes unreachable is released by the
// garbage collector, at some time.
type Handle struct {
	reference
}

// NewHandle wraps a reference that a transport received; the Handle owns it. It is for transports.
func NewHandle(p *Process, r Remote) *Handle {
	h := &Handle{reference{process: p, remote: r}}
	h.uses.Store(1)
	h.cleanup = runtime.AddCleanup(h, collected, r)
	return h
}

// Transact implements Object.
func (h *Handle) Transact(ctx context.Context, t *Transaction, r *Reply) error {
	if err := h.use(); err != nil {
		return err
	}
	defer h.done()
	switch {
	case h.process.invoke != nil:
		return h.process.invoke(ctx, h, t, r)
	case scoped.Load():
		return sendRemote(ctx, h, t, r)
	}
	return h.remote.Transact(ctx, t, r)
}

// Dup returns another reference to the same object, to be released on its own. It returns nil after
// Release.
func (h *Handle) Dup() *Handle {
	if h.use() != nil {
		return nil
	}
	defer h.done()
	return NewHandle(h.process, h.remote.Retain())
}

// Same reports whether a and b are one object. It may block as ID does; objects that cannot be
// verified are the same as no other.
func Same(ctx context.Context, a, b Object) bool {
	if a == nil || b == nil {
		return a == b
	}
	ida, erra := a.ID(ctx)
	idb, errb := b.ID(ctx)
	return erra == nil && errb == nil && ida == idb
}

// Call is a synchronous transaction with plain bytes: the reply's payload is copied for the caller.
func Call(ctx context.Context, o Object, code uint32, payload []byte) ([]byte, error) {
	var r Reply
	t := Transaction{Code: code, Data: Data{Payload: payload}}
	if err := o.Transact(ctx, &t, &r); err != nil {
		return nil, err
	}
	defer r.Release()
	return append([]byte(nil), r.Payload...), nil
}
