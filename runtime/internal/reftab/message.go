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
)

// Entry is what a message says of one object.
type Entry struct {
	Kind     EntryKind
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
	if !t.Send(p, n, object) {
		return Put{}, IsDead
	}
	return Put{Entry: Entry{Kind: SentEntry, Node: n}}, Ready
}

// PutRef makes the entry of a reference in a message to p: home, if p owns the object, else passed on
// by a grant. Anything but Ready and IsDead says, as Use does, what to wait for of the object's owner.
func (t *Table) PutRef(p uint64, r *Ref) (Put, UseResult) {
	r = r.Resolve()
	out := Put{Entry: Entry{Kind: PassedEntry, Node: r.Node, Owner: r.Owner}, ref: r}
	var res UseResult
	if r.Owner == p {
		out.Kind = HomeEntry
		out.Position, res = t.Use(r)
	} else {
		out.Position, res = t.Pass(r, p)
	}
	return out, res
}

// Unput takes back the entries of a message to p that was not posted.
func (t *Table) Unput(p uint64, list []Put) {
	for _, e := range list {
		switch e.Kind {
		case SentEntry:
			t.Unsend(p, e.Node)
		case PassedEntry:
			t.Unpass(e.ref, p, e.Position)
		case HomeEntry:
			t.EndUse(e.ref, e.Position)
		}
	}
}

// Lasting reports whether the entry holds something until its message is posted: Posted must follow.
func (e *Put) Lasting() bool { return e.Kind == HomeEntry && e.Position != NoClaim }

// Posted ends what entries held until their message was posted.
func (t *Table) Posted(list []Put) {
	for i := range list {
		if e := &list[i]; e.Lasting() {
			t.EndUse(e.ref, e.Position)
		}
	}
}

// Taken is what the receiver of a message owns by one entry: a reference, a node of its own that came
// home and is pinned, or nothing.
type Taken struct {
	Ref    *Ref
	Object any
	node   uint64
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
		return Taken{Ref: t.Received(p, e.Node)}, nil
	case PassedEntry:
		return Taken{Ref: t.Passed(p, e.Owner, e.Node, e.Position)}, nil
	case HomeEntry:
		object := t.Pin(p, e.Node, e.Position)
		if object == nil {
			return Taken{}, ErrNotHeld
		}
		return Taken{Object: object, node: e.Node}, nil
	}
	return Taken{}, problem("it sent an entry of unknown kind %d", e.Kind)
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
	if e.Object != nil {
		t.Unpin(e.node)
	}
}
