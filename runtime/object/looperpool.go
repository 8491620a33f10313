package object

import (
	"sync/atomic"
	"time"
)

// looperPool is the loopers of a process and the lanes they sleep on. Guarded by Transport.mu.
type looperPool struct {
	max      int
	count    int
	started  atomic.Bool // there was a looper
	taken    []bool      // indices in use
	idle     []*looper
	spinner  *looper // of the idle, the one that is awake, and looks; nil: none
	hot      []*lane
	clock    uint64
	turned   uint64        // clock when a lane had to leave its place to another last
	busy     int           // loopers that run a call
	free     chan struct{} // closed when fewer are busy than may be; nil: nobody waits
	starved  time.Time     // since when calls wait though all are busy; zero: they do not
	noSpare  bool          // a call was taken while no other looper waits
	waking   int           // loopers that were woken or started and do not run yet
	blocking int           // loopers that sleep in the kernel
	closed   bool
	stale    bool // a lane that sleepers may have armed is hot no more
	pace     pace

	here       bool        // receiving goroutines run calls
	resting    atomic.Bool // loopers are parked, and leave the lanes to those
	rouse      bool        // no more: one is to be woken
	sleeps     uint32
	slept      time.Time // when sleeps was a multiple of restAfter, while calls have time; else zero
	lastRing   time.Time
	rings      int // while loopers rest
	quickRings int
	patient    atomic.Int32 // calls of late that have time

	doubt    *time.Timer // fires when a looper that was rung should be up
	doubting bool        // it will
	doubted  bool        // it has: the next call is not left to one that was rung
}

// maxHot bounds the lanes that loopers sleep on; the others ring their receiving goroutine. Each costs who
// goes to sleep, so that more than these cost more than the rings: with 64 processes that call at once,
// 32 took the least processor time of 4, 8, 16, 32 and 127. One word of a set is the sleeper's own.
const maxHot = 32

// warmFor is for how many calls, of all lanes, a lane stays hot that carries none, and within how many a second one
// comes of a lane that becomes hot beside others. Whoever sleeps on a lane more pays for it with each call, most for
// the second (futex_waitv in place of futex); a ring of the goroutine of one that is called rarely costs less.
const warmFor = 256

// wanted returns a sleeping looper to wake for the queue, or a new one to start. While one handler
// runs another looper should be there, asleep or parked, so that the next call need not start one.
func (p *looperPool) wanted(q *queue) (wake []*looper, start *looper) {
	if p.stale {
		p.stale = false
		wake, p.idle = p.idle, nil
		for _, lp := range wake {
			p.awaken(lp)
		}
		if len(wake) > 0 {
			return wake, nil
		}
	}
	switch {
	case p.closed || q.empty() && !p.noSpare && !p.rouse:
	case p.waking > 0: // it takes one call, and wakes the next looper if there are more
	case !p.doubted && p.rung(): // so does that one
		if !q.empty() {
			p.doubtSoon()
		}
	case !q.empty() && p.busy >= p.max:
		if p.starved.IsZero() {
			p.starved = time.Now()
		}
	case (!q.empty() || p.rouse) && len(p.idle) > 0:
		p.rouse = false
		lp := p.cheapest()
		p.remove(lp)
		p.awaken(lp)
		wake = append(wake, lp)
	case p.count < p.max:
		p.rouse = false
		start = p.newLooper()
		p.awaken(start)
	default: // those that are busy will sleep where they are seen
		p.rouse = false
	}
	p.noSpare, p.doubted = false, false
	return wake, start
}

// rungPatience is how long a call waits for a looper that a peer has rung. A peer can say so and wake nobody,
// or be stopped in between: others are served all the same.
const rungPatience = 5 * time.Millisecond

func (p *looperPool) doubtSoon() {
	if !p.doubting && p.doubt != nil {
		p.doubting = true
		p.doubt.Reset(rungPatience)
	}
}

// doubtRings has unlock wake a looper if calls wait that were left to one that was rung.
func (t *Transport) doubtRings() {
	t.mu.Lock()
	defer t.unlock()
	t.pool.doubting = false
	t.pool.doubted = !t.queue.empty()
}

// cheapest returns an idle looper that is parked: waking it takes no system call, and who sleeps on the
// lanes goes on sleeping. Without one it returns that of the lowest index, which served last.
func (p *looperPool) cheapest() *looper {
	best := p.idle[0]
	for _, lp := range p.idle {
		if lp.parked.Load() {
			return lp
		}
		if lp.index < best.index {
			best = lp
		}
	}
	return best
}

