package reftab

// This file is the holder's side: what this process has of others.

// Ref is what this process holds of one object of another process, strongly or weakly. References of
// one strength that came from the owner share one Ref; one that came through a third process has its
// own until the owner has confirmed it (R2). A Ref lives as long as its local count is above zero.
type Ref struct {
	Owner, Node uint64

	weak    bool
	local   int    // Retain less Release
	recv    uint64 // direct references received: what Release gives back
	dead    bool
	settled bool // there is nothing to give back any more
	forward *Ref // the direct Ref that this one became

	provisional bool
	asked       bool   // not passed on by anybody: the owner was asked for it
	noted       bool   // in Table.provisional
	via         uint64 // who passed it on
	position    uint64 // of the grant, in the lane via-owner
	claim       uint64 // NoClaim: not claimed
	confirmed   bool   // the verdict was good; merged when no use is under way
	uses        int    // uses that may name the claim

	Links map[any]struct{} // death links, the owner of the table's business; nil: none
}

// Resolve returns the Ref that r stands for now.
func (r *Ref) Resolve() *Ref {
	for r.forward != nil {
		r = r.forward
	}
	return r
}

// Plain reports that the reference is the owner's own word, and nothing is known against its use: Use needs no more
// than that nothing is owed to the owner.
func (r *Ref) Plain() bool { return r.forward == nil && !r.dead && !r.provisional && !r.asked }

// Dead reports whether the object has died, or was never there for this process.
func (r *Ref) Dead() bool { return r.Resolve().dead }

// Weak reports whether the reference is a weak one.
func (r *Ref) Weak() bool { return r.weak }

// Verified reports whether the owner has confirmed the reference, be the object alive or dead.
func (r *Ref) Verified() bool {
	r = r.Resolve()
	return !r.provisional || r.confirmed
}

// Link puts a death link on the reference.
func (r *Ref) Link(link any) {
	r = r.Resolve()
	if r.Links == nil {
		r.Links = make(map[any]struct{})
	}
	r.Links[link] = struct{}{}
}

// Unlink takes a death link back; false means that it is not there.
func (r *Ref) Unlink(link any) bool {
	r = r.Resolve()
	_, ok := r.Links[link]
	delete(r.Links, link)
	return ok
}

// Received takes a reference that p sent to its own node n.
func (t *Table) Received(p, n uint64) *Ref { return t.receive(p, n, false) }

func (t *Table) receive(p, n uint64, weak bool) *Ref {
	r := t.direct(p, n, weak)
	r.recv++
	r.local++
	return r
}

// Root returns a reference to the node behind handle 0, which every process with a lane to its owner
// holds without having been sent it.
func (t *Table) Root(owner, n uint64) *Ref {
	if p := t.peers[owner]; p != nil && p.goneRoot == n && p.refs[n] == nil {
		return &Ref{Owner: owner, Node: n, local: 1, dead: true, settled: true}
	}
	r := t.direct(owner, n, false)
	r.local++
	return r
}

func (t *Table) direct(p, n uint64, weak bool) *Ref {
	owner := t.peers[p]
	if owner == nil {
		return &Ref{Owner: p, Node: n, weak: weak, dead: true, settled: true}
	}
	list := owner.refs
	if weak {
		list = owner.weaks
	}
	r := list[n]
	if r == nil {
		r = &Ref{Owner: p, Node: n, weak: weak}
		list[n] = r
		t.counted(owner)
	}
	return r
}

// Passed takes a reference to owner's node n that via passed on.
func (t *Table) Passed(via, owner, n, position uint64) *Ref {
	return t.takePassed(via, Entry{Owner: owner, Node: n, Position: position})
}

func (t *Table) takePassed(via uint64, e Entry) *Ref {
	if e.Owner == t.self || e.Owner == via || t.peers[via] == nil {
		return deadRef(via, e) // no honest process sends such
	}
	r := &Ref{Owner: e.Owner, Node: e.Node, weak: e.Weak, local: 1, provisional: true, via: via, position: e.Position}
	t.note(r)
	t.unclaimed[pair{r.Owner, via}]++
	return r
}

// deadRef is an object that was dead when it came. Only its owner's word counts for its identity.
func deadRef(via uint64, e Entry) *Ref {
	return &Ref{
		Owner: e.Owner, Node: e.Node, weak: e.Weak, local: 1, dead: true, settled: true,
		provisional: true, confirmed: e.Owner == via,
	}
}

// note keeps provisional references findable by owner: deaths ask for them.
func (t *Table) note(r *Ref) {
	set := t.provisional[r.Owner]
	if set == nil {
		set = make(map[*Ref]struct{})
		t.provisional[r.Owner] = set
	}
	set[r] = struct{}{}
	r.noted = true
}

func (t *Table) unnote(r *Ref) {
	if !r.noted {
		return
	}
	r.noted = false
	set := t.provisional[r.Owner]
	delete(set, r)
	if len(set) == 0 {
		delete(t.provisional, r.Owner)
	}
	if r.claim == NoClaim {
		t.isClaimed(r)
	}
}

// isClaimed: r is one fewer that is not claimed; an owner may wait for the last (R8).
func (t *Table) isClaimed(r *Ref) {
	key := pair{r.Owner, r.via}
	if t.unclaimed[key]--; t.unclaimed[key] == 0 {
		delete(t.unclaimed, key)
		t.answerFence(r.Owner, r.via)
	}
}

// Retain adds a local reference.
func (t *Table) Retain(r *Ref) { r.Resolve().local++ }

// Release gives a local reference back; with the last one the owner, or who passed it on, is told.
func (t *Table) Release(r *Ref) {
	r = r.Resolve()
	if r.local--; r.local == 0 {
		t.settle(r)
	}
}

// ReleaseAll is Release of many. Owners are told once at the end: of neighbouring nodes in one
// message.
func (t *Table) ReleaseAll(list []*Ref) {
	t.batching = true
	for _, r := range list {
		t.Release(r)
	}
	t.batching = false
	for i, p := range t.batched {
		p.batched = false
		t.flush(p)
		t.batched[i] = nil
	}
	t.batched = t.batched[:0]
}

// settle gives up a reference that nobody here needs, or that can only be given back: no use is under
// way, and there is no local count, or the object was destroyed before the reference was merged.
func (t *Table) settle(r *Ref) {
	if r.settled || r.uses > 0 || r.local > 0 && !(r.provisional && r.dead) {
		return
	}
	owner := t.peers[r.Owner]
	r.settled, r.dead = true, true
	switch {
	case !r.provisional:
		t.releaseDirect(owner, r)
	case r.asked: // the verdict is still to come, and then what it brings goes back
	case r.claim == NoClaim:
		if via := t.peers[r.via]; via != nil { // else the fence covers it (R6, R8)
			t.send(via, Control{Kind: Unused, Peer: r.Owner, Position: r.position})
		}
	case owner != nil:
		if r.confirmed { // else the verdict looks for it
			delete(owner.claimed, r.claim)
		}
		t.send(owner, Control{Kind: Drop, By: r.claim})
	}
	t.unnote(r)
}

func (t *Table) releaseDirect(owner *peer, r *Ref) {
	if owner == nil {
		return
	}
	if r.weak {
		delete(owner.weaks, r.Node)
	} else {
		delete(owner.refs, r.Node)
		t.counted(owner)
	}
	if r.recv > 0 {
		t.send(owner, Control{Kind: Release, Node: r.Node, Count: r.recv, Weak: r.weak})
	}
}
