package bus

import (
	"sync"
	"sync/atomic"
	"time"

	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/pool"
	"ubinder/runtime/internal/ring"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/internal/wait"
	"ubinder/runtime/status"
)

// port is what a lane needs besides memory: a way for files, a doorbell for who waits in the
// netpoller, and the news that the peer is gone.
type port interface {
	sendFiles(pos uint64, files []int) error
	files(pos uint64, n int) ([]sys.FD, error) // what has come for pos; never blocks
	ring()
	wait() error // returns nil when rung, an error when the peer is gone
	close()      // cuts the connection; files that have come stay
	kept() int   // files that have come and that nobody has taken
	discard()    // closes the files that nobody took; the last call
}

// Link is one end of a lane, over shared memory between processes or inside one process; linktest has
// the suite that both pass. It is no interface, so that what every message needs can be inlined.
//
// Sending is safe for concurrent use. Receiving - Next, Entries - is not: the caller serialises it.
type Link struct {
	peer   *Peer
	parker wait.Parker
	port   port
	events Events
	out    outbox
	in     outbox
	freeze FreezeWords

	send sender
	recv receiver

	loopers []wait.Waiter
	poller  wait.Waiter
	ringers []wait.Ringer // loopers, poller, room, take

	users   atomic.Int64 // holds on the mappings; the receiving goroutine has one
	socket  *socketPort  // the port; nil inside one process
	cover   cover
	unmap   func()
	failure atomic.Pointer[error]
}

// sender is the state of what this side writes.
type sender struct {
	sync.Mutex
	ring       ring.Writer
	pool       *pool.Pool
	slots      []slotState // by slot number
	last       lastSlot
	files      int // of messages that the peer has not freed
	filed      int // messages with files that the peer has not freed
	secrets    int // posted slots that are to be wiped
	bulk       bulkMemory
	filling    bool   // the peer was told of a slot that is being filled
	filled     uint64 // the position of the last KindFilling
	spamTold   bool   // that there is spam; until there is none
	messages   int    // message credit in use
	oneways    int    // of those, oneway
	onewayLen  int    // bytes in slots of oneway messages
	messageLen int    // bytes in slots of calls and oneway messages
	acked      uint64 // acknowledgements taken from the peer
	drained    uint64 // how far the peer was seen to have taken descriptors
	controls   []uint64
	room       chan struct{} // closed when room may have come; nil when nobody waits
	roomFrom   uint64        // acked when that wait began
	roomTimer  *time.Timer   // of that wait; nil when the next slot freed ends it
	roomWait   wait.Waiter
	takeWait   wait.Waiter
}

// slotState is what the sender knows of a slot. What a peer acknowledges must have been posted: a
// slot that is being filled is not its to free.
type slotState struct {
	use    slotUse
	class  Class
	files  uint16
	secret bool // wipe it when it is freed
}

type slotUse uint8

const (
	slotFree slotUse = iota
	slotReserved
	slotPosted
)

// receiver is the state of what this side reads.
type receiver struct {
	ring     ring.Reader
	messages atomic.Int64 // calls taken from the ring and not freed
	replies  atomic.Int64 // the same for replies
	controls int          // control messages taken since the peer was told so
	bulk     bulkInbox
	ackLock  sync.Mutex
	acks     uint64
}

func newLane(peer *Peer, out, in outbox, parker wait.Parker, p port, unmap func()) *Link {
	l := &Link{peer: peer, parker: parker, port: p, out: out, in: in, unmap: unmap}
	l.send.ring = out.writer()
	l.send.pool = pool.New(out.segment.Size())
	l.send.bulk.sweep = l.sweepBulk
	l.recv.ring = in.reader()
	l.freeze = freezeWords(out, in)
	w := waiters(out, in)
	l.loopers, l.poller = w[:Loopers], w[bellPoll]
	l.send.roomWait, l.send.takeWait = w[bellRoom], w[bellTake]
	l.ringers = ringers(out, in)
	l.users.Store(1)
	return l
}

// routineReceive tells the events what happens until the peer is gone, or another goroutine does so in its place. It
// arms the poller before it lets them look, so that nothing published afterwards goes without a ring.
func (l *Link) routineReceive() {
	turn, ended := l.beginTurn(), false
	defer func() {
		if !ended { // a handler has ended the goroutine on which it ran
			l.relieve()
		}
	}()
	for {
		l.poller.Arm(wait.OnPoll)
		l.notifyRoom()
		l.events.Readable(l)
		if turn.Relieved() {
			ended = true
			return
		}
		if err := l.port.wait(); err != nil {
			l.end(err)
			ended = true
			return
		}
	}
}

