package reftab

// This file is the question that an owner asks the recipients of a dead granter's grants, and its
// answer (R8). Grant records outlive their granter: their recipients may have the message, or get it.

// fenceGrants asks all to whom the dead granter passed something on.
func (t *Table) fenceGrants(granter uint64) {
	g := t.granters[granter]
	if g == nil {
		return
	}
	for id := range g.batches {
		if to := t.peers[id]; to != nil {
			t.fenceAbout(to, granter)
		} else {
			t.env.Introduce(id)
		}
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
	for granter := range t.recipients[p.id] {
		if t.peers[granter] == nil {
			t.fenceAbout(p, granter)
		}
	}
}

// fencedBy: p has none of the dead granter's entries left unclaimed. It counts if it was asked for.
func (t *Table) fencedBy(p *peer, granter uint64) {
	if p.fenced[granter] {
		delete(p.fenced, granter)
		t.removeGrants(granter, p.id)
	}
}

// fence notes an owner's question. Who has no lane to the granter has nothing of it, and nothing can
// come: the granter has published nothing before both took part in their introduction, and is dead.
func (t *Table) fence(from *peer, granter uint64) {
	from.fences[granter] = struct{}{}
	t.askers.add(granter, from.id)
	t.answerFence(from.id, granter)
}

// answerFencesAbout answers those whose granter has just died.
func (t *Table) answerFencesAbout(granter uint64) {
	for owner := range t.askers[granter] {
		t.answerFence(owner, granter)
	}
}

// answerFence answers the owner's question if the granter is dead and drained here, and has no entry
// of the owner's left that is not claimed.
func (t *Table) answerFence(owner, granter uint64) {
	from := t.peers[owner]
	if from == nil {
		return
	}
	_, asked := from.fences[granter]
	if !asked || t.peers[granter] != nil || t.unclaimed[pair{owner, granter}] > 0 {
		return
	}
	delete(from.fences, granter)
	t.askers.remove(granter, owner)
	t.send(from, Control{Kind: Fenced, Peer: granter})
}
