package reftab

// This file is the owner's side: who holds the nodes of this process.

// node is an object of this process that others hold.
type node struct {
	id        uint64
	object    any
	refs      uint64 // strong: direct references, grant and claim records, pins, handle 0
	weak      uint64 // weak references and records; they keep what is known of the node, not the node
	root      bool   // is or was behind handle 0: every process that has a lane holds it
	destroyed bool
	lent      bool // a strong reference was given away since there were none: it is not only about to be
	holders   []*holding
}

// holding is what one process has of one node. It exists while that is anything.
type holding struct {
	peer         *peer
	node         *node
	index        int                 // in node.holders
	strong, weak uint64              // direct references
	claims       map[uint64]struct{} // claim records
}

// claim is a claim record: a reference that its holder has not merged yet.
type claim struct {
	node uint64
	weak bool
}

// export makes n known as object while others hold it. The caller adds a reference before it lets
// go of the lock.
func (t *Table) export(n uint64, object any) *node {
	x := t.nodes[n]
	if x == nil {
		x = &node{id: n, object: object}
		t.nodes[n] = x
	}
	return x
}

func (x *node) ref(weak bool) {
	if weak {
		x.weak++
	} else {
		x.refs++
	}
}

func (t *Table) unref(n uint64, weak bool, count uint64) { t.unrefNode(t.nodes[n], weak, count) }

func (t *Table) unrefNode(x *node, weak bool, count uint64) {
	if weak {
		x.weak -= count
	} else {
		x.refs -= count
	}
	if x.refs == 0 && x.weak == 0 {
		delete(t.nodes, x.id)
	}
	if !weak && count > 0 && x.refs == 0 {
		t.env.Released(x.object)
		x.lent = false
	}
}

// holdingOf returns p's holding of n, made if there is none.
func (t *Table) holdingOf(p *peer, n uint64) *holding {
	h := p.held[n]
	if h == nil {
		x := t.nodes[n]
		h = &holding{peer: p, node: x, index: len(x.holders)}
		x.holders = append(x.holders, h)
		p.held[n] = h
	}
	return h
}

func (h *holding) add(weak bool) {
	if weak {
		h.weak++
	} else {
		h.strong++
	}
}

// tidy forgets a holding that is empty.
func (h *holding) tidy(n uint64) {
	if h.strong > 0 || h.weak > 0 || len(h.claims) > 0 {
		return
	}
	list := h.node.holders
	last := list[len(list)-1]
	list[h.index], last.index = last, h.index
	list[len(list)-1] = nil
	h.node.holders = list[:len(list)-1]
	delete(h.peer.held, n)
}

// Object returns the object of node n; nil when nobody else holds it.
func (t *Table) Object(n uint64) any {
	if x := t.nodes[n]; x != nil {
		return x.object
	}
	return nil
}

// Held reports whether another process holds node n, more than weakly, or is about to.
func (t *Table) Held(n uint64) bool {
	x := t.nodes[n]
	return x != nil && x.refs > 0
}

// SetRoot puts a node behind handle 0, in the place of the one that was there: every process that has
// a lane holds it. Those that hold the one before go on holding it.
func (t *Table) SetRoot(n uint64, object any) {
	x := t.export(n, object)
	if !x.root {
		x.root, x.lent = true, true
		x.refs++
	}
	t.root = x
}

// UnsetRoot takes back a SetRoot that nobody was told of: before is behind handle 0 again, zero for
// none, unless another was put there meanwhile, or before was taken back too. n itself stays if it was there earlier.
func (t *Table) UnsetRoot(n, before uint64, known bool) {
	if t.root != nil && t.root.id == n {
		t.root = nil
		if x := t.nodes[before]; x != nil && x.root {
			t.root = x
		}
	}
	if !known {
		x := t.nodes[n]
		x.root = false
		t.unrefNode(x, false, 1)
	}
}

// RootNode returns the node behind handle 0, or zero; known tells whether n is or was there.
func (t *Table) RootNode(n uint64) (root uint64, known bool) {
	if t.root != nil {
		root = t.root.id
	}
	return root, t.isRoot(n)
}

func (t *Table) isRoot(n uint64) bool {
	x := t.nodes[n]
	return x != nil && x.root
}

// Send counts a reference to n that is about to be posted to p; Unsend takes that back when it was
// not. False means that p is gone.
func (t *Table) Send(p, n uint64, object any) bool { return t.sendRef(p, n, object, false) }

