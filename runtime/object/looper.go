package object

import (
	"runtime"
	"sync/atomic"

	"ubinder/runtime/bus"
	"ubinder/runtime/internal/wait"
)

// looper is a goroutine that takes calls and runs their handlers. Asleep, it blocks a thread on the
// bells of the hot lanes, so that a caller wakes it directly.
type looper struct {
	index   int
	sleeper wait.Sleeper
	set     wait.Set
	waking  bool          // counted by the pool
	watched []*lane       // held: on these it says how it waits
	ended   chan struct{} // closed when the goroutine has ended
}

// looperPool is the loopers of a process and the lanes they sleep on. Guarded by Transport.mu.
type looperPool struct {
	max     int
	count   int
	started atomic.Bool // there was a looper
	taken   []bool      // indices in use
	idle    []*looper
	hot     []*lane
	clock   uint64
	noSpare bool // a call was taken while no other looper waits
	waking  int  // loopers that were woken or started and do not run yet
	closed  bool
	stale   bool // a lane that sleepers may have armed is hot no more
}

// maxHot bounds the lanes that loopers sleep on; the others ring their receiving goroutine. One word
// of a set is the sleeper's own.
const maxHot = 32

// wanted returns a sleeping looper to wake for the queue, or a new one to start. While one handler
// runs another looper should wait, so that the next caller need not go through the poller.
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
	case p.closed || q.empty() && !p.noSpare:
	case p.coming(): // it takes one call, and wakes the next looper if there are more
	case !q.empty() && len(p.idle) > 0:
		lp := p.idle[0]
		p.remove(lp)
		p.awaken(lp)
		wake = append(wake, lp)
	case p.count < p.max:
		start = p.newLooper()
		p.awaken(start)
	}
	p.noSpare = false
	return wake, start
}

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
func (p *looperPool) coming() bool {
	if p.waking > 0 {
		return true
	}
	for _, lp := range p.idle {
		if lp.rung() {
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
	return &looper{index: i, ended: make(chan struct{})}
}

// add puts lp among the idle, the lowest index first: it served last and is warm.
func (p *looperPool) add(lp *looper) {
	i := len(p.idle)
	for i > 0 && p.idle[i-1].index > lp.index {
		i--
	}
	p.idle = append(p.idle, nil)
	copy(p.idle[i+1:], p.idle[i:])
	p.idle[i] = lp
}

func (p *looperPool) remove(lp *looper) {
	for i, x := range p.idle {
		if x == lp {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			return
		}
	}
}

// heat notes that a lane carries calls. The coldest makes place. A lane that has died is not looked
// at any more: its memory may be gone.
func (p *looperPool) heat(l *lane) {
	p.clock++
	l.lastUsed = p.clock
	if l.hot || l.dead {
		return
	}
	if len(p.hot) == maxHot {
		coldest := p.hot[0]
		for _, h := range p.hot {
			if h.lastUsed < coldest.lastUsed {
				coldest = h
			}
		}
		p.cool(coldest)
	}
	l.hot = true
	l.hotHint.Store(true)
	p.hot = append(p.hot, l)
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

// SetLoopers implements binder.Transport. Loopers that are too many end with the call that they
// handle.
func (t *Transport) SetLoopers(max int) {
	t.mu.Lock()
	defer t.unlock()
	t.pool.max = max
	if max < t.pool.count {
		t.pool.stale = true
	}
}

// wantLooper has a looper sleep on l: it takes the replies of callers that block no thread.
func (t *Transport) wantLooper(l *lane) {
	if l.hotHint.Load() && t.pool.started.Load() {
		return
	}
	t.mu.Lock()
	defer t.unlock()
	t.pool.heat(l)
	if t.pool.count == 0 {
		t.pool.noSpare = true
	}
}

// routineLoop is a looper's goroutine.
func (t *Transport) routineLoop(lp *looper) {
	left := false
	defer func() {
		if !left { // a handler has ended the goroutine
			t.mu.Lock()
			t.pool.takeOut(lp)
			t.lookAway(lp)
			t.unlock()
		}
		close(lp.ended)
	}()
	for c := t.next(lp, nil); c != nil; c = t.next(lp, c) {
		t.run(c, lp)
	}
	left = true
}

// next finishes the call that lp has run and waits for another; nil ends the looper.
func (t *Transport) next(lp *looper, done *incoming) *incoming {
	t.mu.Lock()
	t.pool.runs(lp)
	if done != nil {
		t.finish(done)
	}
	for {
		t.drainHot()
		if t.pool.leave(lp) {
			t.lookAway(lp)
			t.unlock()
			return nil
		}
		if c := t.queue.pop(); c != nil {
			t.lookAway(lp)
			t.pool.noSpare = len(t.pool.idle) == 0
			t.unlock()
			return c
		}
		t.lookAway(lp)
		lp.arm(t.pool.hot)
		if !t.queue.empty() || lp.published() {
			continue
		}
		crowd := t.pool.coming()
		t.pool.add(lp)
		t.unlock()
		if t.woken.Swap(false) || crowd {
			runtime.Gosched() // they would wait for this thread's processor
		} else {
			t.yield()
		}
		lp.sleep(t.parker)
		t.mu.Lock()
		t.pool.remove(lp)
		t.pool.runs(lp)
	}
}

func (t *Transport) drainHot() {
	for _, l := range t.pool.hot {
		t.drain(l)
	}
}

// lookAway has lp promise no more that it will look at the lanes that it was armed for or awake on.
// What was published on the strength of the promise is taken now, also from a lane that is not hot any
// more; unlock wakes another looper for it.
func (t *Transport) lookAway(lp *looper) {
	for i, l := range lp.watched {
		l.link.Looper(lp.index).Leave()
		t.drain(l)
		l.link.Drop()
		lp.watched[i] = nil
	}
	lp.watched = lp.watched[:0]
}

// leave takes lp out when the process is closed or has too many loopers. A call that waits is
// another's then.
func (p *looperPool) leave(lp *looper) bool {
	if !p.closed && p.count <= p.max {
		return false
	}
	p.takeOut(lp)
	return true
}

func (p *looperPool) takeOut(lp *looper) {
	p.taken[lp.index] = false
	p.count--
}

// arm publishes on every hot lane that lp sleeps there. The caller has the lock.
func (lp *looper) arm(hot []*lane) {
	lp.set.Reset()
	for _, l := range hot {
		if lp.watch(l) {
			lp.set.Add(l.link.Looper(lp.index).Arm(wait.OnFutex))
		}
	}
}

// watch holds a lane on which lp says how it waits, until lookAway.
func (lp *looper) watch(l *lane) bool {
	if lp.index >= bus.Loopers || !l.link.Hold() {
		return false
	}
	lp.watched = append(lp.watched, l)
	return true
}

// present publishes, before the reply that may let the caller call again, that lp will look at the
// lane: the caller need not wake it, nor another.
func (lp *looper) present(l *lane) {
	if lp.watch(l) {
		l.link.Looper(lp.index).Present()
	}
}

// published reports whether one of the lanes has something that was published before the arming.
func (lp *looper) published() bool {
	for _, l := range lp.watched {
		if l.link.Published() != l.link.Position() {
			return true
		}
	}
	return false
}

func (lp *looper) sleep(p wait.Parker) {
	if bell, val, ok := lp.set.Single(); ok {
		lp.sleeper.Sleep(p, bell, val, 0)
		return
	}
	lp.sleeper.SleepAny(p, &lp.set)
}

// rung reports whether a peer has rung lp since it armed.
func (lp *looper) rung() bool {
	for _, l := range lp.watched {
		if !l.link.Looper(lp.index).Armed() {
			return true
		}
	}
	return false
}
