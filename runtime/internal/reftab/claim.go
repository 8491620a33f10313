package reftab

// This file is how a holder uses references, has them confirmed, and passes them on.

// UseResult says what to do when a reference cannot be used at once.
type UseResult int

// The results of Use, Ask and Pass.
const (
	Ready    UseResult = iota
	IsDead             // the object is dead
	NeedLane           // there is no lane to the owner: get introduced and try again
	NoCredit           // towards the owner: wait for room and try again
)

// Use prepares a use of r: it posts the claim if there is none yet, and returns what the use names
// as by. Until EndUse the claim stays what it is. A local reference is the caller's. A weak reference
// is used to pass it on weakly, to send it home, and by Ask; it is not called.
func (t *Table) Use(r *Ref) (by uint64, res UseResult) {
	r = r.Resolve()
	if r.dead {
		return NoClaim, IsDead
	}
	owner := t.peers[r.Owner]
	if owner == nil {
		return NoClaim, NeedLane
	}
	if r.asked || !t.flush(owner) {
		return NoClaim, NoCredit
	}
	if !r.provisional {
		return NoClaim, Ready
	}
	if r.claim == NoClaim && !t.postClaim(owner, r) {
		return NoClaim, NoCredit
	}
	r.uses++
	return r.claim, Ready
}

// MaxClaims is how many claims and asks may wait for their verdict on one lane.
const MaxClaims = 64

func (t *Table) postClaim(owner *peer, r *Ref) bool {
	k, ok := t.postForVerdict(owner, r, Control{Kind: Claim, Peer: r.via, Position: r.position, Node: r.Node, Weak: r.weak})
	if ok {
		r.claim = k
		t.isClaimed(r)
	}
	return ok
}

// postForVerdict posts a claim or ask; its verdict is r's.
func (t *Table) postForVerdict(owner *peer, r *Ref, c Control) (k uint64, ok bool) {
	if owner.verdicts >= MaxClaims {
		return 0, false
	}
	pos, ok := t.env.Post(owner.id, c)
	if !ok {
		return 0, false
	}
	owner.claimed[pos+1] = r
	owner.verdicts++
	return pos + 1, true
}

// EndUse ends a use that Use returned by for. With the last one a confirmed reference is merged.
func (t *Table) EndUse(r *Ref, by uint64) {
	if by == NoClaim {
		return
	}
	r = r.Resolve()
	r.uses--
	t.mergeOrSettle(r)
}

func (t *Table) mergeOrSettle(r *Ref) {
	switch {
	case r.settled || r.uses > 0:
	case r.local == 0 || r.dead:
		t.settle(r)
	case r.confirmed:
		owner := t.peers[r.Owner]
		delete(owner.claimed, r.claim)
		t.send(owner, Control{Kind: Merge, By: r.claim})
		t.join(r)
	}
}

// join makes a confirmed reference part of the ordinary one.
func (t *Table) join(r *Ref) {
	d := t.direct(r.Owner, r.Node, r.weak)
	d.recv++
	d.local += r.local
	if len(d.Links) < len(r.Links) {
		d.Links, r.Links = r.Links, d.Links
	}
	for link := range r.Links {
		d.Links[link] = struct{}{}
	}
	r.Links = nil
	r.forward = d
	t.unnote(r)
}

// verdict takes the owner's word on a claim or ask.
func (t *Table) verdict(owner *peer, c Control) error {
	r := owner.claimed[c.By]
	if r == nil || r.confirmed {
		return problem("verdict on claim %d, which was not made or is judged", c.By)
	}
	owner.verdicts--
	if !c.OK || r.settled || r.asked {
		delete(owner.claimed, c.By)
	}
	switch {
	case r.asked:
		t.answered(owner, r, c)
	case r.settled: // given up meanwhile
	case !c.OK:
		t.forsake(r)
	default:
		r.confirmed = true
		r.dead = c.Dead
		t.mergeOrSettle(r)
	}
	t.env.Changed(r)
	return nil
}

// answered takes the verdict on an ask.
func (t *Table) answered(owner *peer, r *Ref, c Control) {
	given := c.OK && !c.Dead
	switch {
	case r.settled && given: // given up meanwhile
		t.send(owner, Control{Kind: Release, Node: r.Node, Count: 1, Weak: r.weak})
	case r.settled:
	case given:
		t.join(r)
	default:
		r.confirmed = c.OK
		t.forsake(r)
	}
}

// forsake gives up a reference that the owner has refused.
func (t *Table) forsake(r *Ref) {
	t.unnote(r)
	r.settled, r.dead = true, true
}

// Ask asks the owner of r's object for a reference of its own, strong or weak (R14): so a weak
// reference is promoted, and a weak one made of a strong one. The result is like a provisional
// reference: it is confirmed, or dead, when the verdict has come, and not used before.
func (t *Table) Ask(r *Ref, weak bool) (*Ref, UseResult) {
	by, res := t.Use(r)
	if res != Ready {
		return nil, res
	}
	r = r.Resolve()
	defer t.EndUse(r, by)
	owner := t.peers[r.Owner]
	a := &Ref{Owner: r.Owner, Node: r.Node, weak: weak, local: 1, provisional: true, asked: true}
	k, ok := t.postForVerdict(owner, a, Control{Kind: Ask, Node: r.Node, By: by, Weak: weak})
	if !ok {
		return nil, NoCredit
	}
	a.claim = k
	t.note(a)
	return a, Ready
}

// Pass posts the grant by which process to may claim r (R1). The message that tells it follows, or
// Unpass. For an object that is dead there is nothing to grant; the recipient will find it dead.
func (t *Table) Pass(r *Ref, to uint64) (position uint64, res UseResult) {
	return t.pass(r, to, r.weak)
}

func (t *Table) pass(r *Ref, to uint64, weak bool) (position uint64, res UseResult) {
	by, res := t.Use(r)
	if res == IsDead {
		return NoGrant, Ready
	}
	if res != Ready {
		return 0, res
	}
	r = r.Resolve()
	owner := t.peers[r.Owner]
	pos, ok := t.env.Post(owner.id, Control{Kind: Grant, Peer: to, Node: r.Node, By: by, Weak: weak})
	if ok {
		owner.granted[to] = true
		t.grantees.add(to, owner.id)
	}
	t.EndUse(r, by)
	if !ok {
		return 0, NoCredit
	}
	return pos, Ready
}

// NoGrant is the position in a message of an object that could not be granted: no grant ever has it.
const NoGrant = ^uint64(0)

// Unpass takes back a grant whose message was not posted.
func (t *Table) Unpass(r *Ref, to, position uint64) {
	if owner := t.peers[r.Resolve().Owner]; owner != nil && position != NoGrant {
		t.send(owner, Control{Kind: Revoke, Peer: to, Position: position})
	}
}