// Unsend undoes Send for a message that was not posted.
func (t *Table) Unsend(p, n uint64) { t.unsendRef(p, n, false) }

func (t *Table) sendRef(p, n uint64, object any, weak bool) bool {
	to := t.peers[p]
	if to == nil {
		return false
	}
	t.export(n, object)
	t.give(to, n, weak)
	return true
}

// give counts one more reference of p.
func (t *Table) give(p *peer, n uint64, weak bool) {
	h := t.holdingOf(p, n)
	h.node.ref(weak)
	h.add(weak)
}

func (t *Table) unsendRef(p, n uint64, weak bool) {
	if to := t.peers[p]; to != nil && to.count(n, weak) > 0 {
		t.unsent = !t.nodes[n].lent
		t.unhold(to, n, weak, 1)
		t.unsent = false
	}
}

// lend notes that a strong reference to n was really given away.
func (t *Table) lend(n uint64, weak bool) {
	if x := t.nodes[n]; x != nil && !weak {
		x.lent = true
	}
}

// Unsent tells, within Env.Released, that nobody has held the object: what would have given it away
// was not posted.
func (t *Table) Unsent() bool { return t.unsent }

// count returns how many direct references to n the peer has.
func (p *peer) count(n uint64, weak bool) uint64 {
	h := p.held[n]
	switch {
	case h == nil:
		return 0
	case weak:
		return h.weak
	}
	return h.strong
}

func (t *Table) unhold(p *peer, n uint64, weak bool, count uint64) {
	h := p.held[n]
	if weak {
		h.weak -= count
	} else {
		h.strong -= count
	}
	h.tidy(n)
	t.unref(n, weak, count)
}

// entitled returns node n if p may use it: by a claim, whatever else it holds (the confused deputy), or
// by an ordinary reference; else nil. A weak reference entitles to what is weak.
func (t *Table) entitled(p *peer, n, by uint64, weak bool) *node {
	if by != NoClaim {
		if c, ok := p.claims[by]; !ok || c.node != n || !weak && c.weak {
			return nil
		}
		return t.nodes[n]
	}
	if x := t.root; x != nil && x.id == n {
		return x
	}
	if h := p.held[n]; h != nil && (h.strong > 0 || weak && h.weak > 0) {
		return h.node
	}
	if x := t.nodes[n]; x != nil && x.root {
		return x
	}
	return nil
}

// Pin is a use of a node, which it keeps until Unpin. The zero Pin is none.
type Pin struct{ node *node }

// Object returns the node's; nil if there is none.
func (p Pin) Object() any {
	if p.node == nil {
		return nil
	}
	return p.node.object
}

// Pin checks that a process may use n as by says, and keeps n until Unpin (R5). It returns none when
// it may not. from is what Opened has returned; nil is no process.
func (t *Table) Pin(from *Peer, n, by uint64) Pin {
	if from == nil || from.buried {
		return Pin{}
	}
	x := t.entitled(from, n, by, false)
	if x == nil {
		return Pin{}
	}
	x.refs++
	return Pin{x}
}

// Unpin takes a Pin back. There is one.
func (t *Table) Unpin(p Pin) { t.unrefNode(p.node, false, 1) }

func (t *Table) releasing(from *peer, c Control) error {
	if c.Count == 0 || c.Span > maxSpan {
		return problem("release of %d references to each of %d nodes", c.Count, c.Span+1)
	}
	for n := c.Node; n <= c.Node+c.Span; n++ {
		if held := from.count(n, c.Weak); c.Count > held {
			return problem("release of %d references to node %d, of which it holds %d", c.Count, n, held)
		}
		t.lend(n, c.Weak) // it may come before Posted
		t.unhold(from, n, c.Weak, c.Count)
	}
	return nil
}

// asking judges the wish for one more reference (R14): whoever has any of a node that was not
// destroyed gets one.
func (t *Table) asking(from *peer, k uint64, c Control) error {
	x := t.entitled(from, c.Node, c.By, true)
	ok := x != nil
	dead := ok && x.destroyed
	if ok && !dead {
		t.give(from, c.Node, c.Weak)
		t.lend(c.Node, c.Weak)
	}
	return t.answer(from, Control{Kind: Verdict, By: k, OK: ok, Dead: dead})
}
