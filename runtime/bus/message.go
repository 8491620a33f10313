// Package bus is the message layer: lanes between processes, and the client side of the broker. It
// knows messages, their order, room and file descriptors; what they mean is package object's.
package bus

import (
	"encoding/binary"

	"ubinder/runtime/internal/ring"
)

// Descriptor is the head of a message; PROTOCOL.md has its fields.
type Descriptor = ring.Descriptor

// Kinds of messages. Calls and replies have a slot; controls have none.
const (
	KindCall       = 1
	KindReply      = 2
	KindGrant      = 16
	KindRevoke     = 17
	KindRevokePeer = 18
	KindClaim      = 19
	KindVerdict    = 20
	KindMerge      = 21
	KindDrop       = 22
	KindRelease    = 23
	KindUnused     = 24
	KindFence      = 25
	KindFenced     = 26
	KindCancel     = 27
	KindDestroyed  = 28
	KindAsk        = 29
	KindFrozen     = 32
	KindFilling    = 33
)

// FlagOneway marks a call that has no reply (the driver's TF_ONE_WAY).
const FlagOneway = 0x01

// FlagClearBuf marks a call or reply whose bytes are wiped when they are not needed any more (the
// driver's TF_CLEAR_BUF).
const FlagClearBuf = 0x20

// FlagFilled marks a call or reply whose payload the last KindFilling of its direction has told of.
const FlagFilled = 0x80

// FlagWeak marks a control message about a weak reference.
const FlagWeak = 0x01

// Class is the credit that a message is sent on.
type Class uint8

// The classes.
const (
	ClassCall    Class = iota // message credit
	ClassOneway               // message credit, at most half of it and of the slots
	ClassReply                // the caller reserved it
	ClassControl              // control credit
	ClassVerdict              // the claimer reserved it
)

func classOf(d *Descriptor) (c Class, ok bool) {
	switch {
	case d.Kind == KindCall && d.Flags&FlagOneway != 0:
		return ClassOneway, true
	case d.Kind == KindCall:
		return ClassCall, true
	case d.Kind == KindReply:
		return ClassReply, true
	case d.Kind == KindVerdict:
		return ClassVerdict, true
	case d.Kind >= KindGrant && d.Kind <= KindAsk || d.Kind == KindFrozen || d.Kind == KindFilling:
		return ClassControl, true
	}
	return 0, false
}

func (c Class) hasSlot() bool { return c <= ClassReply }

// EntryKind says what an entry stands for.
type EntryKind uint8

// The kinds of entries.
const (
	EntryNull   EntryKind = 0
	EntrySend   EntryKind = 1 // an object of the sender's: Node
	EntryPassed EntryKind = 2 // an object of Owner's: Node, granted at Position of the lane sender-owner
	EntryHome   EntryKind = 3 // an object of the receiver's: Node, held by claim Position (0: held)
	EntryFile   EntryKind = 4 // the next file
	EntryDead   EntryKind = 5 // an object of Owner's that has died: Node
	EntryNote   EntryKind = 6 // no object: what runtimes tell each other of the call, by Field
	EntryBulk   EntryKind = 7 // the next file: it has the payload, of Node bytes
)

// Entry is one object or file of a message. Entries lie behind the payload, aligned to 8 bytes.
//
//	offset size
//	0      1    kind
//	1      1    1: weak
//	4      4    field
//	8      8    node
//	16     8    owner
//	24     8    position
type Entry struct {
	Kind     EntryKind
	Weak     bool
	Field    uint32
	Node     uint64
	Owner    uint64
	Position uint64
}

// SlotSize is the room that a payload and its entries take.
func SlotSize(payload, entries int) int {
	if entries == 0 {
		return payload
	}
	return align8(payload) + entries*EntrySize
}

func align8(n int) int { return (n + 7) &^ 7 }

// PutEntries writes entries behind a payload of n bytes that lies in slot.
func PutEntries(slot []byte, n int, entries []Entry) {
	b := slot[align8(n):]
	for i := range entries {
		e := &entries[i]
		clear(b[:EntrySize])
		b[0] = byte(e.Kind)
		if e.Weak {
			b[1] = 1
		}
		binary.NativeEndian.PutUint32(b[4:], e.Field)
		binary.NativeEndian.PutUint64(b[8:], e.Node)
		binary.NativeEndian.PutUint64(b[16:], e.Owner)
		binary.NativeEndian.PutUint64(b[24:], e.Position)
		b = b[EntrySize:]
	}
}

func getEntry(b []byte) Entry {
	return Entry{
		Kind:     EntryKind(b[0]),
		Weak:     b[1]&1 != 0,
		Field:    binary.NativeEndian.Uint32(b[4:]),
		Node:     binary.NativeEndian.Uint64(b[8:]),
		Owner:    binary.NativeEndian.Uint64(b[16:]),
		Position: binary.NativeEndian.Uint64(b[24:]),
	}
}
