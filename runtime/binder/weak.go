package binder

import (
	"context"
	"runtime"

	"ubinder/runtime/status"
)

// Weak is a reference that does not keep its object alive, to an object of this or another process.
// It is an Object that cannot be called: Promote makes a reference of it that can. It may be passed
// on, its object's death is told, and it has the object's identity. Every Weak received is a
// reference of its own: Release it when done. One that becomes unreachable is released by the garbage
// collector, at some time.
type Weak struct {
	reference       // of another process's object
	node      *Node // of this process, or nil
}

// NewWeak wraps a weak reference that a transport received; the Weak owns it. It is for transports.
func NewWeak(p *Process, r Remote) *Weak {
	w := &Weak{reference: reference{process: p, remote: r}}
	w.uses.Store(1)
	w.cleanup = runtime.AddCleanup(w, collected, r)
	return w
}

// Weak returns a weak reference to the object, of its own. It asks the object's process for it, and
// fails with status.Dead when the object is dead.
func (h *Handle) Weak(ctx context.Context) (*Weak, error) {
	if err := h.use(); err != nil {
		return nil, err
	}
	defer h.done()
	r, err := h.remote.Ask(ctx, true)
	if err != nil {
		return nil, err
	}
	return NewWeak(h.process, r), nil
}

// Weak returns a weak reference to the node, which needs no Release.
func (n *Node) Weak() *Weak { return &Weak{reference: reference{process: n.process}, node: n} }

// Promote returns a reference that keeps the object: a Handle, to be released on its own, or the Node
// of this process. It fails with status.Dead when there is no object any more: its process has ended,
// or it was destroyed. A node whose program did not disown it lives until one of the two.
//
// Promote asks the object's process and blocks until that has answered or ctx has ended.
func (w *Weak) Promote(ctx context.Context) (Object, error) {
	if w.node != nil {
		if !w.node.Alive() {
			return nil, errDestroyed
		}
		return w.node, nil
	}
	if err := w.use(); err != nil {
		return nil, err
	}
	defer w.done()
	r, err := w.remote.Ask(ctx, false)
	if err != nil {
		return nil, err
	}
	return NewHandle(w.process, r), nil
}

// Node returns the node of this process that w refers to; nil for an object of another.
func (w *Weak) Node() *Node { return w.node }

// Transact implements Object: a weak reference entitles to no call, so it fails with
// status.BadValue.
func (w *Weak) Transact(context.Context, *Transaction, *Reply) error { return errWeakCall }

var errWeakCall = status.Errorf(status.BadValue, "a weak reference cannot be called: Promote it first")

// Alive reports whether the object is still believed to live. It never blocks.
func (w *Weak) Alive() bool {
	if w.node != nil {
		return w.node.Alive()
	}
	return w.reference.Alive()
}

// ID implements Object.
func (w *Weak) ID(ctx context.Context) (ObjectID, error) {
	if w.node != nil {
		return w.node.ID(ctx)
	}
	return w.reference.ID(ctx)
}

// LinkToDeath implements Object. The link holds the object weakly.
func (w *Weak) LinkToDeath(ctx context.Context, fn func()) (*DeathLink, error) {
	if w.node != nil {
		return w.node.LinkToDeath(ctx, fn)
	}
	return w.reference.LinkToDeath(ctx, fn)
}

// Dup returns another weak reference to the same object, to be released on its own. It returns nil
// after Release.
func (w *Weak) Dup() *Weak {
	if w.node != nil {
		return w.node.Weak()
	}
	if w.use() != nil {
		return nil
	}
	defer w.done()
	return NewWeak(w.process, w.remote.Retain())
}

// Release gives the reference back, at the end of the methods that are running.
func (w *Weak) Release() {
	if w.node == nil {
		w.reference.Release()
	}
}
