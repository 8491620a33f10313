package reftab_test

import (
	"fmt"
	"strings"

	"ubinder/runtime/internal/reftab"
)

// Kinds of messages besides the controls.
const (
	kindEntry reftab.Kind = 100 + iota // a message with one object
	kindCall                           // a call of Node, by claim By
)

// message is one message of a lane. Below the entry is what its sender knows to be true, which the
// receiver's table does not see.
type message struct {
	reftab.Control
	entry  reftab.Entry
	valid  bool   // an honest process has posted it for what it holds: it may not be refused
	needs  nodes  // what must live for it, if it is valid
	behalf uint64 // of which claim it was posted; reftab.NoClaim: of what the sender holds anyway
}

// named reports whether an honest process may name the position of the message. A lane's count is of
// these alone, so that far fewer states are different.
func (m *message) named() bool {
	return m.Kind == reftab.Grant || m.Kind == reftab.Claim || m.Kind == reftab.Ask
}

// place is the position of the message before which lie so many that are named. It leaves room for
// those that are not, which a hostile process may name: they lie before it, and in the order of before.
func place(named uint64, m *message, before int) uint64 {
	if m.named() {
		return named*spacing + spacing - 1
	}
	return named*spacing + uint64(before)
}

const spacing = 100

// Positions that a hostile process names: of the first message, or the last, that a process has
// published and the claim's receiver has not taken; and of none.
const (
	firstWaiting = uint64(1)<<62 + iota
	lastWaiting
	neverPublished
)

// drains reports whether taking the message may take others, of other lanes.
func (m *message) drains() bool { return m.Kind == reftab.Claim }

// limited reports whether a message takes credit of controls.
func (m *message) limited() bool { return m.Kind < kindEntry && m.Kind != reftab.Verdict }

var kindNames = map[reftab.Kind]string{
	reftab.Grant: "GRANT", reftab.Revoke: "REVOKE", reftab.RevokePeer: "REVOKE_PEER", reftab.Claim: "CLAIM",
	reftab.Verdict: "VERDICT", reftab.Merge: "MERGE", reftab.Drop: "DROP", reftab.Release: "RELEASE",
	reftab.Unused: "UNUSED", reftab.Fence: "FENCE", reftab.Fenced: "FENCED",
	reftab.Destroyed: "DESTROYED", reftab.Ask: "ASK",
	kindCall: "CALL",
}

var entryNames = map[reftab.EntryKind]string{
	reftab.SentEntry: "SEND", reftab.PassedEntry: "MSG", reftab.HomeEntry: "HOME", reftab.DeadEntry: "DEAD",
}

func (m *message) kindName() string {
	if m.Kind == kindEntry {
		return entryNames[m.entry.Kind]
	}
	return kindNames[m.Kind]
}

func (m message) String() string {
	if m.Kind == kindEntry {
		return entryText(m.entry)
	}
	var list []string
	say := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	switch m.Kind {
	case reftab.Grant:
		say("to %s, n%d", name(m.Peer), m.Node)
	case reftab.Claim:
		say("via %s, s=%s, n%d", name(m.Peer), position(m.Position), m.Node)
	case reftab.Revoke:
		say("to %s, s=%s", name(m.Peer), position(m.Position))
	case reftab.Unused:
		say("of %s, s=%s", name(m.Peer), position(m.Position))
	case reftab.RevokePeer, reftab.Fence, reftab.Fenced:
		say("%s", name(m.Peer))
	case reftab.Release:
		say("n%d, %d", m.Node, m.Count)
		if m.Span > 0 {
			say("and %d more", m.Span)
		}
	case reftab.Verdict:
		say("%v", m.OK)
		if m.Dead {
			say("dead")
		}
	case kindCall, reftab.Ask, reftab.Destroyed:
		say("n%d", m.Node)
	}
	if m.Weak {
		say("weak")
	}
	if m.By != reftab.NoClaim {
		say("#%d", m.By)
	}
	return m.kindName() + "(" + strings.Join(list, ", ") + ")"
}

