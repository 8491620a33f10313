package object

import (
	"time"

	"ubinder/runtime/bus"
)

// A call that comes to a lane on which no looper sleeps, or while all loopers rest, is run by the goroutine that was rung
// for it. To hand it to a looper takes several times what most calls do: another thread, and the scheduler's monitor,
// get up for that. Another goroutine receives in its place if the lane has something to say meanwhile.

// servesHere reports whether a receiving goroutine is to run what waits: no looper is about to. Unless loopers rest there
// is one, which the lane's peers see as soon as they call often.
func (p *looperPool) servesHere(q *queue) bool {
	return p.here && p.mayBegin(q) && !p.closed && (p.count > 0 || p.resting.Load()) &&
		p.waking == 0 && p.spinner == nil && !p.rung() && !q.first().forLooper()
}

// forLooper reports whether only a looper runs c: its handler may want a nice value of its own, and its thread to end for
// that, or its payload is copied while it is written, by who spins.
func (c *incoming) forLooper() bool {
	n := c.target
	if c.line != nil {
		n = c.line.node
	}
	return c.filling || n != nil && n.NiceRange() != nil
}

// serveHere runs calls on the goroutine that receives on l as long as there are any. The caller has the lock, and
// has not when it returns.
func (t *Transport) serveHere(l *lane) {
	lp := l.here
	if l.here = nil; lp == nil {
		lp = &looper{index: bus.Loopers} // which peers do not see
	}
	t.pool.awaken(lp)
	t.unlock()
	turn := l.link.Away()
	returned := turn == nil
	defer func() {
		if !returned {
			t.endedInHandler(lp)
			t.unlock()
		}
	}()
	t.mu.Lock()
	t.pool.runs(lp)
	for turn != nil && t.takeHere(lp) {
		t.unlock()
		t.runTaken(lp)
		t.mu.Lock()
		t.finishCall(lp)
		if turn.Relieved() {
			break
		}
	}
	returned = true
	t.leaveLine(lp)
	l.here = lp
	t.unlock()
	turn.Back()
}

// takeHere has lp begin a call, if it is to. The caller has the lock.
func (t *Transport) takeHere(lp *looper) bool {
	if t.queue.empty() {
		t.leaveLine(lp) // there may be more of it
	}
	if !t.pool.servesHere(&t.queue) {
		return false
	}
	t.takeFirst(lp)
	return true
}

// Loopers rest where calls are rare and have time: oneway ones, and those of callers that wait together with many, here
// or in the processes that call. A thread that sleeps costs more then, each time that it gets up, than all that it does.
// Parked, loopers leave the lanes to those who receive on them. A caller by itself is served a third sooner by a thread
// that sleeps.
const (
	restGap   = 600 * time.Microsecond // between two sleeps of a looper, on average of restAfter
	quickGap  = 300 * time.Microsecond // between two rings of receiving goroutines, restAfter in a row
	restAfter = 8
)

// noteSleep notes that a looper is about to sleep, and reports whether it is to rest instead. It looks at the clock more
// often while calls have time. The caller has the lock.
func (t *Transport) noteSleep() bool {
	p := &t.pool
	if p.sleeps++; p.sleeps%restAfter != 0 || !p.here {
		return false
	}
	if p.patient.Swap(0) < restAfter/2 || t.spinning.naps.spare.Load() == 0 {
		p.slept = time.Time{}
		if !p.pace.often || p.sleeps%paceAfter == 0 {
			p.pace.look(time.Now(), p.clock)
		}
		return false
	}
	p.pace.naps = false
	now := time.Now()
	rests := !p.slept.IsZero() && now.Sub(p.slept) > restAfter*restGap
	p.slept = now
	p.resting.Store(rests)
	return rests
}

// wasRung notes that a receiving goroutine was rung. With only one processor, which a thread that sleeps in the kernel
// keeps for a while, it would wait for that: then no looper rests. The caller has the lock.
func (t *Transport) wasRung() {
	p := &t.pool
	if !p.resting.Load() {
		return
	}
	now := time.Now()
	if now.Sub(p.lastRing) < quickGap {
		p.quickRings++
	}
	p.lastRing = now
	t.spinning.naps.count()
	spare := t.spinning.naps.spare.Load() > 0
	if p.rings++; p.rings < restAfter && spare {
		return
	}
	rests := p.patient.Swap(0) >= restAfter/2 && p.quickRings < restAfter && spare
	p.rings, p.quickRings = 0, 0
	if !rests {
		p.resting.Store(false)
		p.rouse = true
		p.sleeps, p.slept = 0, time.Time{}
	}
}
