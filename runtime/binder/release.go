package binder

import "sync"

// releases tells a node's program that no other process holds the node any more, one call after the
// other.
type releases struct {
	fn func() // nil: nobody wants to know

	mu      sync.Mutex
	pending bool // to be delivered
	running bool // a goroutine delivers
}

// OnRelease sets a function that is called, on a goroutine of its own, when the last reference that
// other processes held is gone; weak ones do not count, nor does a message that could not be sent. A node that was sent again before the function
// was called for it is not released, and the function is not called. One call has ended before the
// next begins.
func OnRelease(fn func()) NodeOption {
	return func(n *Node) { n.releases.fn = fn }
}

// Released tells the node that no other process holds it any more; given is false when none has, because
// what would have given it away could not be sent. True means that the node has ended with that,
// because its program had disowned it; the transport then destroys it. It is for transports.
func (n *Node) Released(given bool) (ended bool) {
	if given {
		n.releases.note(n)
	}
	return n.life.disowned.Load() && n.end()
}

func (r *releases) note(n *Node) {
	if r.fn == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending = true
	if !r.running {
		r.running = true
		routine(func() { r.deliver(n) })
	}
}

func (r *releases) deliver(n *Node) {
	for r.next() {
		if !n.process.transport.Held(n) {
			r.fn()
		}
	}
}

func (r *releases) next() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running = r.pending
	r.pending = false
	return r.running
}
