package binder

import (
	"context"
	"sync"
	"sync/atomic"

	"ubinder/runtime/status"
)

// life is whether a node lives, and who is told when it ends.
type life struct {
	destroyed atomic.Bool
	disowned  atomic.Bool

	mu    sync.Mutex
	links map[*DeathLink]struct{} // of this process itself
}

var errDestroyed = status.Errorf(status.Dead, "the object was destroyed")

// Destroy ends the node, while its process lives on: death links to it fire, here and everywhere,
// calls to it fail with status.Dead, those included that have come and not begun, and whoever is given
// it afterwards is given a dead object. Calls that are being handled go on and are answered. Whoever
// holds the node learns of it in the order of messages: after all that this process sent it before,
// and before all that it sends it afterwards.
//
// The node behind handle 0 leaves that place: processes that ask for it find none, until there is
// another. OnRelease's function is still called when the last holder has let go. Destroy does not
// block; only its first call counts.
func (n *Node) Destroy() {
	if n.end() {
		n.process.transport.Destroy(n)
	}
}

// Disown leaves the node to those who hold it in other processes: when the last strong reference is
// gone, and at once if there is none, it is destroyed. Until Disown a node lives as long as its
// process, or until Destroy: a weak reference to it can be promoted though nobody holds it.
//
// This process may use the node and pass it on as before. But one that comes home is kept by nobody
// but the others.
func (n *Node) Disown() {
	n.life.disowned.Store(true)
	if !n.process.transport.Held(n) {
		n.Destroy()
	}
}

// Alive reports whether the node was not destroyed.
func (n *Node) Alive() bool { return !n.life.destroyed.Load() }

// end marks the node destroyed and tells who is linked in this process; only the first call counts.
func (n *Node) end() bool {
	if !n.life.destroyed.CompareAndSwap(false, true) {
		return false
	}
	n.life.mu.Lock()
	links := n.life.links
	n.life.links = nil
	n.life.mu.Unlock()
	for l := range links {
		l.Fire()
	}
	return true
}

// LinkToDeath implements Object: fn is called when the node is destroyed, and at once if it was. It is
// not called when its process ends or closes its connection.
func (n *Node) LinkToDeath(_ context.Context, fn func()) (*DeathLink, error) {
	l := &DeathLink{fn: fn, node: n}
	n.life.mu.Lock()
	defer n.life.mu.Unlock()
	if !n.Alive() { // what end finds it tells; what comes later is told here
		l.Fire()
		return l, nil
	}
	if n.life.links == nil {
		n.life.links = make(map[*DeathLink]struct{})
	}
	n.life.links[l] = struct{}{}
	return l, nil
}

func (n *Node) unlinkToDeath(l *DeathLink) {
	n.life.mu.Lock()
	defer n.life.mu.Unlock()
	delete(n.life.links, l)
}
