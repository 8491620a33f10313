// Package linktest is the conformance suite of bus.Link: the same cases for every implementation,
// with the far end in this process or in another.
package linktest

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"ubinder/runtime/bus"
	"ubinder/runtime/status"
)

// End is one end of a link as a case drives it: here, or in another process. Do may block and be
// called concurrently.
type End interface {
	Do(Op) Result
}

// Verb says what an Op does.
type Verb string

// The verbs. Each names what it uses of an Op.
const (
	Reserve    Verb = "reserve"     // Class, Size: Result.Slot. The slot is filled by Seed
	Post       Verb = "post"        // Slot, Message: Result.Position, Offset, Number
	Abandon    Verb = "abandon"     // Slot
	Control    Verb = "control"     // Message: Result.Position
	Room       Verb = "room"        // waits for room, at most for Patience if that is not zero
	Next       Verb = "next"        // waits for a message: Result.Message, Position
	Poll       Verb = "poll"        // as Next, without waiting: Result.OK
	Take       Verb = "take"        // Position: Result.Message with Payload, Entries; not the files
	Files      Verb = "files"       // Position: Result.Files
	Free       Verb = "free"        // Position
	Drained    Verb = "drained"     //
	RingLooper Verb = "ring looper" //
	RingCaller Verb = "ring caller" // Index: Result.OK
	Arm        Verb = "arm"         // Waiter, Mode
	Sleep      Verb = "sleep"       // Waiter: waits until it was rung
	Armed      Verb = "armed"       // Waiter: Result.OK
	Present    Verb = "present"     // Waiter
	Leave      Verb = "leave"       // Waiter
	Readable   Verb = "readable"    // waits until Readable was called more than Count times: Result.Count
	Count      Verb = "count"       // Result.Count: how often Readable was called
	Published  Verb = "published"   // Result.Position
	Hold       Verb = "hold"        // Result.OK
	Drop       Verb = "drop"        //
	Close      Verb = "close"       //
	Fail       Verb = "fail"        // the link with status.Protocol
	Err        Verb = "err"         // Result.Err is the link's error
	Hangup     Verb = "hangup"      // waits for it: Result.Err is its error
	CloseOwn   Verb = "close own"   // as Close, and waits for the hang-up
)

// Op is one thing to do.
type Op struct {
	Do       Verb
	Class    bus.Class
	Size     int
	Bulk     int // bytes of payload that travel beside the outbox, of Reserve and Files
	Seed     uint64
	Slot     int
	Message  Message
	Position uint64
	Index    uint32
	Waiter   Waiter
	Mode     uint32
	Patience time.Duration
	Count    int
}

// Waiter names a waiter of a link: a looper or a caller.
type Waiter struct {
	Caller bool
	Index  int
}

// Message is one message as a case sees it.
type Message struct {
	Kind    uint8
	Flags   uint16
	Node    uint64
	Index   uint32
	Files   []string // contents
	Payload []byte
	Entries []bus.Entry
}

// Result is what came of an Op.
type Result struct {
	Err      *status.Error
	OK       bool
	Slot     int
	Position uint64
	Offset   int
	Number   uint32
	Message  Message
	Files    []string
	NumFiles int
	Count    int
}

// Class returns the credit that the message is sent on.
func (m *Message) class() bus.Class {
	switch {
	case m.Kind == bus.KindReply:
		return bus.ClassReply
	case m.Flags&bus.FlagOneway != 0:
		return bus.ClassOneway
	}
	return bus.ClassCall
}

// Pattern returns n bytes that differ by seed and position; they are not to be changed.
func Pattern(seed uint64, n int) []byte {
	off := int(seed * 0x9e3779b97f4a7c15 % bus.MaxMessage)
	return noise()[off : off+n : off+n]
}

var noise = sync.OnceValue(func() []byte {
	b := make([]byte, 2*bus.MaxMessage)
	rand.NewChaCha8([32]byte{}).Read(b)
	return b
})

func errorOf(err error) *status.Error {
	if err == nil {
		return nil
	}
	e := &status.Error{Code: status.CodeOf(err), Message: fmt.Sprint(err)}
	if s, ok := err.(*status.Error); ok {
		e.Limit = s.Limit
	}
	return e
}
