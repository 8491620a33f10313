// Package brokerwire is what a process and the broker say to each other: packets of one layout on a
// packet socket. PROTOCOL.md describes them.
package brokerwire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Magic begins a hello; Version is the protocol's.
const (
	Magic   = 0x7562696e64657231 // "ubinder1"
	Version = 1
)

// Kind says what a packet is.
type Kind uint32

// From a process to the broker.
const (
	Hello             Kind = 1 // Value: Magic, Code: Version, Text: a name for people
	Introduce         Kind = 2 // Value: process id; one file: the outbox for it
	SetContextManager Kind = 3 // Value: node; zero: ID is behind handle 0 no more
	GetContextManager Kind = 4 // with a file, an outbox, it asks for an introduction too
	Find              Kind = 6 // PID, Value: process id; answered with the next one of that OS process
	SetFrozen         Kind = 7 // Value: 1 if the process is frozen, 0 if not
)

// From the broker to a process. Answers have the cookie of what they answer.
const (
	Welcome Kind = 65 // the process's own identity
	Error   Kind = 66 // Code: a status code, Text
	// Introduction tells of a new lane: the peer's identity, and a file, this process's end of the lane's socket. It answers
	// who has asked for the lane, with what Done would say. To the other it comes unasked, with cookie 0, and the
	// peer's outbox as a second file.
	Introduction Kind = 67
	Done         Kind = 68 // of Introduce: Code: 1 if that process is frozen; of GetContextManager: ID: the process, Value: its node; of Find: Value: the process or 0
)

// Packet is every packet; fields that a kind does not name are zero.
type Packet struct {
	Kind   Kind
	Cookie uint32
	Code   uint32
	Value  uint64
	Text   string
	Identity
}

// Identity is who a process is.
type Identity struct {
	ID       uint64
	PID      int32
	UID, GID uint32
	Groups   []uint32
	Label    string
}

// Limits of a packet.
const (
	MaxGroups = 1024
	MaxText   = 1024
	MaxSize   = fixedSize + 4*MaxGroups + 2*MaxText
	fixedSize = 52
)

// ErrMalformed is a packet that does not keep to the layout.
var ErrMalformed = errors.New("malformed packet")

// Append appends p's encoding to b. Texts are cut to MaxText and groups to MaxGroups.
func (p *Packet) Append(b []byte) []byte {
	text, label := p.Text[:min(len(p.Text), MaxText)], p.Label[:min(len(p.Label), MaxText)]
	groups := p.Groups[:min(len(p.Groups), MaxGroups)]
	e := binary.NativeEndian
	for _, v := range []uint32{uint32(p.Kind), p.Cookie, p.Code, uint32(p.PID), p.UID, p.GID} {
		b = e.AppendUint32(b, v)
	}
	b = e.AppendUint64(b, p.Value)
	b = e.AppendUint64(b, p.ID)
	for _, n := range []int{len(groups), len(text), len(label)} {
		b = e.AppendUint32(b, uint32(n))
	}
	for _, g := range groups {
		b = e.AppendUint32(b, g)
	}
	return append(append(b, text...), label...)
}

// Parse decodes b, which is one whole packet.
func Parse(b []byte) (Packet, error) {
	if len(b) < fixedSize || len(b) > MaxSize {
		return Packet{}, fmt.Errorf("%w: %d bytes", ErrMalformed, len(b))
	}
	e := binary.NativeEndian
	u32 := func(i int) uint32 { return e.Uint32(b[4*i:]) }
	p := Packet{Kind: Kind(u32(0)), Cookie: u32(1), Code: u32(2), Value: e.Uint64(b[24:])}
	p.PID, p.UID, p.GID, p.ID = int32(u32(3)), u32(4), u32(5), e.Uint64(b[32:])
	groups, text, label := uint64(u32(10)), uint64(u32(11)), uint64(u32(12))
	if groups > MaxGroups || text > MaxText || label > MaxText || fixedSize+4*groups+text+label != uint64(len(b)) {
		return Packet{}, fmt.Errorf("%w: %d groups, %d and %d bytes of text in %d bytes", ErrMalformed, groups, text, label, len(b))
	}
	rest := b[fixedSize:]
	for ; groups > 0; groups-- {
		p.Groups = append(p.Groups, e.Uint32(rest))
		rest = rest[4:]
	}
	p.Text, p.Label = string(rest[:text]), string(rest[text:])
	return p, nil
}
