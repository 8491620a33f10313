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

// lane is one end of a link, whatever carries it.
type lane struct {
	peer   *Peer
	parker wait.Parker
	port   port
	events Events
	out    outbox
	in     outbox
	freeze FreezeWords

	send sender
	recv receiver

	callers       []wait.Waiter
	loopers       []wait.Waiter
	poller        wait.Waiter
	callerRingers []wait.Ringer
	ringers       []wait.Ringer // loopers, poller, room, take

	users   atomic.Int64 // holds on the mappings; the receiving goroutine has one
	unmap   func()
	failure atomic.Pointer[error]
}

// sender is the state of what this side writes.
type sender struct {
	sync.Mutex
	ring       ring.Writer
	pool       *pool.Pool
	slots      []slotState // by slot number
	files      int         // of messages that the peer has not freed
	filed      int         // messages with files that the peer has not freed
	secrets    int         // posted slots that are to be wiped
	bulk       bulkMemory
	spamTold   bool   // that there is spam; until there is none
	messages   int    // message credit in use
	oneways    int    // of those, oneway
	onewayLen  int    // bytes in slots of oneway messages
	messageLen int    // bytes in slots of calls and oneway messages
	acked      uint64 // acknowledgements taken from the peer
	drained    uint64 // how far the peer was seen to have taken descriptors
	controls   []uint64
	room       chan struct{} // closed when room may have come; nil when nobody waits
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

func newLane(peer *Peer, out, in outbox, parker wait.Parker, p port, unmap func()) *lane {
	l := &lane{peer: peer, parker: parker, port: p, out: out, in: in, unmap: unmap}
	l.send.ring = out.writer()
	l.send.pool = pool.New(out.segment.Size())
	l.send.bulk.sweep = l.sweepBulk
	l.recv.ring = in.reader()
	l.freeze = freezeWords(out, in)
	l.callers = waiters(out, in, offCallerArmed, offCallerBell, callerCredit)
	pairs := waiters(out, in, offArmed, offBell, bellTake+1)
	l.loopers, l.poller = pairs[:Loopers], pairs[bellPoll]
	l.send.roomWait, l.send.takeWait = pairs[bellRoom], pairs[bellTake]
	l.callerRingers = ringers(out, in, offCallerArmed, offCallerBell, callerCredit)
	l.ringers = ringers(out, in, offArmed, offBell, bellTake+1)
	l.users.Store(1)
	return l
}

// routineReceive tells the events what happens until the peer is gone. It arms the poller before it
// lets them look, so that nothing published afterwards goes without a ring.
func (l *lane) routineReceive() {
	defer l.Drop()
	for {
		l.poller.Arm(wait.OnPoll)
		l.notifyRoom()
		l.events.Readable(l)
		if err := l.port.wait(); err != nil {
			l.die(l.hangup(err))
			l.port.close()
			l.notifyRoom()
			l.events.Hangup(l, *l.failure.Load())
			return
		}
	}
}

func (l *lane) hangup(err error) error {
	if status.CodeOf(err) == status.Protocol {
		return err
	}
	return status.Errorf(status.Dead, "process %d has ended", l.peer.ID)
}

// die notes why the link ended; the first reason stays.
func (l *lane) die(err error) { l.failure.CompareAndSwap(nil, &err) }

func (l *lane) Fail(err error) {
	l.die(err)
	l.port.close()
}

func (l *lane) Close() {
	l.Fail(status.Errorf(status.Dead, "the link to process %d was closed here", l.peer.ID))
}

func (l *lane) Err() error {
	if e := l.failure.Load(); e != nil {
		return *e
	}
	return nil
}

func (l *lane) Hold() bool {
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

func (l *lane) Drop() {
	if l.users.Add(-1) == 0 {
		l.port.discard()
		l.send.bulk.close()
		l.recv.bulk.close()
		l.unmap()
	}
}

func (l *lane) Peer() *Peer                  { return l.peer }
func (l *lane) Parker() wait.Parker          { return l.parker }
func (l *lane) Caller(i uint32) *wait.Waiter { return &l.callers[i] }
func (l *lane) Looper(i int) *wait.Waiter    { return &l.loopers[i] }

// RingLooper wakes nobody while a looper is awake on the lane, for that one will look at it. Else it
// prefers the looper with the lowest number, which served last and is warm.
func (l *lane) RingLooper() {
	if !l.Hold() {
		return
	}
	defer l.Drop()
	for i := range l.ringers[:Loopers] {
		switch r := l.ringers[i]; r.Ring() {
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

func (l *lane) ringPoller() {
	if l.ringers[bellPoll].Ring() == wait.OnPoll {
		l.port.ring()
	}
}

// CallerAwake reports whether the peer's caller is up, or has gone: if it was sent a reply just now,
// nobody had to wake it. The lane is held.
func (l *lane) CallerAwake(i uint32) bool {
	m := l.callerRingers[i].Mode()
	return m == wait.Awake || m == wait.Absent
}

func (l *lane) RingCaller(i uint32) bool {
	if !l.Hold() {
		return false
	}
	defer l.Drop()
	r := l.callerRingers[i]
	switch r.Ring() {
	case wait.OnFutex:
		killpoint.At("ring: caller claimed")
		l.parker.Wake(r.Bell())
	case wait.OnPoll:
		l.RingLooper()
	case wait.Awake:
		if r.Mode() == wait.OnPoll { // rung before, for something that was not its answer perhaps
			l.RingLooper()
		}
	case wait.Absent:
		return false
	}
	return true
}
