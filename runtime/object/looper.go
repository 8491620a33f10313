package object

import (
	"context"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/wait"
	"ubinder/runtime/status"
)

// looper is a goroutine that takes calls and runs their handlers. Asleep, it blocks a thread on the
// bells of the hot lanes, so that a caller wakes it directly; when enough others do, it is parked as
// goroutines are.
type looper struct {
	index   int
	sleeper wait.Sleeper
	spins   looperSpin
	set     wait.Set
	parked  atomic.Bool   // waits on signal instead of sleeping in the kernel
	signal  chan struct{} // ends that
	waking  bool          // counted by the pool
	call    *incoming     // that it runs; nil: none
	oneways onewayRun     // if that stands for a line
	spoiled bool          // its thread has a nice value from which it cannot go back
	watched []watch       // where it says how it waits
	at      *lane         // of the call that it has answered: there it says that it is awake; nil: nowhere
	naps    uint32        // that it had
	ended   chan struct{} // closed when the goroutine has ended
}

// watch is a lane on which a looper says how it waits. The lane is held.
type watch struct {
	lane *lane
	bell *atomic.Uint32 // on which it sleeps, if it has armed,
	val  uint32         // as long as that is its value
}

// Loopers implements binder.Transport.
func (t *Transport) Loopers() binder.LooperInfo {
	t.mu.Lock()
	defer t.unlock()
	p := &t.pool
	return binder.LooperInfo{
		Max: p.max, Started: max(p.count, p.busy), Busy: p.busy, Waiting: t.queue.len(), Starved: p.starved,
	}
}

// AwaitLooper implements binder.Transport.
func (t *Transport) AwaitLooper(ctx context.Context) error {
	for {
		free := t.looperFree()
		if free == nil {
			return nil
		}
		select {
		case <-free:
		case <-t.done:
			return errTransportClosed
		case <-ctx.Done():
			return status.FromContext(ctx)
		}
	}
}

// looperFree returns nil when a looper is free, else what is closed when one may be.
func (t *Transport) looperFree() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := &t.pool
	if p.busy < p.max {
		return nil
	}
	if p.free == nil {
		p.free = make(chan struct{})
	}
	return p.free
}

// SetLoopers implements binder.Transport. Loopers that are too many end with the call that they
// handle.
func (t *Transport) SetLoopers(max int) {
	t.mu.Lock()
	defer t.unlock()
	t.pool.max = max
	t.pool.tellFree()
	if max < t.pool.count {
		t.pool.stale = true
	}
	t.noteHurry()
}

// wantLooper has a looper sleep on l: it takes the replies of callers that block no thread.
func (t *Transport) wantLooper(l *lane) {
	if l.hotHint.Load() && t.pool.started.Load() {
		return
	}
	t.mu.Lock()
	defer t.unlock()
	t.pool.heat(l)
	if t.pool.count == 0 && !t.pool.resting.Load() {
		t.pool.noSpare = true
	}
}

// routineLoop is a looper's goroutine.
func (t *Transport) routineLoop(lp *looper) {
	left := false
	defer func() {
		if !left { // a handler has ended the goroutine
			t.endedInHandler(lp)
			t.pool.takeOut(lp)
			t.noteHurry()
			t.lookAway(lp)
			t.unlock()
		}
		close(lp.ended)
	}()
	for t.next(lp) {
		t.runTaken(lp)
	}
	left = true
}

// endedInHandler answers for a handler that has ended lp's goroutine. It returns with the lock.
func (t *Transport) endedInHandler(lp *looper) {
	t.handlerExited(lp.call)
	t.mu.Lock()
	t.finishCall(lp)
	t.leaveLine(lp)
}

// runTaken runs the call that lp has taken, or the line.
func (t *Transport) runTaken(lp *looper) {
	switch c := lp.call; {
	case c.line != nil:
		t.runOneways(lp)
	case !c.filling || t.followCall(lp):
		t.run(lp.call, lp)
	}
}

// takeFirst has lp take the first call of the queue, with the lock.
func (t *Transport) takeFirst(lp *looper) {
	lp.call = t.queue.pop()
	if lp.call.line != lp.oneways.line {
		t.leaveLine(lp)
	}
	t.lookAway(lp)
	if lp.call.line != nil {
		t.takeLine(lp)
	}
	t.pool.begins(&t.queue)
	if t.hurry.Load() {
		t.noteHurry()
	}
}

// finishCall finishes what lp has run.
func (t *Transport) finishCall(lp *looper) {
	if lp.call.line == nil {
		t.finish(lp.call)
	} else {
		t.finishOneways(lp)
	}
	lp.call = nil
	t.pool.ends()
}

// next finishes the call that lp has run and waits for another; false ends the looper.
func (t *Transport) next(lp *looper) bool {
	t.mu.Lock()
	t.pool.runs(lp)
	spins := t.spinning.loopers.Load() != nil
	if c := lp.call; c != nil {
		if spins || c.line != nil {
			lp.noteServed(c)
		}
		t.finishCall(lp)
	}
	for {
		for _, l := range t.pool.hot {
			if l.link.HasNext() {
				t.drain(l)
			}
		}
		if t.pool.leave(lp) {
			t.noteHurry()
			t.leaveLine(lp)
			t.lookAway(lp)
			t.unlock()
			return false
		}
		if t.pool.mayBegin(&t.queue) {
			t.takeFirst(lp)
			t.pool.noSpare = len(t.pool.idle) == 0
			t.unlock()
			return true
		}
		if (spins || lp.oneways.line != nil) && t.spinForCall(lp) {
			continue
		}
		if lp.oneways.line != nil {
			t.leaveLine(lp)
		}
		if t.pool.blocking >= maxBlocking || t.pool.resting.Load() || t.noteSleep() {
			t.lookAway(lp)
			t.park(lp)
			continue
		}
		t.arm(lp)
		if !t.pool.mayBegin(&t.queue) && !lp.published() {
			t.block(lp)
		}
	}
}

