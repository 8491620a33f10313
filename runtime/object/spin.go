package object

import (
	"context"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"ubinder/runtime/bus"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/internal/wait"
)

// spinning is how a process spins before it sleeps. Its rules are nil while it does not.
type spinning struct {
	callers atomic.Pointer[spinRule]
	loopers atomic.Pointer[spinRule]
	streams atomic.Pointer[spinRule]
	most    int32 // threads of this program that may spin at once
	naps    naps
}

// spinners is how many threads of this program spin now, whichever of its processes they wait for.
var spinners atomic.Int32

// begin allows spinning where there is more than one CPU: one of them is always left to what the
// spinning waits for, and to the program's other goroutines; who waits for oneway calls, or for room for
// them, lets the other have this CPU. In a bus inside one program nothing is gained.
func (s *spinning) begin(p wait.Parker) {
	if _, inside := p.(*wait.Channels); inside {
		return
	}
	s.naps.begin()
	s.most = int32(min(runtime.NumCPU(), runtime.GOMAXPROCS(0)) - 1)
	s.set(&callerRule, &looperRule, &streamRule)
}

func (s *spinning) set(callers, loopers, streams *spinRule) {
	s.streams.Store(streams)
	if s.most > 0 {
		s.callers.Store(callers)
		s.loopers.Store(loopers)
	}
}

// SetSpin implements binder.Transport.
func (t *Transport) SetSpin(limit time.Duration) {
	if limit <= 0 {
		t.spinning.set(nil, nil, nil)
		return
	}
	callers, loopers, streams := insisting(limit)
	t.spinning.set(&callers, &loopers, &streams)
}

// newCaller is the history of who has not waited yet: it rests first.
func (s *spinning) newCaller() (h spinHistory) {
	if r := s.callers.Load(); r != nil {
		h.rest = r.gap
	}
	return h
}

// watcher is who spins; seen reports whether there is a reason not to sleep.
type watcher interface{ seen() bool }

// spin has w look for at most limit, which its history allowed. It reports whether something was seen.
func (s *spinning) spin(w watcher, h *spinHistory, r *spinRule, limit time.Duration) bool {
	most, look := s.most, lookFor
	if r.yields {
		most, look = max(most, 1), yieldFor
	}
	if spinners.Add(1) > most {
		spinners.Add(-1)
		return false
	}
	seen, took := look(w, limit)
	spinners.Add(-1)
	h.ended(r, seen, took)
	return seen
}

const (
	looksAtOnce = 64                     // between two looks at the clock
	politeAfter = 100 * time.Microsecond // after so long, and again, other goroutines, timers and sockets have their turn
)

// lookFor also returns how long it took, to the last look at the clock.
func lookFor(w watcher, limit time.Duration) (seen bool, spent time.Duration) {
	start, polite := time.Now(), politeAfter
	for {
		for range looksAtOnce {
			if w.seen() {
				return true, spent
			}
		}
		spent = time.Since(start)
		if spent >= limit {
			return false, spent
		}
		if spent >= polite {
			runtime.Gosched()
			polite = spent + politeAfter
		}
	}
}

// yieldFor is lookFor that lets other threads have the CPU between looks: the one whose message is waited
// for, perhaps. It may take longer by what these do.
func yieldFor(w watcher, limit time.Duration) (seen bool, spent time.Duration) {
	start, polite := time.Now(), politeAfter
	for {
		seen = w.seen()
		if !seen {
			sys.Yield()
			seen = w.seen()
		}
		spent = time.Since(start)
		if seen || spent >= limit {
			return seen, spent
		}
		if spent >= polite {
			runtime.Gosched()
			polite = spent + politeAfter
		}
	}
}

// spinForReply reports whether p looked for the reply, and saw a reason not to sleep. With more calls
// under way than may spin, it would only keep a CPU from who serves the others.
func (p *pending) spinForReply(r *spinRule, h *spinHistory) bool {
	t := p.t
	if t.calling.Load()-t.nesting.Load() > int64(t.spinning.most) {
		return false
	}
	limit := h.next(r)
	return limit > 0 && t.spinning.spin(p, h, r, limit)
}

// seen implements watcher.
func (p *pending) seen() bool { return p.something() || p.sleeper.TakePoke() }

