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

// fencedBy: p has none of the dead granter's entries left unclaimed. It counts only for a granter
// that this process knows to be dead.
func (t *Table) fencedBy(p *peer, granter uint64) {
	if t.peers[granter] == nil && p.fenced[granter] {
		delete(p.fenced, granter)
		t.removeGrants(granter, p.id)
	}
}

// maxFences bounds the questions of one owner that wait for an answer.
const maxFences = 1 << 16

// waiting is a fence that waits for the broker.
type waiting struct{ sync, owner, granter uint64 }

// fence notes an owner's question. Without a lane to the granter an introduction may be under way,
// so the broker is asked first.
func (t *Table) fence(from *peer, granter uint64) error {
	if _, asked := from.fences[granter]; asked {
		return nil
	}
	if len(from.fences) >= maxFences {
		return problem("more than %d questions about dead processes", maxFences)
	}
	from.fences[granter] = 0
	if t.peers[granter] == nil {
		t.syncs++
		from.fences[granter] = t.syncs
		t.syncing = append(t.syncing, waiting{t.syncs, from.id, granter})
		t.env.SyncBroker(t.syncs)
	}
	t.answerFence(from.id, granter)
	return nil
}

// Synced tells that every introduction that was under way when SyncBroker was called with n, or
// before, has come.
func (t *Table) Synced(n uint64) {
	for len(t.syncing) > 0 && t.syncing[0].sync <= n {
		w := t.syncing[0]
		t.syncing = t.syncing[1:]
		if owner := t.peers[w.owner]; owner != nil && owner.fences[w.granter] == w.sync {
			owner.fences[w.granter] = 0
			t.answerFence(w.owner, w.granter)
		}
	}
}

// answerFencesAbout answers those whose granter has just died.
func (t *Table) answerFencesAbout(granter uint64) {
	for owner := range t.peers {
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
	sync, asked := from.fences[granter]
	if !asked || sync != 0 || t.peers[granter] != nil || t.unclaimed[pair{owner, granter}] > 0 {
		return
	}
	delete(from.fences, granter)
	t.send(from, Control{Kind: Fenced, Peer: granter})
}