// end tells the events that the peer is gone.
func (l *Link) end(err error) {
	l.die(l.hangup(err))
	l.port.close()
	l.notifyRoom()
	l.events.Hangup(l, *l.failure.Load())
	if l.cover.by != nil {
		l.cover.by.forget(l)
	}
	l.Drop()
}

func (l *Link) hangup(err error) error {
	if status.CodeOf(err) == status.Protocol {
		return err
	}
	return status.Errorf(status.Dead, "process %d has ended", l.peer.ID)
}

// die notes why the link ended; the first reason stays.
func (l *Link) die(err error) { l.failure.CompareAndSwap(nil, &err) }

// Fail is Close with the error that Err returns from then on, unless there was one.
func (l *Link) Fail(err error) {
	l.die(err)
	l.port.close()
	l.relieve()
}

// Close cuts the link; the events' Hangup follows.
func (l *Link) Close() {
	l.Fail(status.Errorf(status.Dead, "the link to process %d was closed here", l.peer.ID))
}

// Err is why the link has died; nil while it lives.
func (l *Link) Err() error {
	if e := l.failure.Load(); e != nil {
		return *e
	}
	return nil
}

// Hold keeps the memory mapped, and files that have come open, until as many Drops, also after
// the link has died. It is false when the memory is gone already. Reserve and PostControl hold by
// themselves, a Slot until it is posted or abandoned; PostSmall, receiving, ringing, Caller's and Looper's
// waiters need a hold, or to be called from the Events.
func (l *Link) Hold() bool {
	for {
		n := l.users.Load()
		if n == 0 {
			return false
		}
		if l.users.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Drop ends a Hold.
func (l *Link) Drop() {
	if l.users.Add(-1) == 0 {
		l.port.discard()
		l.send.bulk.close()
		l.recv.bulk.close()
		l.unmap()
	}
}

// Peer returns who is at the other end.
func (l *Link) Peer() *Peer { return l.peer }

// Parker returns what threads that wait on this link sleep and wake by.
func (l *Link) Parker() wait.Parker { return l.parker }

// Caller makes the waiting side of caller i, of which there is one at a time. To use it needs a hold, or to be called
// from the Events.
func (l *Link) Caller(i uint32) wait.Waiter {
	return wait.NewWaiter(&l.out.callerArmed[i], &l.in.callerBell[i])
}

// callerRinger is the ringing side of the peer's caller i.
func (l *Link) callerRinger(i uint32) wait.Ringer {
	return wait.NewRinger(&l.in.callerArmed[i], &l.out.callerBell[i])
}

// Looper returns the waiting side of looper i. It needs a hold, or to be called from the Events.
func (l *Link) Looper(i int) *wait.Waiter { return &l.loopers[i] }

// RingLooper wakes nobody while a looper is awake on the lane, for that one will look at it. Else it
// prefers the looper with the lowest number, which served last and is warm. The lane is held.
func (l *Link) RingLooper() {
	for i := range l.ringers[:Loopers] {
		r := &l.ringers[i]
		switch r.Ring() {
		case wait.OnFutex:
			killpoint.At("ring: looper claimed")
			l.parker.Wake(r.Bell())
			return
		case wait.Awake:
			return
		}
	}
	l.ringPoller()
}

// RingOneway is RingLooper after a oneway call on a node. It wakes nobody while one that handles such a call
// attends to the lane. The lane is held.
func (l *Link) RingOneway(node uint64) {
	if node == 0 || l.in.attended.Load() != node { // zero: nobody attends to any
		l.RingLooper()
	}
}

// Attend tells the peer that this side looks at the lane again before it stops handling oneway calls on
// a node; zero that it does not any more: then it looks once more. The lane is held.
func (l *Link) Attend(node uint64) { l.out.attended.Store(node) }

func (l *Link) ringPoller() {
	if l.ringers[bellPoll].Ring() == wait.OnPoll {
		l.port.ring()
	}
}

// CallerAwake reports whether the peer's caller is up, or has gone: if it was sent a reply just now,
// nobody had to wake it. The lane is held.
func (l *Link) CallerAwake(i uint32) bool {
	r := l.callerRinger(i)
	m := r.Mode()
	return m == wait.Awake || m == wait.Absent
}

// RingCaller wakes the peer's caller i if it sleeps, and returns how it waits. Absent means that there is none: ring a
// looper instead. The lane is held.
func (l *Link) RingCaller(i uint32) wait.Mode {
	r := l.callerRinger(i)
	mode := r.Ring()
	switch mode {
	case wait.OnFutex:
		killpoint.At("ring: caller claimed")
		l.parker.Wake(r.Bell())
	case wait.OnPoll:
		l.RingLooper()
	case wait.Awake:
		if r.Mode() == wait.OnPoll { // rung before, for something that was not its answer perhaps
			l.RingLooper()
			return wait.OnPoll
		}
	}
	return mode
}
