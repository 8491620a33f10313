package object

import (
	"math"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"ubinder/runtime/bus"
	"ubinder/runtime/internal/wait"
)

// spinning is how a process spins before it sleeps.
type spinning struct {
	limit atomic.Int64 // nanoseconds, or adaptive; 0: it does not spin
	most  int32        // threads of this program that may spin at once
}

// adaptive stands for the limit of which a waiter's history decides.
const adaptive = math.MinInt64

// spinners is how many threads of this program spin now, whichever of its processes they wait for.
var spinners atomic.Int32

// begin allows spinning where there is more than one CPU: one of them is always left to what the
// spinning waits for, and to the program's other goroutines. In a bus inside one program nothing is gained.
func (s *spinning) begin(p wait.Parker) {
	if _, inside := p.(*wait.Channels); inside {
		return
	}
	s.most = int32(min(runtime.NumCPU(), runtime.GOMAXPROCS(0)) - 1)
	s.set(adaptive)
}

func (s *spinning) set(limit int64) {
	if s.most > 0 {
		s.limit.Store(limit)
	}
}

// SetSpin implements binder.Transport.
func (t *Transport) SetSpin(limit time.Duration) { t.spinning.set(int64(max(limit, 0))) }

// watcher is who spins; seen reports whether there is a reason not to sleep.
type watcher interface{ seen() bool }

// spin has w look for at most limit. It reports whether it looked at all, and whether something was seen.
func (s *spinning) spin(w watcher, limit time.Duration) (spun, seen bool) {
	if spinners.Add(1) > s.most {
		spinners.Add(-1)
		return false, false
	}
	seen = lookFor(w, limit)
	spinners.Add(-1)
	return true, seen
}

const (
	looksAtOnce = 64                     // between two looks at the clock
	politeAfter = 100 * time.Microsecond // after so long, and again, other goroutines, timers and sockets have their turn
)

func lookFor(w watcher, limit time.Duration) bool {
	start, polite := time.Now(), politeAfter
	for {
		for range looksAtOnce {
			if w.seen() {
				return true
			}
		}
		spent := time.Since(start)
		if spent >= limit {
			return false
		}
		if spent >= polite {
			runtime.Gosched()
			polite = spent + politeAfter
		}
	}
}

// spin looks for the reply. It reports whether there is a reason not to sleep.
func (p *pending) spin(limit int64) bool {
	s := &p.t.spinning
	if limit != adaptive {
		_, seen := s.spin(p, time.Duration(limit))
		return seen
	}
	d := p.spins.next(&callerRule)
	if d == 0 {
		return false
	}
	spun, seen := s.spin(p, d)
	if spun {
		p.spins.ended(&callerRule, seen)
	}
	return seen
}

// seen implements watcher.
func (p *pending) seen() bool { return p.something() || p.sleeper.TakePoke() }

// looperSpin is what a looper remembers to decide whether to spin.
type looperSpin struct {
	history spinHistory
	lane    *lane // of the call that it has handled since it last spun; nil: there was none
	index   uint32
	oneway  bool
}

// noteServed has lp spin when it waits next, perhaps: once for each call that it handled.
func (lp *looper) noteServed(c *incoming) {
	lp.spins.lane, lp.spins.index, lp.spins.oneway = c.lane, c.desc.Index, c.call.Oneway()
}

// maxSpinLanes is how many hot lanes a looper looks at while it spins.
const maxSpinLanes = 16

// spinForCall has lp look for a call at the hot lanes, awake, instead of sleeping on them. The caller has
// the lock, which is free meanwhile. It returns false if lp did not look, or saw nothing.
func (t *Transport) spinForCall(lp *looper, limit int64) bool {
	d := lp.spinLimit(limit)
	lp.spins.lane = nil
	p := &t.pool
	if d == 0 || !p.maySpin(lp) {
		return false
	}
	for _, l := range p.hot {
		if !slices.Contains(lp.watched, l) {
			lp.present(l)
		}
	}
	p.add(lp)
	p.spinner = lp
	t.unlock()
	t.yield()
	spun, seen := t.spinning.spin(lp, d)
	t.mu.Lock()
	p.spinner = nil
	p.remove(lp)
	p.runs(lp)
	if spun && limit == adaptive {
		lp.spins.history.ended(&looperRule, seen)
	}
	return seen
}

// maySpin reports whether lp would be the one that peers look at first, and finds them all.
func (p *looperPool) maySpin(lp *looper) bool {
	return p.spinner == nil && lp.index < bus.Loopers && len(p.hot) <= maxSpinLanes && (len(p.idle) == 0 || lp.index < p.idle[0].index)
}

// spinLimit is how long lp is to spin. If it may judge, it follows callers: one that had to be woken for
// its reply is not about to call, or wants this looper's CPU.
func (lp *looper) spinLimit(limit int64) time.Duration {
	s := &lp.spins
	switch {
	case s.lane == nil:
		return 0
	case limit != adaptive:
		return time.Duration(limit)
	case s.oneway, slices.Contains(lp.watched, s.lane) && s.lane.link.CallerAwake(s.index):
		return s.history.next(&looperRule)
	}
	return 0
}

// seen implements watcher: whether something was published, or another goroutine has work for lp.
func (lp *looper) seen() bool {
	for _, l := range lp.watched {
		if l.link.Published() != l.drained.Load() {
			return true
		}
	}
	return lp.sleeper.TakePoke()
}
