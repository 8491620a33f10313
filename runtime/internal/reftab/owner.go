package reftab

// This file is the owner's side: who holds the nodes of this process.

// export makes n known as object while others hold it. The caller adds a reference before it lets
// go of the lock.
func (t *Table) export(n uint64, object any) *node {
	x := t.nodes[n]
	if x == nil {
		x = &node{object: object}
		t.nodes[n] = x
	}
	return x
}

func (t *Table) ref(n uint64) { t.nodes[n].refs++ }

func (t *Table) unref(n uint64) { t.unrefBy(n, 1) }

func (t *Table) unrefBy(n, count uint64) {
	x := t.nodes[n]
	x.refs -= count
	if x.refs == 0 {
		delete(t.nodes, n)
		t.env.Released(x.object)
	}
}

// Object returns the object of node n; nil when nobody else holds it.
func (t *Table) Object(n uint64) any {
	if x := t.nodes[n]; x != nil {
		return x.object
	}
	return nil
}

// SetRoot puts a node behind handle 0, in the place of the one that was there: every process that has
// a lane holds it. Zero puts none there.
func (t *Table) SetRoot(n uint64, object any) {
	old := t.root
	if n != 0 {
		t.export(n, object).refs++
	}
	t.root = n
	if old != 0 {
		t.unref(old)
	}
}

// RootNode returns the node behind handle 0, or zero.
func (t *Table) RootNode() (n uint64, object any) { return t.root, t.Object(t.root) }

// Send counts a reference to n that is about to be posted to p; Unsend takes that back when it was
// not. False means that p is gone.
func (t *Table) Send(p, n uint64, object any) bool {
	to := t.peers[p]
	if to == nil {
		return false
	}
	t.export(n, object).refs++
	to.held[n]++
	return true
}

// Unsend undoes Send for a message that was not posted.
func (t *Table) Unsend(p, n uint64) {
	if to := t.peers[p]; to != nil && to.held[n] > 0 {
		t.unhold(to, n, 1)
	}
}

func (t *Table) unhold(p *peer, n, count uint64) {
	if p.held[n] -= count; p.held[n] == 0 {
		delete(p.held, n)
	}
	t.unrefBy(n, count)
}

// entitled reports whether p may use n: by a claim, whatever else it holds (the confused deputy), or
// by an ordinary reference.
func (t *Table) entitled(p *peer, n, by uint64) bool {
	if by != NoClaim {
		claimed, ok := p.claims[by]
		return ok && claimed == n
	}
	return p.held[n] > 0 || n == t.root && n != 0
}

// Pin checks that p may use n as by says, and keeps n until Unpin (R5). It returns the object, nil
// when p may not.
func (t *Table) Pin(p, n, by uint64) any {
	from := t.peers[p]
	if from == nil || !t.entitled(from, n, by) {
		return nil
	}
	t.ref(n)
	return t.nodes[n].object
}

// Unpin takes a Pin back.
func (t *Table) Unpin(n uint64) { t.unref(n) }

// maxRecords bounds the grant records, and the claim records, of one process (R12).
const maxRecords = 1 << 20

func (t *Table) granting(from *peer, pos uint64, c Control) error {
	if !t.entitled(from, c.Node, c.By) || c.Peer == from.id || c.Peer == t.self {
		return nil // forged, or an honest relay of a forgery: only the claim on it fails (R11)
	}
	if len(from.from) >= maxRecords {
		return problem("more than %d objects passed on that nobody has taken", maxRecords)
	}
	g := &grant{from: from.id, position: pos, to: c.Peer, node: c.Node}
	t.ref(c.Node)
	from.from[pos] = g
	if to := t.peers[c.Peer]; to != nil {
		to.to[g] = struct{}{}
	}
	return nil
}

func (t *Table) removeGrant(g *grant) {
	if from := t.peers[g.from]; from != nil {
		delete(from.from, g.position)
	} else {
		t.forgetOrphan(g)
	}
	if to := t.peers[g.to]; to != nil {
		delete(to.to, g)
	}
	t.unref(g.node)
}

// revokePeer: a granter saw a recipient die. While this process has not seen it, the recipient's
// lane may still hold claims that count (R9).
func (t *Table) revokePeer(from *peer, recipient uint64) {
	if t.peers[recipient] != nil {
		return
	}
	for _, g := range from.from {
		if g.to == recipient {
			t.removeGrant(g)
		}
	}
}

// claiming judges a claim at once (R3): it never waits for what is not published.
func (t *Table) claiming(from *peer, k uint64, c Control) error {
	if len(from.claims) >= maxRecords {
		return problem("more than %d claims that were not merged", maxRecords)
	}
	g := t.findGrant(from, c)
	if t.peers[from.id] != from {
		return nil // cut off while a lane was drained for it
	}
	if g != nil {
		t.ref(g.node)
		t.removeGrant(g)
		from.claims[k] = c.Node
	}
	t.send(from, Control{Kind: Verdict, By: k, OK: g != nil})
	return nil
}

func (t *Table) findGrant(from *peer, c Control) *grant {
	if c.Peer == from.id || c.Peer == t.self {
		return nil
	}
	var g *grant
	if granter := t.peers[c.Peer]; granter != nil {
		if c.Position >= t.env.Published(c.Peer) {
			return nil
		}
		t.Drain(c.Peer, c.Position+1)
	}
	if granter := t.peers[c.Peer]; granter != nil {
		g = granter.from[c.Position]
	} else {
		g = t.orphan(c.Peer, c.Position)
	}
	if g == nil || g.to != from.id || g.node != c.Node {
		return nil
	}
	return g
}

func (t *Table) merging(from *peer, c Control) error {
	n, ok := from.claims[c.By]
	if !ok {
		return problem("merge of claim %d, which does not stand", c.By)
	}
	delete(from.claims, c.By)
	from.held[n]++ // the claim's reference becomes the direct one
	return nil
}

func (t *Table) releasing(from *peer, c Control) error {
	if c.Count == 0 || c.Count > from.held[c.Node] {
		return problem("release of %d references to node %d, of which it holds %d", c.Count, c.Node, from.held[c.Node])
	}
	t.unhold(from, c.Node, c.Count)
	return nil
}
