package object

import (
	"time"

	"ubinder/runtime/internal/wait"
)

// maxThreads is how many calls of a process may wait for each to block a thread, for the shortest way
// back. With more, callers wait on channels, and a looper takes all their replies with
// one wake-up: a thread that sleeps in the kernel would keep them from running.
const maxThreads = 2

// sleep waits until the reply's ring, or wake: it spins if that may pay, then arms and looks once more. It
// sleeps on a futex, the fastest, where that is worth it: a wait that lasts leaves the scheduler's processor
// to others.
func (p *pending) sleep() {
	t := p.t
	waiting := t.calling.Load() - t.nesting.Load()
	if waiting > maxThreads {
		p.sleepOnChannel()
		return
	}
	t.yield()
	if r := t.spinning.callers.Load(); r != nil && p.spinForReply(r) {
		return
	}
	if waiting > 1 {
		p.sleepOnFutex(false)
		return
	}
	h := &p.patience
	nap := h.last < napLimit && t.spinning.beginNap()
	socket := !nap && h.last > t.spinning.long
	if !socket && !h.measures() {
		p.sleepOnFutex(nap)
		if nap && !p.something() {
			h.last = napLimit
		}
		return
	}
	start := time.Now()
	if socket {
		p.sleepOnSocket()
	} else {
		p.sleepOnFutex(nap)
	}
	h.last = time.Since(start)
}

// sleepOnFutex sleeps on the bell. After a nap in vain the next wait is for the socket.
func (p *pending) sleepOnFutex(nap bool) {
	limit := time.Duration(0)
	if nap {
		limit = napLimit
	}
	bell, val := p.waiter.Arm(wait.OnFutex)
	if !p.something() {
		p.sleeper.Sleep(p.t.parker, bell, val, limit)
	}
	p.waiter.Present()
	if nap {
		endNap()
	}
}

// sleepOnSocket has p wait for the lane's socket in place of the poller, or on a channel if another
// caller does so already.
func (p *pending) sleepOnSocket() {
	p.onChannel.Store(true)
	p.waiter.Arm(wait.OnPoll)
	if link := p.lane.link; link.BeginAwait() {
		p.onSocket.Store(true)
		p.awaitRings()
		p.onSocket.Store(false)
		link.EndAwait()
	} else if !p.something() {
		<-p.signal
	}
	p.waiter.Present()
	p.onChannel.Store(false)
}

// awaitRings does what the poller would do, until the reply has come.
func (p *pending) awaitRings() {
	link := p.lane.link
	for !p.seen() {
		rang, err := link.Await()
		p.onChannel.Store(false) // it is up: what it drains itself need not wake it
		if rang {
			link.Turn()
		}
		p.onChannel.Store(true)
		if err != nil { // the poller tells of the hang-up
			if !p.something() {
				<-p.signal
			}
			return
		}
	}
}

// yieldEvery is after how many sleeps a thread lets other goroutines run first.
const yieldEvery = 256

// yield keeps short sleeps from starving the program's other goroutines: a thread that sleeps in the
// kernel keeps its processor of the Go scheduler for a while, and for ever when it sleeps again and
// again for moments only.
func (t *Transport) yield() {
	if t.sleeps.Add(1)%yieldEvery == 0 {
		t.spinning.noteBusy()
	}
}

func (p *pending) sleepOnChannel() {
	p.onChannel.Store(true)
	p.waiter.Arm(wait.OnPoll)
	p.t.wantLooper(p.lane)
	if !p.something() {
		<-p.signal
	}
	p.waiter.Present()
	p.onChannel.Store(false)
}

// something reports whether there is a reason not to sleep. What another goroutine has drained shows
// in done before it shows in drained, so the lane is looked at first.
func (p *pending) something() bool {
	published := p.lane.drained.Load() != p.lane.link.Published()
	return published || p.done.Load() || p.hasNested.Load()
}

// wake ends the sleep, or the next one. Safe for concurrent use, and after the call has ended.
func (p *pending) wake() {
	select {
	case p.signal <- struct{}{}:
	default:
	}
	p.sleeper.Poke(p.t.parker)
	if p.onSocket.Load() {
		p.lane.link.Kick()
	}
}

func (p *pending) takeNested() *incoming {
	if !p.hasNested.Load() {
		return nil
	}
	p.t.mu.Lock()
	defer p.t.unlock()
	c := p.nested[0]
	p.nested = p.nested[1:]
	p.hasNested.Store(len(p.nested) > 0)
	return c
}
