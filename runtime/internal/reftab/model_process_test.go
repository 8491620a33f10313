package reftab_test

import (
	"fmt"

	"ubinder/runtime/internal/reftab"
)

const maxProcesses = 4 // named A to D, with ids from 1

// process is an honest process: a real table, and what the object layer and a program do with it.
// All of it is state, but turn.
type process struct {
	turn  *turn
	id    uint64
	table *reftab.Table

	tokens   []token
	outgoing []outgoing
	pins     []uint64                 // targets of queued calls
	taken    []reftab.Taken           // objects that came home, in messages that are not handled yet
	asked    []uint64                 // introductions that the table wants
	posted   [maxProcesses + 1]uint64 // messages with a name, by lane
	received [maxProcesses + 1]uint64

	destroyed [maxNodes + 1]bool // nodes of this process
	disowned  [maxNodes + 1]bool // those that it destroys when nobody else holds them
	told      nodes              // that owners have said to be destroyed
	rights    rights
}

// token is a reference that the program holds.
type token struct {
	ref   *reftab.Ref
	valid bool // it came from honest processes that held it
}

// holds reports whether the program may rely on the reference: its owner counts it, or will.
func (t *token) holds() bool { return !t.ref.Settled() && (t.valid || t.ref.Verified()) }

// needs is the node that must live for what t is.
func (t *token) needs(weak bool) nodes {
	if !t.holds() {
		return 0
	}
	return nodeBit(t.ref.Resolve().Owner, t.ref.Resolve().Node, weak)
}

// outgoing is a message between its preparation and its publication. Others of the process's threads
// run meanwhile.
type outgoing struct {
	message
	to  uint64
	put []reftab.Put // of a message with an entry
	ref *reftab.Ref  // that is called; the program keeps it until the call is posted
}

// turn is one step of a process: what of the world it sees, and what it does to it.
type turn struct {
	lanes    *lanes
	in       [maxProcesses + 1]uint32
	writable [maxProcesses + 1]bool
	credit   [maxProcesses + 1]int

	hostile [maxProcesses + 1]bool

	using *token // the reference that is being used
	taken [maxProcesses + 1]int
	posts []post
	cut   [maxProcesses + 1]bool
	wrong string // what has broken an invariant
	talks bool
	notes []string
}

type post struct {
	to      uint64
	message uint32
}

func (x *turn) fail(format string, args ...any) {
	if x.wrong == "" {
		x.wrong = fmt.Sprintf(format, args...)
	}
}

func (x *turn) note(format string, args ...any) {
	if x.talks {
		x.notes = append(x.notes, fmt.Sprintf(format, args...))
	}
}

// noClaimYet stands for the claim of a reference that was used without one.
const noClaimYet = ^uint64(0)

// behalf is the claim on which the right to a use of r depends.
func behalf(r *reftab.Ref) uint64 {
	if r.Verified() {
		return reftab.NoClaim
	}
	if k := r.Claimed(); k != reftab.NoClaim {
		return k
	}
	return noClaimYet
}

func newProcess(id uint64) *process {
	p := &process{id: id}
	p.table = reftab.New(id, p)
	return p
}
