// Package reftab is the reference protocol of one process: what it has given to others, what it
// holds of others, and the control messages that keep both sides right when objects are passed on,
// dropped, and when processes die. PROTOCOL.md has the rules; the tags R1 to R12 name them.
//
// The package is pure: it knows no lane, thread or clock, only its Env, so that a model checker can
// drive it through every order of events. It is not safe for concurrent use: its owner serialises
// all calls, the effects of all lanes included (R4), under one lock.
package reftab

import "fmt"

// Kind is a control message's.
type Kind uint8

// The control messages, with the fields they use.
const (
	Grant      Kind = 1  // Peer: recipient, Node, By: the claim it is made on, or NoClaim
	Revoke     Kind = 2  // Peer: recipient, Position: of the grant
	RevokePeer Kind = 3  // Peer: recipient
	Claim      Kind = 4  // Peer: granter, Position: of the grant, Node
	Verdict    Kind = 5  // By: the claim, OK
	Merge      Kind = 6  // By: the claim
	Drop       Kind = 7  // By: the claim
	Release    Kind = 8  // Node, Count
	Unused     Kind = 9  // Peer: owner, Position: of the grant
	Fence      Kind = 10 // Peer: dead granter
	Fenced     Kind = 11 // Peer: dead granter
)

// NoClaim stands in By for an ordinary reference. Claims are named by their position plus one.
const NoClaim = 0

// Control is a control message. Positions count the messages of a lane from 0.
type Control struct {
	Kind     Kind
	OK       bool
	Peer     uint64
	Node     uint64
	By       uint64
	Position uint64
	Count    uint64
}

// Env is what the table needs of the world.
type Env interface {
	// Post publishes c on the lane to p; ok is false when there is no credit now. A Verdict always
	// has credit.
	Post(p uint64, c Control) (pos uint64, ok bool)
	// Published is the position behind what p has published as of now.
	Published(p uint64) uint64
	// Next takes the next message of p's lane if it lies below limit, and gives it to the table.
	Next(p uint64, limit uint64) bool
	// Introduce asks the broker for a lane to p. Opened or Unreachable follows.
	Introduce(p uint64)
	// SyncBroker asks for Synced(n), when every introduction that is under way now has come.
	SyncBroker(n uint64)
	// Released tells that no other process holds the object any more.
	Released(object any)
	// Changed tells that the verdict on r has come, or that r has died.
	Changed(r *Ref)
}

// Table is the reference state of one process.
type Table struct {
	self     uint64
	env      Env
	peers    map[uint64]*peer
	nodes    map[uint64]*node
	root     uint64             // node behind handle 0; zero: none
	orphaned map[uint64]orphans // grant records by dead granter

	fences      []fence // that this process has to answer
	syncs       uint64
	provisional map[uint64]map[*Ref]struct{} // unmerged references, by owner
}

// New makes the table of process self.
func New(self uint64, env Env) *Table {
	return &Table{self: self, env: env, peers: make(map[uint64]*peer), nodes: make(map[uint64]*node)}
}

// peer is another process that this one has a lane to.
type peer struct {
	id       uint64
	owed     []Control // controls without credit yet, in order
	draining bool

	// This process as owner.
	held   map[uint64]uint64   // direct references by node: cnt
	claims map[uint64]uint64   // claim records: node by claim
	from   map[uint64]*grant   // grant records that the peer made, by position
	to     map[*grant]struct{} // grant records for the peer
	fenced map[uint64]bool     // dead granters that a Fence was sent about

	// This process as holder.
	refs     map[uint64]*Ref // direct, by node
	claimed  map[uint64]*Ref // provisional, by claim
	verdicts int             // claims without a verdict

	// This process as granter.
	granted map[uint64]bool // recipients of grants that this process made on the peer's nodes
}

// grant is a grant record: a strong reference that waits for its recipient's claim.
type grant struct {
	from, position, to uint64
	node               uint64
}

// node is an object of this process that others hold. refs is the sum of all that keeps it: direct
// references, grant records, claim records and pins.
type node struct {
	object any
	refs   uint64
}

// Problem is a breach of the protocol by a peer, which is to be cut off.
type Problem struct{ Text string }

func (p *Problem) Error() string { return p.Text }

func problem(format string, args ...any) error { return &Problem{fmt.Sprintf(format, args...)} }

// Opened tells that a lane to p exists; nothing of p has been received yet.
func (t *Table) Opened(p uint64) {
	t.peers[p] = &peer{
		id: p, held: make(map[uint64]uint64), claims: make(map[uint64]uint64),
		from: make(map[uint64]*grant), to: make(map[*grant]struct{}), fenced: make(map[uint64]bool),
		refs: make(map[uint64]*Ref), claimed: make(map[uint64]*Ref), granted: make(map[uint64]bool),
	}
	t.fenceRecipient(t.peers[p])
}

// Known reports whether there is a living lane to p.
func (t *Table) Known(p uint64) bool { return t.peers[p] != nil }

// Receive takes a control message that p published at pos.
func (t *Table) Receive(p, pos uint64, c Control) error {
	from := t.peers[p]
	if from == nil {
		return nil
	}
	switch c.Kind {
	case Grant:
		return t.granting(from, pos, c)
	case Revoke:
		if g := from.from[c.Position]; g != nil && g.to == c.Peer {
			t.removeGrant(g)
		}
	case RevokePeer:
		t.revokePeer(from, c.Peer)
	case Claim:
		return t.claiming(from, pos+1, c)
	case Verdict:
		return t.verdict(from, c)
	case Merge:
		return t.merging(from, c)
	case Drop:
		if n, ok := from.claims[c.By]; ok {
			delete(from.claims, c.By)
			t.unref(n)
		}
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

// send posts a control message now, or as soon as there is credit; the order is kept.
func (t *Table) send(p *peer, c Control) {
	p.owed = append(p.owed, c)
	t.flush(p)
}

func (t *Table) flush(p *peer) bool {
	for len(p.owed) > 0 {
		if _, ok := t.env.Post(p.id, p.owed[0]); !ok {
			return false
		}
		p.owed = p.owed[1:]
	}
	p.owed = nil
	return true
}

// Flush posts what is owed to p. False means that there is not enough credit; nothing that refers to
// a reference may be posted to p before it is true.
func (t *Table) Flush(p uint64) bool {
	to := t.peers[p]
	return to == nil || t.flush(to)
}

// Owed returns how many control messages wait for credit towards p.
func (t *Table) Owed(p uint64) int {
	if to := t.peers[p]; to != nil {
		return len(to.owed)
	}
	return 0
}