// quiet reports that wanted has nothing to do.
func (p *looperPool) quiet(q *queue) bool { return !p.stale && !p.noSpare && !p.rouse && q.empty() }

// mayBegin reports whether there is a call that a looper may begin.
func (p *looperPool) mayBegin(q *queue) bool { return !q.empty() && p.busy < p.max }

func (p *looperPool) awaken(lp *looper) {
	lp.waking = true
	p.waking++
}

// runs notes that lp is awake.
func (p *looperPool) runs(lp *looper) {
	if lp.waking {
		lp.waking = false
		p.waking--
	}
}

// coming reports whether a looper is on its way that will look at lanes and queue: one that was woken
// here, or rung by a peer.
func (p *looperPool) coming() bool { return p.waking > 0 || len(p.idle) > 0 && p.rung() }

func (p *looperPool) rung() bool {
	for _, lp := range p.idle {
		if len(lp.watched) > 0 && lp != p.spinner && lp.rung() {
			return true
		}
	}
	return false
}

// newLooper gives out the lowest free index.
func (p *looperPool) newLooper() *looper {
	i := 0
	for i < len(p.taken) && p.taken[i] {
		i++
	}
	if i == len(p.taken) {
		p.taken = append(p.taken, false)
	}
	p.taken[i] = true
	p.count++
	p.started.Store(true)
	return &looper{index: i, signal: make(chan struct{}, 1), ended: make(chan struct{})}
}

func (p *looperPool) add(lp *looper) { p.idle = append(p.idle, lp) }

func (p *looperPool) remove(lp *looper) {
	last := len(p.idle) - 1
	for i, x := range p.idle {
		if x == lp {
			p.idle[i] = p.idle[last]
			p.idle = p.idle[:last]
			return
		}
	}
}

// heat notes that a lane carries calls, of which it has to carry some to be hot beside others. Where there is no place
// left the one that has been hot for the longest makes some, now and then: lanes that took turns with each other at each
// call would cost more than what rings a goroutine, and one that never had a turn would be served last for ever. A lane
// that has died is not looked at any more: its memory may be gone.
func (p *looperPool) heat(l *lane) {
	p.clock++
	since := p.clock - l.lastUsed
	l.lastUsed = p.clock
	if p.clock%warmFor == 0 {
		p.coolUnused()
	}
	if l.hot || l.cut || l.dead {
		return
	}
	switch n := len(p.hot); {
	case n == 0:
	case n < maxHot && since > warmFor || since == p.clock: // that was its first
		return
	case n == maxHot:
		if p.clock-p.turned < warmFor {
			return
		}
		p.turned = p.clock
		p.cool(p.hot[0])
	}
	l.hot = true
	l.hotHint.Store(true)
	p.hot = append(p.hot, l)
}

// coolUnused takes out what has carried no call for a while: whoever sleeps pays for each.
func (p *looperPool) coolUnused() {
	for i := len(p.hot) - 1; i >= 0; i-- {
		if l := p.hot[i]; p.clock-l.lastUsed >= warmFor {
			p.cool(l)
		}
	}
}

// cool takes a lane from the hot ones; sleepers are woken so that they let go of it.
func (p *looperPool) cool(l *lane) {
	for i, h := range p.hot {
		if h == l {
			p.hot = append(p.hot[:i], p.hot[i+1:]...)
			l.hot = false
			l.hotHint.Store(false)
			p.stale = true
			return
		}
	}
}

// begins notes that a looper runs a call that it took from q.
func (p *looperPool) begins(q *queue) {
	p.busy++
	if q.empty() && !p.starved.IsZero() {
		p.starved = time.Time{}
	}
}

// ends notes that a looper has run its call.
func (p *looperPool) ends() {
	p.busy--
	if p.free != nil {
		p.tellFree()
	}
}

// tellFree wakes who waits for a looper, if there is one.
func (p *looperPool) tellFree() {
	if p.free != nil && p.busy < p.max {
		close(p.free)
		p.free = nil
	}
}

// leave takes lp out when the process is closed or has too many loopers, or its thread is of no use. A call that waits is
// another's then.
func (p *looperPool) leave(lp *looper) bool {
	if !p.closed && p.count <= p.max && !lp.spoiled {
		return false
	}
	p.takeOut(lp)
	return true
}

func (p *looperPool) takeOut(lp *looper) {
	p.taken[lp.index] = false
	p.count--
}
