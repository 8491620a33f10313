package reftab

// This file is the end of a node before its process's (R13).

// Destroy ends node n: its holders are told, each in its place in the order of messages to it. What
// they have stays counted until they give it back. A node that is destroyed is sent by PutDead.
func (t *Table) Destroy(n uint64) {
	x := t.nodes[n]
	if x == nil || x.destroyed {
		return
	}
	x.destroyed = true
	for _, h := range x.holders {
		for k := range h.claims {
			t.send(h.peer, Control{Kind: Destroyed, Node: n, By: k, OK: x.root})
		}
		if len(h.claims) == 0 {
			t.tellDestroyed(h.peer, n)
		}
	}
	if !x.root {
		return
	}
	for _, p := range t.peers { // they hold it by their lanes
		if p.held[n] == nil {
			t.tellDestroyed(p, n)
		}
	}
}

func (t *Table) tellDestroyed(p *peer, n uint64) {
	t.send(p, Control{Kind: Destroyed, Node: n, OK: t.isRoot(n)})
}

// destroyedBy: an owner has destroyed one of its nodes. What this process holds of it is dead, and is
// given back in the ordinary way.
func (t *Table) destroyedBy(owner *peer, c Control) error {
	if c.OK {
		owner.goneRoot = c.Node
	}
	if r := owner.claimed[c.By]; r != nil {
		if r.Node != c.Node || !r.confirmed {
			return problem("node %d was destroyed under claim %d, which is not on it or not judged", c.Node, c.By)
		}
		t.kill(r)
		t.settle(r)
	}
	for _, r := range []*Ref{owner.refs[c.Node], owner.weaks[c.Node]} {
		if r != nil {
			t.kill(r)
		}
	}
	return nil
}
