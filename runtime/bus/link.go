package bus

import (
	"context"
	"time"

	"ubinder/runtime/internal/sys"
	"ubinder/runtime/internal/wait"
)

// Peer is who is at the other end of a link, as the broker learned it from the kernel.
type Peer struct {
	ID     uint64 // process id on the bus, never used again
	PID    int32
	UID    uint32
	GID    uint32
	Groups []uint32
	Label  string
}

// Link is one end of a lane. There are two implementations: over shared memory between processes,
// and inside one process; linktest has the suite that both pass.
//
// Sending is safe for concurrent use. Receiving - Next, Entries - is not: the caller serialises it.
type Link interface {
	Peer() *Peer

	// Reserve takes credit and a slot of size bytes for a message of class c with a number of files. It
	// never blocks: status.Full tells which limit was met. The slot is posted or abandoned.
	Reserve(c Class, size, files int) (Slot, error)
	// AwaitRoom waits until a Reserve of the same that failed with status.Full may succeed.
	AwaitRoom(ctx context.Context, c Class, size, files int) error
	// Abandon gives back a slot that is not posted.
	Abandon(s Slot)
	// Post publishes d, which describes what lies in s, after sending files, which stay the
	// caller's. It returns d's position. It wakes nobody. With FlagClearBuf the slot is wiped as soon as
	// the peer has freed it.
	Post(d *Descriptor, s Slot, files []int) (uint64, error)
	// PostControl publishes a descriptor without a slot. status.Full means that its class has no
	// credit; Readable is called when it has again.
	PostControl(d *Descriptor) (uint64, error)
	// RingLooper wakes a looper of the peer, or its poller, unless a looper is awake and will look.
	RingLooper()
	// RingCaller wakes the peer's caller i if it sleeps. False means that there is none: ring a
	// looper instead.
	RingCaller(i uint32) bool

	// Published is the position behind the last descriptor that the peer has published, as of now.
	Published() uint64
	// Position is that of the descriptor that Next returns next.
	Position() uint64
	// Next copies the next descriptor, if one is published, and checks that it keeps to the layout
	// and limits. An error cuts the peer off; the link fails with it.
	Next(d *Descriptor) (ok bool, err error)
	// Drained tells the peer how far Next has come; called after a run of Next.
	Drained()
	// Entries appends copies of the entries of d.
	Entries(list []Entry, d *Descriptor) []Entry
	// Payload copies d's payload; dst has that length. Free follows.
	Payload(dst []byte, d *Descriptor)
	// Free acknowledges d's slot.
	Free(d *Descriptor)
	// Files returns the files of the descriptor at position pos; the caller owns them. An error
	// means that they have not come, and concerns that message alone.
	Files(pos uint64, n int) ([]sys.FD, error)

	// Caller returns the waiting side of caller i, Looper of looper i.
	Caller(i uint32) *wait.Waiter
	Looper(i int) *wait.Waiter
	Parker() wait.Parker

	// FreezeWords returns the words by which both tell each other that they are frozen; they need a
	// hold as the waiters do. RingRoom has the peer's waits for room look again.
	FreezeWords() *FreezeWords
	RingRoom()

	// Hold keeps the memory mapped, and files that have come open, until as many Drops, also after
	// the link has died. It is false when the memory is gone already. Sending and ringing hold by
	// themselves, a Slot until it is posted or abandoned; receiving, Caller's and Looper's waiters
	// need a hold, or to be called from the Events.
	Hold() bool
	Drop()

	// Fail cuts the link with an error, as Close does without one. The events' Hangup follows.
	Fail(err error)
	Close()
	// Err is why the link has died; nil while it lives.
	Err() error
}

// Events is told what happens on a link. Both are called on the link's own goroutine.
type Events interface {
	// Readable: something may have been published, or acknowledged.
	Readable(l Link)
	// Hangup: the peer is gone or was cut off. It is the last event of a link.
	Hangup(l Link, err error)
}

// Slot is room in the own outbox.
type Slot struct {
	Bytes  []byte // what the peer will see
	Spam   bool   // a oneway message: this process has sent suspiciously many that the peer has not handled
	number uint32
	offset int
	class  Class
}

// RoomTimeout is how long a peer may leave a reply, or another message that must not be lost,
// without room before its link is cut.
const RoomTimeout = 30 * time.Second