func entryText(e reftab.Entry) string {
	if e.Weak {
		e.Weak = false
		return "WEAK " + entryText(e)
	}
	switch e.Kind {
	case reftab.SentEntry:
		return fmt.Sprintf("SEND(n%d)", e.Node)
	case reftab.PassedEntry:
		return fmt.Sprintf("MSG(%s's n%d, s=%s)", name(e.Owner), e.Node, position(e.Position))
	case reftab.HomeEntry:
		return fmt.Sprintf("HOME(n%d, #%d)", e.Node, e.Position)
	case reftab.DeadEntry:
		return fmt.Sprintf("DEAD(%s's n%d)", name(e.Owner), e.Node)
	}
	return fmt.Sprintf("%+v", e)
}

func name(id uint64) string { return string(rune('A' + id - 1)) }

func position(s uint64) string {
	switch s {
	case firstWaiting:
		return "the first waiting"
	case lastWaiting:
		return "the last waiting"
	}
	if s >= neverPublished {
		return "never published"
	}
	return fmt.Sprint(s)
}

// nodes is a set of nodes of all processes, twice: those that must live, and those of which at least
// what they were must be known.
type nodes uint16

const maxNodes = 2 // of a process

func nodeBit(owner, node uint64, weak bool) nodes {
	bit := (owner-1)*maxNodes + node - 1
	if weak {
		bit += maxProcesses * maxNodes
	}
	return 1 << bit
}

// nodesOf is all nodes of a process.
func nodesOf(owner uint64) (set nodes) {
	for n := uint64(1); n <= maxNodes; n++ {
		set |= nodeBit(owner, n, false) | nodeBit(owner, n, true)
	}
	return set
}

// lane is what one process has published for another and that one has not taken, the oldest first.
type lane struct {
	messages []uint32 // by their numbers in lanes
	controls int      // that take credit
	payloads int      // that take room
	named    int      // whose position may be named
	needs    nodes    // that must live, because a valid message names them
}

// lanes numbers messages and lanes, so that equal ones have one number. Lane 0 is empty.
type lanes struct {
	messages   []message
	ofMessage  map[message]uint32
	all        []lane
	ofMessages map[laneKey]uint32
}

const maxMessages = 10 // in a lane

type laneKey struct {
	n    int
	list [maxMessages]uint32
}

func newLanes() *lanes {
	return &lanes{ofMessage: make(map[message]uint32), all: []lane{{}}, ofMessages: map[laneKey]uint32{{}: 0}}
}

func (l *lanes) message(m message) uint32 {
	n, ok := l.ofMessage[m]
	if !ok {
		n = uint32(len(l.messages))
		l.messages = append(l.messages, m)
		l.ofMessage[m] = n
	}
	return n
}

func (l *lanes) lane(list []uint32) uint32 {
	key := laneKey{n: len(list)}
	if copy(key.list[:], list) < len(list) {
		panic("a lane with too many messages")
	}
	n, ok := l.ofMessages[key]
	if !ok {
		n = uint32(len(l.all))
		l.ofMessages[key] = n
		l.all = append(l.all, l.describe(list))
	}
	return n
}

func (l *lanes) describe(list []uint32) lane {
	x := lane{messages: append([]uint32(nil), list...)}
	for _, n := range list {
		m := &l.messages[n]
		switch {
		case m.limited():
			x.controls++
		case m.Kind >= kindEntry:
			x.payloads++
		}
		if m.named() {
			x.named++
		}
		x.needs |= m.needs
	}
	return x
}

func (l *lanes) push(n, m uint32) uint32 {
	var list [maxMessages]uint32
	return l.lane(append(append(list[:0], l.all[n].messages...), m))
}

func (l *lanes) drop(n uint32, count int) uint32 {
	if count == 0 {
		return n
	}
	return l.lane(l.all[n].messages[count:])
}
