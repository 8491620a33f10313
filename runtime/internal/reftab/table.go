// Package reftab is the reference protocol of one process: what it has given to others, what it
// holds of others, and the control messages that keep both sides right when objects are passed on,
// dropped and destroyed, and when processes die. PROTOCOL.md has the rules; the tags R1 to R14 name them.
//
// The package is pure: it knows no lane, thread or clock, only its Env, so that a model checker can
// drive it through every order of events. It is not safe for concurrent use: its owner serialises
// all calls, the effects of all lanes included (R4), under one lock.
package reftab

// Env is what the table needs of the world.
type Env interface {
	// Post publishes c on the lane to p; ok is false when there is no credit now. A Verdict always
	// has credit.
	Post(p uint64, c Control) (pos uint64, ok bool)
	// Next takes the next message of p's lane if it lies below limit, and gives it to the table.
	Next(p uint64, limit uint64) bool
	// Introduce asks the broker for a lane to p. Opened or Unreachable follows.
	Introduce(p uint64)
	// Released tells that no other process holds the object any more, but weakly. It may call
	// Destroy, and nothing else of the table.
	Released(object any)
	// Changed tells that the verdict on r has come, or that r has died.
	Changed(r *Ref)
}

// Table is the reference state of one process.
type Table struct {
	self  uint64
	env   Env
	peers map[uint64]*peer

	// This process as owner.
	nodes      map[uint64]*node
	root       *node                        // behind handle 0, and among nodes as long as it is; nil: none
	granters   map[uint64]*granter          // grant records by who made them, the dead included (R8)
	recipients map[uint64]map[uint64]*batch // the same by recipient, then granter

	// This process as holder.
	watermarks  *Watermarks                  // nil: none
	provisional map[uint64]map[*Ref]struct{} // unmerged references, by owner
	unclaimed   map[pair]int                 // how many of them are not claimed

	// The same as in the peers, the other way round: a death must not look at all of them.
	askers   index // owners that ask about a dead granter, by that one: fences
	grantees index // owners on whose nodes grants were made, by recipient: granted

	unsent   bool    // what is released was never posted
	batching bool    // what is sent waits for the end of ReleaseAll
	batched  []*peer // to whom something was sent meanwhile
}

// New makes the table of process self.
func New(self uint64, env Env) *Table {
	return &Table{
		self: self, env: env, peers: make(map[uint64]*peer), nodes: make(map[uint64]*node),
		granters: make(map[uint64]*granter), recipients: make(map[uint64]map[uint64]*batch),
		provisional: make(map[uint64]map[*Ref]struct{}), unclaimed: make(map[pair]int),
		askers: make(index), grantees: make(index),
	}
}

// Peer is another process that this one has a lane to, or had.
type Peer = peer

type peer struct {
	id       uint64
	owed     []Control // controls without credit yet, in order
	deaths   int       // those of them that tell of a node's end
	draining bool
	batched  bool // in Table.batched
	buried   bool // it is gone

	// This process as owner.
	held   map[uint64]*holding // by node
	claims map[uint64]claim    // claim records, by claim
	fenced map[uint64]bool     // dead granters that a Fence was sent about

	// This process as holder.
	refs     map[uint64]*Ref     // direct, by node
	weaks    map[uint64]*Ref     // direct and weak
	mark     int                 // the watermark that was told last: 1 the warning, 2 high
	claimed  map[uint64]*Ref     // by claim or ask: without verdict, or not merged
	verdicts int                 // claims and asks without a verdict
	fences   map[uint64]struct{} // dead granters that the peer asks about
	goneRoot uint64              // the node behind handle 0 that was destroyed last

	// This process as granter.
	granted map[uint64]bool // recipients of grants that this process made on the peer's nodes
}

// Opened tells that a lane to p exists; nothing of p has been received yet. It returns what Pin knows p by.
func (t *Table) Opened(p uint64) *Peer {
	to := &peer{
		id: p, held: make(map[uint64]*holding), claims: make(map[uint64]claim), fenced: make(map[uint64]bool),
		refs: make(map[uint64]*Ref), weaks: make(map[uint64]*Ref), claimed: make(map[uint64]*Ref),
		fences: make(map[uint64]struct{}), granted: make(map[uint64]bool),
	}
	t.peers[p] = to
	t.fenceRecipient(to)
	if t.root != nil && t.root.destroyed {
		t.send(to, Control{Kind: Destroyed, Node: t.root.id, OK: true})
	}
	return to
}

// Known reports whether there is a living lane to p.
func (t *Table) Known(p uint64) bool { return t.peers[p] != nil }

// Receive takes a control message that p published at pos. An error is a *Problem.
func (t *Table) Receive(p, pos uint64, c Control) error {
	from := t.peers[p]
	if from == nil {
		return nil
	}
	switch c.Kind {
	case Grant:
		return t.granting(from, pos, c)
	case Revoke:
		t.removeGrant(p, c.Peer, c.Position)
	case RevokePeer:
		t.revokePeer(from, c.Peer)
	case Claim:
		return t.claiming(from, pos+1, c)
	case Verdict:
		return t.verdict(from, c)
	case Merge:
		return t.merging(from, c)
	case Drop:
		t.dropClaim(from, c.By)
	case Release:
		return t.releasing(from, c)
	case Unused:
		if owner := t.peers[c.Peer]; owner != nil {
			t.send(owner, Control{Kind: Revoke, Peer: p, Position: c.Position})
		}
	case Fence:
		t.fence(from, c.Peer)
	case Fenced:
		t.fencedBy(from, c.Peer)
	case Destroyed:
		return t.destroyedBy(from, c)
	case Ask:
		return t.asking(from, pos+1, c)
	default:
		return problem("control message of unknown kind %d", c.Kind)
	}
	return nil
}

// Drain takes what p has published below limit. A lane that is being drained further up the stack is
// left alone: what it lies before cannot matter to an honest claim (R4).
func (t *Table) Drain(p, limit uint64) {
	from := t.peers[p]
	if from == nil || from.draining {
		return
	}
	from.draining = true
	for t.env.Next(p, limit) {
	}
	from.draining = false
}
