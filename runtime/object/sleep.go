package object

import (
	"time"

	"ubinder/runtime/bus"
	"ubinder/runtime/internal/wait"
)

// maxThreads is how many calls of a process may wait for each to block a thread, for the shortest way
// back. With more, callers wait on channels, and a looper takes all their replies with
// one wake-up: a thread that sleeps in the kernel would keep them from running. While loopers rest a processor is left to
// who receives.
const maxThreads = 2

func (t *Transport) maxThreads() int64 {
	if t.pool.resting.Load() {
		return min(maxThreads, int64(t.spinning.naps.spare.Load()))
	}
	return maxThreads
}

// sleep waits until the reply's ring, or wake: it spins if that may pay, then arms and looks once more.
func (p *pending) sleep() {
	t := p.t
	waiting := t.calling.Load() - t.nesting.Load()
	if waiting > t.maxThreads() {
		p.sleepOnChannel()
		return
	}
	t.yield()
	if r := t.spinning.callers.Load(); r != nil {
		h := &p.spins
		if p.desc.Flags&bus.FlagFilled != 0 {
			r, h = &largeRule, &p.largeSpins
		}
		if p.spinForReply(r, h) {
			return
		}
	}
	if p.published() { // on one CPU the reply often is, before this goroutine goes on
		return
	}
	nap := waiting == 1 && p.beginNap()
	limit := time.Duration(0)
	if nap {
		limit = napLimit
	}
	bell, val := p.waiter.Arm(wait.OnFutex)
	if !p.something() {
		p.sleeper.Sleep(t.parker, bell, val, limit)
	}
	if nap {
		p.waiter.Present()
		wait.EndNap()
	}
}

// yieldEvery is after how many sleeps a thread lets other goroutines run first.
const yieldEvery = 256

// yield keeps short sleeps from starving the program's other goroutines: a thread that sleeps in the
// kernel keeps its processor of the Go scheduler for a while, and for ever when it sleeps again and
// again for moments only.
func (t *Transport) yield() {
	if t.sleeps.Add(1)%yieldEvery == 0 {
		t.spinning.naps.lookAround()
	}
}

func (p *pending) sleepOnChannel() {
	p.onChannel.Store(true)
	p.t.pool.patient.Add(1)
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
	return p.published() || p.done.Load() || p.hasWork.Load()
}

// published reports whether there is something on the lane that was not drained.
func (p *pending) published() bool { return p.lane.drained.Load() != p.lane.link.Published() }

// wake ends the sleep, or the next one. Safe for concurrent use, and after the call has ended.
func (p *pending) wake() {
	select {
	case p.signal <- struct{}{}:
	default:
	}
	p.sleeper.Poke(p.t.parker)
}
