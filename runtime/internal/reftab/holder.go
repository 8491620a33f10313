package reftab

// This file is the holder's side: what this process has of others.

// Ref is what this process holds of one object of another process. References that came from the
// owner share one Ref; one that came through a third process has its own until the owner has
// confirmed it (R2). A Ref lives as long as its local count is above zero.
type Ref struct {
	Owner, Node uint64

	local   int    // Retain less Release
	recv    uint64 // direct references received: what Release gives back
	dead    bool
	forward *Ref // the direct Ref that this one became

	provisional bool
	via         uint64 // who passed it on
	position    uint64 // of the grant, in the lane via-owner
	claim       uint64 // NoClaim: not claimed
	confirmed   bool   // the verdict was good; merged when no use is under way
	uses        int    // uses that may name the claim

	Links []any // death links, the owner of the table's business
}

// Resolve returns the Ref that r stands for now.
func (r *Ref) Resolve() *Ref {
	for r.forward != nil {
		r = r.forward
	}
	return r
}

// Dead reports whether the object has died, or was never there for this process.
func (r *Ref) Dead() bool { return r.Resolve().dead }

// Verified reports whether the owner has confirmed the reference.
func (r *Ref) Verified() bool { return !r.Resolve().provisional }

// Received takes a reference that p sent to its own node n.
func (t *Table) Received(p, n uint64) *Ref {
	r := t.direct(p, n)
	r.recv++
	r.local++
	return r
}

// Root returns a reference to the node behind handle 0, which every process with a lane to its owner
// holds without having been sent it.
func (t *Table) Root(owner, n uint64) *Ref {
	r := t.direct(owner, n)
	r.local++
	return r
}

func (t *Table) direct(p, n uint64) *Ref {
	owner := t.peers[p]
	if owner == nil {
		return &Ref{Owner: p, Node: n, dead: true}
	}
	r := owner.refs[n]
	if r == nil {
		r = &Ref{Owner: p, Node: n}
		owner.refs[n] = r
	}
	return r
}

// Passed takes a reference to owner's node n that via passed on.
func (t *Table) Passed(via, owner, n, position uint64) *Ref {
	r := &Ref{Owner: owner, Node: n, local: 1, provisional: true, via: via, position: position}
	if owner == t.self || owner == via || t.peers[via] == nil {
		r.dead = true // no honest process sends such
		return r
	}
	t.note(r)
	return r
}

// note keeps provisional references findable by owner: deaths and fences ask for them.
func (t *Table) note(r *Ref) {
	if t.provisional == nil {
		t.provisional = make(map[uint64]map[*Ref]struct{})
	}
	set := t.provisional[r.Owner]
	if set == nil {
		set = make(map[*Ref]struct{})
		t.provisional[r.Owner] = set
	}
	set[r] = struct{}{}
}

