package reftab

// This file is what happens when a process dies or is cut off.

// Died tells that p is gone. What it had published has been drained (R7).
func (t *Table) Died(p uint64) {
	if dead := t.peers[p]; dead != nil {
		t.bury(dead)
		t.fenceGrants(p)
		t.answerFencesAbout(p)
	}
}

// CutOff tells that p broke the protocol: as Died, but nobody is asked about its grants (R11).
func (t *Table) CutOff(p uint64) {
	if dead := t.peers[p]; dead != nil {
		t.bury(dead)
		if g := t.granters[p]; g != nil {
			for to := range g.batches {
				t.removeGrants(p, to)
			}
		}
		t.answerFencesAbout(p)
	}
}

// Unreachable tells that the broker could make no lane to p: it has died, or policy forbids it.
func (t *Table) Unreachable(p uint64) {
	if t.peers[p] != nil {
		return
	}
	t.loseProvisional(p)
	for from := range t.recipients[p] {
		if t.peers[from] == nil {
			t.removeGrants(from, p)
		}
	}
}

// bury takes p out: as holder, as recipient, as owner and as granter's partner.
func (t *Table) bury(p *peer) {
	delete(t.peers, p.id)
	p.buried = true
	for k := range p.claims {
		t.dropClaim(p, k)
	}
	for n, h := range p.held {
		strong, weak := h.strong, h.weak
		h.strong, h.weak = 0, 0
		h.tidy(n)
		t.unref(n, true, weak)
		if strong > 0 {
			t.unref(n, false, strong)
		}
	}
	for from := range t.recipients[p.id] {
		t.removeGrants(from, p.id)
	}
	for _, r := range p.refs {
		t.lose(r)
	}
	for _, r := range p.weaks {
		t.lose(r)
	}
	t.loseProvisional(p.id)
	for granter := range p.fences {
		t.askers.remove(granter, p.id)
	}
	for to := range p.granted {
		t.grantees.remove(to, p.id)
	}
	for id := range t.grantees[p.id] { // R9
		owner := t.peers[id]
		delete(owner.granted, p.id)
		t.grantees.remove(p.id, id)
		t.send(owner, Control{Kind: RevokePeer, Peer: p.id})
	}
}

func (t *Table) loseProvisional(owner uint64) {
	for r := range t.provisional[owner] {
		t.unnote(r)
		t.lose(r)
	}
}

// kill marks a reference dead; there may be something to give back for it.
func (t *Table) kill(r *Ref) {
	if !r.dead {
		r.dead = true
		t.env.Changed(r)
	}
}

// lose marks a reference dead for which there is nothing to give back.
func (t *Table) lose(r *Ref) {
	r.settled = true
	t.kill(r)
}
