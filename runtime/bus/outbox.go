package bus

import (
	"fmt"
	"sync/atomic"

	"ubinder/runtime/internal/ring"
	"ubinder/runtime/internal/shm"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/internal/wait"
	"ubinder/runtime/status"
)

// outbox is the memory that this side of a lane writes.
type outbox struct {
	head    shm.Region
	segment shm.Region
	bells   shm.Region // the half of the bells that this side rings

	// Words of head that every message needs.
	drained, acks, room, attended *atomic.Uint64
	ackRing                       []atomic.Uint32
	callerArmed                   []atomic.Uint32
	callerBell                    []atomic.Uint32 // of bells

	progress  *atomic.Uint64
	following *atomic.Uint32
}

// outboxSize is that of an outbox's memory.
const outboxSize = headerSize + SegmentSize

// CheckOutbox reports whether a file can be an outbox, by its seals and its size; what is in it the receiver looks
// at. Whoever has it open keeps its memory, so a broker passes on nothing that may be larger.
func CheckOutbox(fd sys.FD) error { return sys.CheckSize(fd, outboxSize) }

// outboxIn finds the parts of an outbox's memory.
func outboxIn(memory []byte) outbox {
	head, segment := shm.Of(memory[:headerSize]), shm.Of(memory[headerSize:])
	return outbox{
		head: head, segment: segment,
		drained: head.Uint64(offDrained), acks: head.Uint64(offAcks), room: head.Uint64(offRoom),
		attended: head.Uint64(offAttended),
		ackRing:  head.Uint32s(offAckRing, ackRingSize),

		callerArmed: head.Uint32s(offCallerArmed, callerCredit),
		progress:    head.Uint64(offProgress), following: head.Uint32(offFollowing),
	}
}

// newOutbox fills the header of fresh memory.
func newOutbox(memory []byte) outbox {
	o := outboxIn(memory)
	head := o.head
	head.Uint64(offMagic).Store(outboxMagic)
	head.Uint32(offVersion).Store(Version)
	head.Uint32(offRingSize).Store(ringSize)
	head.Uint32(offCredit).Store(messageCredit)
	head.Uint32(offCallers).Store(callerCredit)
	head.Uint64(offSegmentSize).Store(SegmentSize)
	return o
}

// checkInbox checks the header of a peer's outbox.
func checkInbox(head shm.Region) error {
	fields := []struct {
		name      string
		got, want uint64
	}{
		{"magic", head.Uint64(offMagic).Load(), outboxMagic},
		{"version", uint64(head.Uint32(offVersion).Load()), Version},
		{"ring size", uint64(head.Uint32(offRingSize).Load()), ringSize},
		{"message credit", uint64(head.Uint32(offCredit).Load()), messageCredit},
		{"callers", uint64(head.Uint32(offCallers).Load()), callerCredit},
		{"segment size", head.Uint64(offSegmentSize).Load(), SegmentSize},
	}
	for _, f := range fields {
		if f.got != f.want {
			return protocolError("its outbox has %s %#x, not %#x", f.name, f.got, f.want)
		}
	}
	return nil
}

func protocolError(format string, args ...any) error {
	return status.Errorf(status.Protocol, "the peer broke the protocol: %s", fmt.Sprintf(format, args...))
}

func (o outbox) writer() ring.Writer { return ring.NewWriter(o.head, offRing, ringSize, offTail) }
func (o outbox) reader() ring.Reader { return ring.NewReader(o.head, offRing, ringSize, offTail) }

// shareBells finds the bells of both sides: those that the maker of the memory rings come first.
func shareBells(memory []byte, maker, other *outbox) {
	maker.takeBells(memory[:bellsSize/2])
	other.takeBells(memory[bellsSize/2:])
}

func (o *outbox) takeBells(half []byte) {
	o.bells = shm.Of(half)
	o.callerBell = o.bells.Uint32s(offCallerBell, callerCredit)
}

// pairs is as many as there are of loopers, poller, room and take.
const pairs = bellTake + 1

// waiters makes the waiting sides of the pairs of a lane.
func waiters(mine, theirs outbox) []wait.Waiter {
	w := make([]wait.Waiter, pairs)
	for i := range w {
		w[i] = wait.NewWaiter(mine.head.Uint32(offArmed+4*i), theirs.bells.Uint32(offBell+4*i))
	}
	return w
}

// ringers makes the ringing sides.
func ringers(mine, theirs outbox) []wait.Ringer {
	r := make([]wait.Ringer, pairs)
	for i := range r {
		r[i] = wait.NewRinger(theirs.head.Uint32(offArmed+4*i), mine.bells.Uint32(offBell+4*i))
	}
	return r
}
