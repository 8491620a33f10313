package reftab

// This file is what happens when a process dies or is cut off.

// fence is a Fence that this process has to answer: owner asks about dead granter.
type fence struct {
	owner, granter uint64
	sync           uint64 // number of the SyncBroker to wait for; zero: none
}

// Died tells that p is gone. What it had published has been drained (R7).
func (t *Table) Died(p uint64) {
	if dead := t.peers[p]; dead != nil {
		t.bury(dead)
		t.adoptGrants(dead)
		t.answerFences()
	}
}

// CutOff tells that p broke the protocol: as Died, but nobody is asked about its grants (R11).
func (t *Table) CutOff(p uint64) {
	if dead := t.peers[p]; dead != nil {
		for _, g := range dead.from {
			t.removeGrant(g)
		}
		t.bury(dead)
		t.answerFences()
	}
}

// Unreachable tells that the broker could make no lane to p: it has died, or policy forbids it.
func (t *Table) Unreachable(p uint64) {
	if t.peers[p] != nil {
		return
	}
	t.killProvisional(p)
	t.dropOrphansTo(p)
	t.answerFences()
}

// bury takes p out: as holder, as recipient, as owner and as granter's partner.
func (t *Table) bury(p *peer) {
	delete(t.peers, p.id)
	for n, count := range p.held {
		t.unrefBy(n, count)
	}
	for _, n := range p.claims {
		t.unref(n)
	}
	for g := range p.to {
		t.removeGrant(g)
	}
	t.dropOrphansTo(p.id)
	for _, r := range p.refs {
		t.kill(r)
	}
	t.killProvisional(p.id)
	for _, owner := range t.peers { // R9
		if owner.granted[p.id] {
			delete(owner.granted, p.id)
			t.send(owner, Control{Kind: RevokePeer, Peer: p.id})
		}
	}
}

func (t *Table) killProvisional(owner uint64) {
	set := t.provisional[owner]
	delete(t.provisional, owner)
	for r := range set {
		t.kill(r)
	}
}

// Grant records outlive their granter (R8): their recipients may have the message, or get it. They
// are kept by granter until the recipient has answered the fence.
type orphans map[uint64]*grant

func (t *Table) adoptGrants(p *peer) {
	if len(p.from) == 0 {
		return
	}
	if t.orphaned == nil {
		t.orphaned = make(map[uint64]orphans)
	}
	t.orphaned[p.id] = p.from
	asked := make(map[uint64]bool)
	for _, g := range p.from {
		to := t.peers[g.to]
		switch {
		case asked[g.to]:
		case to != nil:
			t.fenceAbout(to, p.id)
		default:
			t.env.Introduce(g.to)
		}
		asked[g.to] = true
	}
}

func (t *Table) fenceAbout(to *peer, granter uint64) {
	if !to.fenced[granter] {
		to.fenced[granter] = true
		t.send(to, Control{Kind: Fence, Peer: granter})
	}
}

// fenceRecipient asks a process that was just introduced about the grants it has of the dead.
func (t *Table) fenceRecipient(p *peer) {
	for granter, set := range t.orphaned {
		for _, g := range set {
			if g.to == p.id {
				p.to[g] = struct{}{}
				t.fenceAbout(p, granter)
			}
		}
	}
	for _, granter := range t.peers {
		for _, g := range granter.from {
			if g.to == p.id {
				p.to[g] = struct{}{}
			}
		}
	}
}

func (t *Table) orphan(granter, position uint64) *grant { return t.orphaned[granter][position] }

func (t *Table) forgetOrphan(g *grant) {
	set := t.orphaned[g.from]
	delete(set, g.position)
	if len(set) == 0 {
		delete(t.orphaned, g.from)
	}
}

func (t *Table) dropOrphansTo(p uint64) {
	for _, set := range t.orphaned {
		for _, g := range set {
			if g.to == p {
				t.removeGrant(g)
			}
		}
	}
}

// fencedBy: p has none of the dead granter's entries left unclaimed. It counts only for a granter
// that this process knows to be dead.
func (t *Table) fencedBy(p *peer, granter uint64) {
	if t.peers[granter] != nil || !p.fenced[granter] {
		return
	}
	delete(p.fenced, granter)
	for _, g := range t.orphaned[granter] {
		if g.to == p.id {
			t.removeGrant(g)
		}
	}
}

// fence notes an owner's question. Without a lane to the granter an introduction may be under way,
// so the broker is asked first.
func (t *Table) fence(from *peer, granter uint64) {
	f := fence{owner: from.id, granter: granter}
	for _, g := range t.fences {
		if g.owner == f.owner && g.granter == f.granter {
			return
		}
	}
	if t.peers[granter] == nil {
		t.syncs++
		f.sync = t.syncs
		t.env.SyncBroker(f.sync)
	}
	t.fences = append(t.fences, f)
	t.answerFences()
}

// Synced tells that every introduction that was under way when SyncBroker was called with n, or
// before, has come.
func (t *Table) Synced(n uint64) {
	for i := range t.fences {
		if t.fences[i].sync <= n {
			t.fences[i].sync = 0
		}
	}
	t.answerFences()
}

// answerFences answers those whose granter is dead and drained here, and has no entry of the owner's
// left that is not claimed.
func (t *Table) answerFences() {
	kept := t.fences[:0]
	var answers []fence
	for _, f := range t.fences {
		switch {
		case t.peers[f.owner] == nil:
		case f.sync == 0 && t.peers[f.granter] == nil && !t.unclaimed(f):
			answers = append(answers, f)
		default:
			kept = append(kept, f)
		}
	}
	t.fences = kept
	for _, f := range answers {
		t.send(t.peers[f.owner], Control{Kind: Fenced, Peer: f.granter})
	}
}

func (t *Table) unclaimed(f fence) bool {
	for r := range t.provisional[f.owner] {
		if r.via == f.granter && r.claim == NoClaim {
			return true
		}
	}
	return false
}
