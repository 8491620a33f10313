package reftab

import "errors"

// This file is the references that travel in messages: what a sender does before and after it posts
// one (R1, R2), and what a receiver does when it drains one (R5). The target of a call is Pin's.

// EntryKind says what an entry of a message stands for. The values are the wire's.
type EntryKind uint8

// The kinds of entries.
const (
	NullEntry   EntryKind = 0
	SentEntry   EntryKind = 1 // a node of the sender's
	PassedEntry EntryKind = 2 // Owner's node, granted at Position of the lane from sender to owner
	HomeEntry   EntryKind = 3 // a node of the receiver's, by claim Position or NoClaim
	FileEntry   EntryKind = 4 // no reference
	DeadEntry   EntryKind = 5 // Owner's node, which has died
)

// Entry is what a message says of one object.
type Entry struct {
	Kind     EntryKind
	Weak     bool
	Node     uint64
	Owner    uint64
	Position uint64
}

// Put is an entry of a message on its way out, with what it holds until the message is posted.
type Put struct {
	Entry
	ref *Ref
}

// PutNode makes the entry of this process's node n in a message to p, which counts it. IsDead means
// that p is gone.
func (t *Table) PutNode(p, n uint64, object any) (Put, UseResult) {
	return t.putNode(p, n, object, false)
}

// PutWeakNode is PutNode for a weak reference.
func (t *Table) PutWeakNode(p, n uint64, object any) (Put, UseResult) {
	return t.putNode(p, n, object, true)
}

func (t *Table) putNode(p, n uint64, object any, weak bool) (Put, UseResult) {
	if !t.sendRef(p, n, object, weak) {
		return Put{}, IsDead
	}
	return Put{Entry: Entry{Kind: SentEntry, Node: n, Weak: weak}}, Ready
}

// PutDead makes the entry of this process's node n, which was destroyed.
func (t *Table) PutDead(n uint64, weak bool) Put {
	return Put{Entry: Entry{Kind: DeadEntry, Node: n, Owner: t.self, Weak: weak}}
}

// PutRef makes the entry of a reference in a message to p: home, if p owns the object, else passed on
// by a grant; a dead object's says that. NeedLane and NoCredit say, as of Use, what to wait for of the
// object's owner. A weak reference is sent as one.
func (t *Table) PutRef(p uint64, r *Ref) (Put, UseResult) { return t.putRef(p, r.Resolve(), false) }

// PutWeakRef is PutRef for a weak reference, made of a strong one too.
func (t *Table) PutWeakRef(p uint64, r *Ref) (Put, UseResult) { return t.putRef(p, r.Resolve(), true) }

func (t *Table) putRef(p uint64, r *Ref, weak bool) (put Put, res UseResult) {
	put = Put{Entry: Entry{Kind: DeadEntry, Node: r.Node, Owner: r.Owner, Weak: weak || r.weak}, ref: r}
	switch {
	case r.dead && (r.provisional || r.settled || r.Owner != p):
	case r.dead: // the owner destroyed it, and counts it still, when it has what is owed to it
		put.Kind = HomeEntry
		if !t.Flush(p) {
			res = NoCredit
		}
	case r.Owner == p:
		put.Kind = HomeEntry
		put.Position, res = t.Use(r)
	default:
		put.Kind = PassedEntry
		put.Position, res = t.pass(r, p, put.Weak)
	}
	if put.Kind == HomeEntry && res == Ready {
		r.local++ // until the message is posted, which a release must not overtake
	}
	return put, res
}

// endHome ends what an entry that sends home has held.
func (t *Table) endHome(e *Put) {
	t.EndUse(e.ref, e.Position)
	t.Release(e.ref)
}

// Unput takes back the entries of a message to p that was not posted.
func (t *Table) Unput(p uint64, list []Put) {
	for i := range list {
		switch e := &list[i]; e.Kind {
		case SentEntry:
			t.unsendRef(p, e.Node, e.Weak)
		case PassedEntry:
			t.Unpass(e.ref, p, e.Position)
		case HomeEntry:
			t.endHome(e)
		}
	}
}

// Lasting reports whether Posted has anything to do with the entry.
func (e *Put) Lasting() bool {
	return e.Kind == SentEntry || e.Kind == HomeEntry
}

// Posted ends what entries of a message to p held until it was posted. A node that was destroyed
// meanwhile is told of again, behind the message (R13).
func (t *Table) Posted(p uint64, list []Put) {
	to := t.peers[p]
	for i := range list {
		switch e := &list[i]; e.Kind {
		case SentEntry:
			t.lend(e.Node, e.Weak)
			if x := t.nodes[e.Node]; to != nil && x != nil && x.destroyed {
				t.tellDestroyed(to, e.Node)
			}
		case HomeEntry:
			t.endHome(e)
		}
	}
}

// Taken is what the receiver of a message owns by one entry: a reference, a node of its own that came
// home and is pinned unless it came weakly, or nothing.
type Taken struct {
	Ref    *Ref
	Object any
	pin    Pin // none of what came weakly
}

// ErrNotHeld says that the sender of a message may not use the node that it sends home. The message
// fails, and no more: an honest process may have been made to send it.
var ErrNotHeld = errors.New("the sender does not hold the node")

// Take applies an entry of a drained message from p. The error is ErrNotHeld, or a *Problem.
func (t *Table) Take(p uint64, e Entry) (Taken, error) {
	switch e.Kind {
	case NullEntry, FileEntry:
		return Taken{}, nil
	case SentEntry:
		return Taken{Ref: t.receive(p, e.Node, e.Weak)}, nil
	case PassedEntry:
		return Taken{Ref: t.takePassed(p, e)}, nil
	case DeadEntry:
		return Taken{Ref: deadRef(p, e)}, nil
	case HomeEntry:
		return t.takeHome(p, e)
	}
	return Taken{}, problem("it sent an entry of unknown kind %d", e.Kind)
}

func (t *Table) takeHome(p uint64, e Entry) (Taken, error) {
	from := t.peers[p]
	if from == nil {
		return Taken{}, ErrNotHeld
	}
	x := t.entitled(from, e.Node, e.Position, e.Weak)
	if x == nil {
		return Taken{}, ErrNotHeld
	}
	taken := Taken{Object: x.object}
	if !e.Weak {
		x.refs++
		taken.pin = Pin{x}
	}
	return taken, nil
}

// Drop gives back what a message brought and nobody will see.
func (t *Table) Drop(e Taken) {
	if e.Ref != nil {
		t.Release(e.Ref)
	}
	t.Handed(e)
}

// Handed ends the pin of a node that came home: the program's own pointer keeps the node from here on.
// A reference stays the receiver's.
func (t *Table) Handed(e Taken) {
	if e.pin != (Pin{}) {
		t.Unpin(e.pin)
	}
}
