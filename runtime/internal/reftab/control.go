package reftab

import "fmt"

// Kind is a control message's.
type Kind uint8

// The control messages, with the fields they use.
const (
	Grant      Kind = 1  // Peer: recipient, Node, By: the claim it is made on, or NoClaim, Weak
	Revoke     Kind = 2  // Peer: recipient, Position: of the grant
	RevokePeer Kind = 3  // Peer: recipient
	Claim      Kind = 4  // Peer: granter, Position: of the grant, Node, Weak
	Verdict    Kind = 5  // By: the claim or ask, OK, Dead
	Merge      Kind = 6  // By: the claim
	Drop       Kind = 7  // By: the claim
	Release    Kind = 8  // Node, Count, Weak, Span
	Unused     Kind = 9  // Peer: owner, Position: of the grant
	Fence      Kind = 10 // Peer: dead granter
	Fenced     Kind = 11 // Peer: dead granter
	Destroyed  Kind = 12 // Node, By: the receiver's claim on it, or NoClaim, OK: it is behind handle 0
	Ask        Kind = 13 // Node, By: the claim it is asked on, or NoClaim, Weak: what is asked for
)

// NoClaim stands in By for an ordinary reference. Claims and asks are named by their position plus
// one.
const NoClaim = 0

// Control is a control message. Positions count the messages of a lane from 0.
type Control struct {
	Kind     Kind
	OK       bool
	Dead     bool // of a Verdict that is OK: the node was destroyed. An ask has got nothing then
	Weak     bool
	Peer     uint64
	Node     uint64
	By       uint64
	Position uint64
	Count    uint64
	Span     uint64 // of a Release: how many nodes that follow Node are released too, Count of each
}

// maxSpan bounds what one Release makes its receiver do.
const maxSpan = 4095

// Problem is a breach of the protocol by a peer, which is to be cut off.
type Problem struct{ Text string }

func (p *Problem) Error() string { return p.Text }

func problem(format string, args ...any) error { return &Problem{fmt.Sprintf(format, args...)} }

// send posts a control message now, or as soon as there is credit; the order is kept.
func (t *Table) send(p *peer, c Control) {
	if n := len(p.owed); n == 0 || !p.owed[n-1].extend(&c) {
		p.owed = append(p.owed, c)
	}
	if c.Kind == Destroyed {
		p.deaths++
	}
	if !t.batching {
		t.flush(p)
	} else if !p.batched {
		p.batched = true
		t.batched = append(t.batched, p)
	}
}

// extend adds a release to the one before it, if their nodes are neighbours.
func (c *Control) extend(next *Control) bool {
	if c.Kind != Release || next.Kind != Release || c.Count != next.Count || c.Weak != next.Weak || c.Span >= maxSpan {
		return false
	}
	switch next.Node {
	case c.Node + c.Span + 1:
	case c.Node - 1:
		c.Node--
	default:
		return false
	}
	c.Span++
	return true
}

func (t *Table) flush(p *peer) bool {
	for len(p.owed) > 0 {
		if _, ok := t.env.Post(p.id, p.owed[0]); !ok {
			return false
		}
		if p.owed[0].Kind == Destroyed {
			p.deaths--
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

// OwesDeath reports whether what p is owed tells of the end of a node: a message that has to be behind
// that waits for Flush.
func (t *Table) OwesDeath(p uint64) bool {
	to := t.peers[p]
	return to != nil && to.deaths > 0
}

// Owed returns how many control messages wait for credit towards p.
func (t *Table) Owed(p uint64) int {
	if to := t.peers[p]; to != nil {
		return len(to.owed)
	}
	return 0
}

// maxOwed bounds the control messages that wait because a peer takes none, though it sends such that
// have an answer.
const maxOwed = 1 << 20

// answer sends a control message that the peer has asked for.
func (t *Table) answer(p *peer, c Control) error {
	if len(p.owed) >= maxOwed {
		return problem("more than %d control messages that it does not take", maxOwed)
	}
	t.send(p, c)
	return nil
}