// looperSpin is what a looper remembers to decide whether to spin.
type looperSpin struct {
	history spinHistory
	streams spinHistory // of spins after oneway calls
	larges  spinHistory // of spins after large replies
	lane    *lane       // of the call that it has handled since it last waited; nil: there was none
	index   uint32
	oneway  bool
	large   bool // the caller was told of the reply while it was written, and is copying it
}

// noteServed has lp spin when it waits next, perhaps: once for each call that it handled.
func (lp *looper) noteServed(c *incoming) {
	s := &lp.spins
	s.lane, s.index, s.oneway = c.lane, c.desc.Index, c.oneway()
	s.large = c.answer.Flags&bus.FlagFilled != 0 && !s.oneway
}

// spinForCall has lp look for a call at the hot lanes, awake, instead of sleeping on them. The caller has
// the lock, which is free meanwhile; it returns false if it was not.
func (t *Transport) spinForCall(lp *looper) bool {
	p, s := &t.pool, &t.spinning
	r, h := s.loopers.Load(), &lp.spins.history
	switch {
	case lp.oneways.line != nil:
		r, h = s.streams.Load(), &lp.spins.streams
	case lp.spins.large && r != nil:
		r, h = &largeRule, &lp.spins.larges
	}
	if r == nil {
		return false
	}
	limit := lp.spinLimit(r, h)
	if limit == 0 || !p.maySpin(lp) {
		return false
	}
	for _, l := range p.hot {
		if lp.mayWatch(l) && !lp.watches(l) {
			l.link.Looper(lp.index).Present()
			lp.watch(watch{lane: l})
		}
	}
	if lp.at != nil {
		t.lookOnlyAtHot(lp)
	}
	p.add(lp)
	p.spinner = lp
	t.unlock()
	t.yield()
	s.spin(lp, h, r, limit)
	t.mu.Lock()
	p.spinner = nil
	p.remove(lp)
	p.runs(lp)
	return true
}

// spinLimit is how long lp may spin before it sleeps: only after a call, and not if the caller had to be
// woken for its reply: that one is not up yet, or wants this looper's CPU.
func (lp *looper) spinLimit(r *spinRule, h *spinHistory) time.Duration {
	s := &lp.spins
	from := s.lane
	if s.lane = nil; from == nil {
		return 0
	}
	limit := h.next(r)
	if limit > 0 && !s.oneway && !(from == lp.at && from.link.CallerAwake(s.index)) {
		return 0
	}
	return limit
}

// maxSpinLanes is how many hot lanes a looper looks at while it spins.
const maxSpinLanes = 16

// maySpin reports whether lp would be the one that peers look at first, and finds them all.
func (p *looperPool) maySpin(lp *looper) bool {
	before := func(x *looper) bool { return x.index < lp.index && !x.parked.Load() } // peers do not see who is parked
	return !slices.ContainsFunc(p.idle, before) && p.spinner == nil && lp.index < bus.Loopers && len(p.hot) <= maxSpinLanes
}

// seen implements watcher: whether something was published, or another goroutine has work for lp.
func (lp *looper) seen() bool {
	for i := range lp.watched {
		if l := lp.watched[i].lane; l.link.Published() != l.drained.Load() {
			return true
		}
	}
	return lp.sleeper.TakePoke()
}

// roomSpin has one of the goroutines that wait for room to send oneway calls on a lane spin.
type roomSpin struct {
	busy    atomic.Bool
	link    *bus.Link
	ctx     context.Context
	from    uint64 // acknowledgements that are waited for
	history spinHistory
}

// seen implements watcher.
func (s *roomSpin) seen() bool {
	return s.link.Acknowledged() >= s.from || s.link.Err() != nil || s.ctx.Err() != nil
}

// spinForRoom reports whether it looked for room, and another attempt is worth while.
func (l *lane) spinForRoom(ctx context.Context) bool {
	r, s := l.t.spinning.streams.Load(), &l.room
	if r == nil || !s.busy.CompareAndSwap(false, true) {
		return false
	}
	defer s.busy.Store(false)
	limit := s.history.next(r)
	if limit == 0 || !l.link.Hold() {
		return false
	}
	defer l.link.Drop()
	s.link, s.ctx, s.from = l.link, ctx, l.link.RoomFrom()
	seen := l.t.spinning.spin(s, &s.history, r, limit)
	s.ctx = nil
	return seen && ctx.Err() == nil
}