// maxBlocking is how many loopers of a process sleep as threads in the kernel at a time. Each keeps a
// processor of the Go scheduler for a while; with all of them kept, goroutines that others wait for do
// not run, and threads that are woken wait for a processor themselves.
var maxBlocking = max(1, runtime.GOMAXPROCS(0)/2)

// block has lp sleep where it has armed. The caller has the lock, which is free meanwhile.
func (t *Transport) block(lp *looper) {
	crowd := t.pool.coming()
	nap := t.pool.pace.naps && t.pool.pace.nap(t.pool.clock)
	t.pool.add(lp)
	t.pool.blocking++
	t.unlock()
	if t.woken.Load() && t.woken.Swap(false) || crowd {
		runtime.Gosched() // they would wait for this thread's processor
	} else {
		t.yield()
	}
	lp.sleep(t, nap)
	t.mu.Lock()
	t.pool.blocking--
	t.pool.remove(lp)
	t.pool.runs(lp)
}

// park has lp wait for unlock to wake it: the others and the poller look at the lanes. The caller has
// the lock, which is free meanwhile.
func (t *Transport) park(lp *looper) {
	t.pool.add(lp)
	lp.parked.Store(true)
	t.unlock()
	<-lp.signal
	t.mu.Lock()
	lp.parked.Store(false)
	t.pool.remove(lp)
	t.pool.runs(lp)
}

// wake ends lp's sleep. If lp has woken by itself meanwhile, it may end the next one too.
func (lp *looper) wake(p wait.Parker) {
	if !lp.parked.Load() {
		lp.sleeper.Poke(p)
		return
	}
	select {
	case lp.signal <- struct{}{}:
	default:
	}
}

// lookAway has lp promise no more that it will look at the lanes that it was armed for or awake on.
// What was published on the strength of the promise is taken now, also from a lane that is not hot any
// more; unlock wakes another looper for it.
func (t *Transport) lookAway(lp *looper) {
	if lp.at != nil {
		t.lookOnlyAtHot(lp)
	}
	if len(lp.watched) > 0 {
		t.unwatch(lp)
	}
}

func (t *Transport) unwatch(lp *looper) {
	for i := range lp.watched {
		l := lp.watched[i].lane
		l.link.Looper(lp.index).Leave()
		if l.link.HasNext() {
			t.drain(l)
		}
		l.finished()
		lp.watched[i].lane = nil
	}
	lp.watched = lp.watched[:0]
}

// lookOnlyAtHot is lookAway from the lane of the call that lp has answered, at; if that is hot it is watched by now.
func (t *Transport) lookOnlyAtHot(lp *looper) {
	l := lp.at
	lp.at = nil
	l.link.Looper(lp.index).Leave()
	if l.link.HasNext() {
		t.drain(l)
	}
}

// arm publishes on every hot lane that lp sleeps there; where it was awake it goes to sleep without having left
// between, when its peer would have to ring somebody. The caller has the lock.
func (t *Transport) arm(lp *looper) {
	if len(lp.watched) > 0 {
		t.unwatch(lp)
	}
	for _, l := range t.pool.hot {
		if lp.mayWatch(l) {
			bell, val := l.link.Looper(lp.index).Arm(wait.OnFutex)
			lp.watch(watch{l, bell, val})
		}
	}
	if lp.at != nil {
		t.lookOnlyAtHot(lp)
	}
}

// mayWatch reports whether lp can say on a lane how it waits.
func (lp *looper) mayWatch(l *lane) bool { return lp.index < bus.Loopers && !l.dead }

// watch holds a lane on which lp says how it waits, until lookAway.
func (lp *looper) watch(w watch) {
	w.lane.uses++
	lp.watched = append(lp.watched, w)
	if w.lane == lp.at {
		lp.at = nil
	}
}

func (lp *looper) watches(l *lane) bool {
	return slices.ContainsFunc(lp.watched, func(w watch) bool { return w.lane == l })
}

// present publishes, before the reply to a call that lets its caller call again, that lp will look at the
// lane: the caller need not wake it, nor another. The call holds the lane, and lp is done with it when it looks.
func (lp *looper) present(l *lane) {
	if lp.index < bus.Loopers {
		lp.at = l
		l.link.Looper(lp.index).Present()
	}
}

// published reports whether one of the lanes has something that was published before the arming.
func (lp *looper) published() bool {
	for i := range lp.watched {
		if lp.watched[i].lane.link.HasNext() {
			return true
		}
	}
	return false
}

func (lp *looper) sleep(t *Transport, nap bool) {
	if len(lp.watched) == 1 {
		limit := time.Duration(0)
		if nap = nap && lp.beginNap(&t.spinning.naps); nap {
			limit = napLimit
		}
		w := &lp.watched[0]
		lp.sleeper.Sleep(t.parker, w.bell, w.val, limit)
		if nap {
			wait.EndNap()
		}
		return
	}
	lp.set.Reset()
	for i := range lp.watched {
		lp.set.Add(lp.watched[i].bell, lp.watched[i].val)
	}
	lp.sleeper.SleepAny(t.parker, &lp.set)
}

// rung reports whether a peer has rung lp since it armed.
func (lp *looper) rung() bool {
	for i := range lp.watched {
		if !lp.watched[i].lane.link.Looper(lp.index).Armed() {
			return true
		}
	}
	return false
}
