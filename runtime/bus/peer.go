package bus

import "time"

// Peer is who is at the other end of a link, as the broker learned it from the kernel.
type Peer struct {
	ID     uint64 // process id on the bus, never used again
	PID    int32
	UID    uint32
	GID    uint32
	Groups []uint32
	Label  string
}

// Events is told what happens on a link. Both are called on the link's own goroutine.
type Events interface {
	// Readable: something may have been published, or acknowledged.
	Readable(l *Link)
	// Hangup: the peer is gone or was cut off. It is the last event of a link.
	Hangup(l *Link, err error)
}

// Need is what a message takes of a link's limits.
type Need struct {
	Class Class
	Size  int // bytes of its slot
	Files int // bulk memory included
	Bulk  int // bytes of a payload that travels beside the outbox; zero: none does
}

// Slot is room in the own outbox.
type Slot struct {
	Bytes  []byte // what the peer will see
	Bulk   *Bulk  // of a payload that travels beside the outbox; else nil
	Spam   bool   // a oneway message: this process has sent suspiciously many that the peer has not handled
	number uint32
	offset uint32

	filling bool // the peer was told
}

// RoomTimeout is how long a peer may leave a reply, or another message that must not be lost,
// without room before its link is cut.
const RoomTimeout = 30 * time.Second
