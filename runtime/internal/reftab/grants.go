package reftab

// This file is grant records and claims at the owner.

// pair is two processes.
type pair struct{ a, b uint64 }

// grant is a grant record: a reference that waits for its recipient's claim.
type grant struct {
	node uint64
	weak bool
}

// batch is the grant records from one process to another, by position.
type batch struct {
	from, to uint64
	grants   map[uint64]grant
}

// granter is the grant records that one process made.
type granter struct {
	count   int
	batches map[uint64]*batch // by recipient
}

// maxRecords bounds the grant records, and the claim records, of one process (R12).
const maxRecords = 1 << 20

func (t *Table) granting(from *peer, pos uint64, c Control) error {
	x := t.entitled(from, c.Node, c.By, c.Weak)
	if x == nil || c.Peer == from.id || c.Peer == t.self {
		return nil // forged, or an honest relay of a forgery: only the claim on it fails (R11)
	}
	if g := t.granters[from.id]; g != nil && g.count >= maxRecords {
		return problem("more than %d objects passed on that nobody has taken", maxRecords)
	}
	x.ref(c.Weak)
	b := t.batchOf(from.id, c.Peer)
	b.grants[pos] = grant{c.Node, c.Weak}
	t.granters[from.id].count++
	return nil
}

// batchOf returns the grant records from one process to another, made if there are none.
func (t *Table) batchOf(from, to uint64) *batch {
	g := t.granters[from]
	if g == nil {
		g = &granter{batches: make(map[uint64]*batch)}
		t.granters[from] = g
	}
	b := g.batches[to]
	if b == nil {
		b = &batch{from: from, to: to, grants: make(map[uint64]grant)}
		g.batches[to] = b
		set := t.recipients[to]
		if set == nil {
			set = make(map[uint64]*batch)
			t.recipients[to] = set
		}
		set[from] = b
	}
	return b
}

func (t *Table) grantAt(from, to, position uint64) (g grant, ok bool) {
	if b := t.recipients[to][from]; b != nil {
		g, ok = b.grants[position]
	}
	return g, ok
}

// takeGrant takes a record out; what it counts for the node is the caller's.
func (t *Table) takeGrant(from, to, position uint64) (g grant, ok bool) {
	g, ok = t.grantAt(from, to, position)
	if ok {
		b := t.recipients[to][from]
		delete(b.grants, position)
		t.granters[from].count--
		t.forgetBatch(b)
	}
	return g, ok
}

func (t *Table) removeGrant(from, to, position uint64) {
	if g, ok := t.takeGrant(from, to, position); ok {
		t.unref(g.node, g.weak, 1)
	}
}

// removeGrants removes all records from one process to another.
func (t *Table) removeGrants(from, to uint64) {
	b := t.recipients[to][from]
	if b == nil {
		return
	}
	for position := range b.grants {
		t.removeGrant(from, to, position)
	}
}

// forgetBatch forgets a batch that is empty.
func (t *Table) forgetBatch(b *batch) {
	if len(b.grants) > 0 {
		return
	}
	g := t.granters[b.from]
	delete(g.batches, b.to)
	if len(g.batches) == 0 {
		delete(t.granters, b.from)
	}
	delete(t.recipients[b.to], b.from)
	if len(t.recipients[b.to]) == 0 {
		delete(t.recipients, b.to)
	}
}

// revokePeer: a granter saw a recipient die. While this process has not seen it, the recipient's
// lane may still hold claims that count (R9).
func (t *Table) revokePeer(from *peer, recipient uint64) {
	if t.peers[recipient] == nil {
		t.removeGrants(from.id, recipient)
	}
}

// claiming judges a claim at once (R3): it never waits for what is not published. A claim on a node
// that was destroyed is as good as another; the verdict tells (R13).
func (t *Table) claiming(from *peer, k uint64, c Control) error {
	if len(from.claims) >= maxRecords {
		return problem("more than %d claims that were not merged", maxRecords)
	}
	good := t.judge(from, c)
	if t.peers[from.id] != from {
		return nil // cut off while a lane was drained for it
	}
	dead := false
	if good { // the record's reference becomes the claim's
		t.takeGrant(c.Peer, from.id, c.Position)
		from.claims[k] = claim{c.Node, c.Weak}
		h := t.holdingOf(from, c.Node)
		if h.claims == nil {
			h.claims = make(map[uint64]struct{})
		}
		h.claims[k] = struct{}{}
		dead = h.node.destroyed
	}
	return t.answer(from, Control{Kind: Verdict, By: k, OK: good, Dead: dead})
}

func (t *Table) judge(from *peer, c Control) bool {
	t.Drain(c.Peer, c.Position+1)
	g, ok := t.grantAt(c.Peer, from.id, c.Position)
	return ok && g == grant{c.Node, c.Weak}
}

func (t *Table) merging(from *peer, c Control) error {
	r, ok := from.claims[c.By]
	if !ok {
		return problem("merge of claim %d, which does not stand", c.By)
	}
	delete(from.claims, c.By)
	h := from.held[r.node]
	delete(h.claims, c.By)
	h.add(r.weak) // the claim's reference becomes the direct one
	return nil
}

func (t *Table) dropClaim(from *peer, k uint64) {
	r, ok := from.claims[k]
	if !ok {
		return
	}
	delete(from.claims, k)
	h := from.held[r.node]
	delete(h.claims, k)
	h.tidy(r.node)
	t.unref(r.node, r.weak, 1)
}