func (t *Table) unnote(r *Ref) {
	set := t.provisional[r.Owner]
	delete(set, r)
	if len(set) == 0 {
		delete(t.provisional, r.Owner)
	}
	t.answerFences()
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

// settle gives up a reference that nobody here needs: no local count and no use under way.
func (t *Table) settle(r *Ref) {
	switch {
	case r.local > 0 || r.uses > 0 || r.dead:
	case !r.provisional:
		t.releaseDirect(r)
	case r.claim == NoClaim:
		r.dead = true
		if via := t.peers[r.via]; via != nil { // else the fence covers it (R6, R8)
			t.send(via, Control{Kind: Unused, Peer: r.Owner, Position: r.position})
		}
		t.unnote(r)
	default:
		r.dead = true
		if owner := t.peers[r.Owner]; owner != nil {
			t.send(owner, Control{Kind: Drop, By: r.claim})
		}
		t.unnote(r)
	}
}

func (t *Table) releaseDirect(r *Ref) {
	r.dead = true
	owner := t.peers[r.Owner]
	if owner == nil {
		return
	}
	delete(owner.refs, r.Node)
	if r.recv > 0 {
		t.send(owner, Control{Kind: Release, Node: r.Node, Count: r.recv})
	}
}

// UseResult says what to do when a reference cannot be used at once.
type UseResult int

// The results of Use and Pass.
const (
	Ready    UseResult = iota
	IsDead             // the object is dead
	NeedLane           // there is no lane to the owner: get introduced and try again
	NoCredit           // towards the owner: wait for room and try again
)

// Use prepares a use of r: it posts the claim if there is none yet, and returns what the use names
// as by. Until EndUse the claim stays what it is. A local reference is the caller's.
func (t *Table) Use(r *Ref) (by uint64, res UseResult) {
	r = r.Resolve()
	if r.dead {
		return NoClaim, IsDead
	}
	owner := t.peers[r.Owner]
	if owner == nil {
		return NoClaim, NeedLane
	}
	if !t.flush(owner) {
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

// MaxClaims is how many claims may wait for their verdict on one lane.
const MaxClaims = 64

func (t *Table) postClaim(owner *peer, r *Ref) bool {
	if owner.verdicts >= MaxClaims {
		return false
	}
	pos, ok := t.env.Post(owner.id, Control{Kind: Claim, Peer: r.via, Position: r.position, Node: r.Node})
	if !ok {
		return false
	}
	r.claim = pos + 1
	owner.claimed[r.claim] = r
	owner.verdicts++
	t.answerFences()
	return true
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
	case r.dead || r.uses > 0:
	case r.local == 0:
		t.forgetClaim(r)
		t.settle(r)
	case r.confirmed:
		t.merge(r)
	}
}

func (t *Table) forgetClaim(r *Ref) {
	if owner := t.peers[r.Owner]; owner != nil && r.confirmed {
		delete(owner.claimed, r.claim)
	}
}

// merge makes a confirmed provisional reference an ordinary one.
func (t *Table) merge(r *Ref) {
	owner := t.peers[r.Owner]
	delete(owner.claimed, r.claim)
	d := t.direct(r.Owner, r.Node)
	d.recv++
	d.local += r.local
	d.Links = append(d.Links, r.Links...)
	r.Links = nil
	r.forward = d
	t.send(owner, Control{Kind: Merge, By: r.claim})
	t.unnote(r)
	t.env.Changed(r)
}

// verdict takes the owner's word on a claim. One that was dropped meanwhile has no Ref any more.
func (t *Table) verdict(owner *peer, c Control) error {
	if owner.verdicts == 0 {
		return problem("verdict on claim %d, which was not made", c.By)
	}
	r := owner.claimed[c.By]
	if r == nil || r.confirmed {
		return problem("verdict on claim %d, which was not made or is judged", c.By)
	}
	owner.verdicts--
	if r.dead { // dropped
		delete(owner.claimed, c.By)
		return nil
	}
	if !c.OK {
		delete(owner.claimed, c.By)
		t.kill(r)
		t.unnote(r)
		return nil
	}
	r.confirmed = true
	t.mergeOrSettle(r)
	return nil
}

func (t *Table) kill(r *Ref) {
	if !r.dead {
		r.dead = true
		t.env.Changed(r)
	}
}

// Pass posts the grant by which process to may claim r (R1). The message that tells it follows, or
// Unpass. For an object that is dead there is nothing to grant; the recipient will find it dead.
func (t *Table) Pass(r *Ref, to uint64) (position uint64, res UseResult) {
	by, res := t.Use(r)
	if res == IsDead {
		return NoGrant, Ready
	}
	if res != Ready {
		return 0, res
	}
	r = r.Resolve()
	owner := t.peers[r.Owner]
	pos, ok := t.env.Post(owner.id, Control{Kind: Grant, Peer: to, Node: r.Node, By: by})
	if ok {
		owner.granted[to] = true
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
