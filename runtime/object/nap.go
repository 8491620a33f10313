package object

import (
	"runtime"
	"sync/atomic"
	"time"

	"ubinder/runtime/internal/wait"
)

// A nap is a short sleep on a futex of which the Go scheduler is not told. A thread whose sleep it knows of loses its
// processor when the sleep lasts, and when it comes up without one the scheduler's monitor thread gets up too and looks
// some fifty times before it rests again. With many processes that wait for one these looks took more time than the
// calls, so that waits lasted, so that all lost their processors.
//
// Who naps keeps its processor from other goroutines, as one that computes does, and is interrupted as that one is: by
// the scheduler, when a garbage collection is to begin, or after 10 ms. Then others have their turn. Another processor
// is always left to them. Nobody naps where the scheduler interrupts nobody: each collection would wait for the end of
// several naps.
//
// So do a process's only caller and, where calls come now and then, a looper.
const (
	napLimit = 20 * time.Millisecond // whatever becomes of the signal
	// maxNaps is how many naps one call has before it sleeps for good. They take less time than what the end of a sleep
	// costs of which the scheduler knows.
	maxNaps = 10
)

// naps is who may nap: nobody while it is zero.
type naps struct {
	allowed bool
	spare   atomic.Int32 // processors of the Go scheduler but one
	most    atomic.Int32 // threads at once, those that spin included
	maybe   atomic.Bool  // other goroutines were running when it was looked last
	busy    atomic.Bool  // and the time before
}

func (n *naps) begin() {
	n.allowed = wait.NapsAllowed()
	n.count()
}

// count is repeated: a program, and Go itself where its share of the machine changes, sets GOMAXPROCS at any time.
func (n *naps) count() {
	spare := wait.SpareProcessors()
	n.spare.Store(spare)
	if n.allowed {
		n.most.Store(spare)
	}
}

// beginNap reports whether the calling thread may nap; then wait.EndNap follows.
func (p *pending) beginNap() bool {
	n := &p.t.spinning.naps
	if p.naps > 0 {
		runtime.Gosched() // for those who waited for this processor
		n.count()
	}
	if p.naps == maxNaps || !n.take() {
		return false
	}
	p.naps++
	return true
}

// take reports whether the calling thread may nap; then wait.EndNap follows.
func (n *naps) take() bool {
	most := n.most.Load()
	return most != 0 && !n.busy.Load() && wait.BeginNap(most-spinners.Load())
}

// lookAround lets other goroutines run, and notes whether there were any, twice in a row: then nobody naps until
// there are none. Once, it may have been that the thread itself was put off.
func (n *naps) lookAround() {
	n.count()
	start := time.Now()
	runtime.Gosched()
	long := time.Since(start) > busyAfter
	n.busy.Store(long && n.maybe.Swap(long))
	n.maybe.Store(long)
}

// busyAfter is more than the scheduler takes to find nobody.
const busyAfter = 20 * time.Microsecond

// lookAfter is after how many naps a looper looks whether other goroutines want its processor.
const lookAfter = 32

// beginNap is pending.beginNap for a looper.
func (lp *looper) beginNap(n *naps) bool {
	if lp.naps++; lp.naps%lookAfter == 0 {
		n.lookAround()
	} else {
		n.count()
	}
	return n.take()
}
