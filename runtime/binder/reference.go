package binder

import (
	"context"
	"runtime"
	"sync/atomic"

	"ubinder/runtime/status"
)

// reference is what a Handle and a Weak are: one counted reference of a transport's. It goes with
// Release, at the end of the methods that are running, or with the garbage collector.
type reference struct {
	process *Process
	remote  Remote
	cleanup runtime.Cleanup

	released atomic.Bool
	uses     atomic.Int64 // methods that are running, and one until Release; with the last the reference goes
}

func collected(r Remote) { r.Collected() }

// Process returns the connection that holds the reference.
func (r *reference) Process() *Process { return r.process }

// use keeps the reference until done; it fails after Release.
func (r *reference) use() error {
	for !r.released.Load() {
		if n := r.uses.Load(); n > 0 && r.uses.CompareAndSwap(n, n+1) {
			return nil
		}
	}
	return errReleased
}

func (r *reference) done() {
	if r.uses.Add(-1) == 0 {
		r.remote.Release()
	}
	runtime.KeepAlive(r)
}

// Alive reports whether the object is still believed to live. It never blocks.
func (r *reference) Alive() bool {
	if r.use() != nil {
		return false
	}
	defer r.done()
	return r.remote.Alive()
}

// ID implements Object. What was verified stays known when the object has died.
func (r *reference) ID(ctx context.Context) (ObjectID, error) {
	if err := r.use(); err != nil {
		return ObjectID{}, err
	}
	defer r.done()
	return r.remote.Identity(ctx)
}

// LinkToDeath implements Object. The link holds a reference of the same strength to the object.
func (r *reference) LinkToDeath(ctx context.Context, fn func()) (*DeathLink, error) {
	if err := r.use(); err != nil {
		return nil, err
	}
	defer r.done()
	l := &DeathLink{fn: fn, remote: r.remote.Retain()}
	if err := r.remote.LinkToDeath(ctx, l); err != nil {
		l.remote.Release()
		return nil, err
	}
	return l, nil
}

// Use keeps the reference and returns the transport's until done is called. It is for transports.
func (r *reference) Use() (remote Remote, done func(), err error) {
	if err := r.use(); err != nil {
		return nil, nil, err
	}
	return r.remote, r.done, nil
}

// Release gives the reference back, at the end of the methods that are running. Using it afterwards
// fails with status.BadValue; releasing it twice does nothing.
func (r *reference) Release() {
	if r.release() {
		r.done()
	}
}

// release marks the reference released; done has to follow, once.
func (r *reference) release() bool {
	first := r.released.CompareAndSwap(false, true)
	if first {
		r.cleanup.Stop()
	}
	return first
}

var errReleased = status.Errorf(status.BadValue, "the reference was released; Dup it to keep one")

// referenceOf returns what has to be given back for an object; nil for a node and for nil.
func referenceOf(o Object) *reference {
	switch o := o.(type) {
	case *Handle:
		if o != nil {
			return &o.reference
		}
	case *Weak:
		if o != nil && o.node == nil {
			return &o.reference
		}
	}
	return nil
}

// Release gives back a reference; nodes and nil need none.
func Release(o Object) {
	if r := referenceOf(o); r != nil {
		r.Release()
	}
}

// ReleaseAll is Release of many at once. It costs less than one after the other: what concerns one
// process is told it together.
func ReleaseAll(objects ...Object) {
	byProcess := make(map[*Process][]Remote)
	for _, o := range objects {
		if r := referenceOf(o); r != nil && r.release() && r.uses.Add(-1) == 0 {
			byProcess[r.process] = append(byProcess[r.process], r.remote)
		}
	}
	for p, list := range byProcess {
		p.transport.ReleaseAll(list)
	}
	runtime.KeepAlive(objects)
}
