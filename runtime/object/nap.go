package object

import (
	"runtime"
	"sync/atomic"
	"time"
)

// A nap is a short sleep on a futex of which the Go scheduler is not told. A thread whose sleep it knows of
// loses its processor after 20 us to 10 ms, and when it comes up then, or goes to sleep in a process that was
// at rest, the scheduler's monitor thread gets up too, to look some fifty times before it rests again. With
// many processes that wait for one, these looks take more time than the calls, so that waits last, so that all
// lose their processors. Who naps keeps its own; one is always left to others.
//
// napLimit is how long a nap lasts at most. Who has waited that long, and has lost no processor,
// waits where goroutines do.
const napLimit = 5 * time.Millisecond

// napping is how many threads of this program nap now, whichever of its processes they wait for.
var napping atomic.Int32

// beginNap reports whether the calling thread may nap; then endNap follows.
func (s *spinning) beginNap() bool {
	if s.naps == 0 || s.busy.Load() {
		return false
	}
	if napping.Add(1)+spinners.Load() > s.naps {
		napping.Add(-1)
		return false
	}
	return true
}

func endNap() { napping.Add(-1) }

// patience is what a caller remembers of its waits.
type patience struct {
	last  time.Duration // how long the one took that was measured last
	waits uint8         // on a futex
}

const (
	// longWait is how long a sleep on a futex may last that is no nap, before the next wait is for the socket:
	// from then on the scheduler's monitor may take the processor.
	longWait = 100 * time.Microsecond
	// measureEvery is how many sleeps on a futex there are to one that is measured.
	measureEvery = 16
)

// measures reports whether the sleep that begins is measured.
func (h *patience) measures() bool {
	h.waits++
	return h.waits%measureEvery == 1
}

// noteBusy lets other goroutines run, and notes whether there were any, twice in a row: then nobody naps
// until there are none. Once, it may have been that the thread itself was put off.
func (s *spinning) noteBusy() {
	start := time.Now()
	runtime.Gosched()
	long := time.Since(start) > busyAfter
	s.busy.Store(long && s.maybe.Swap(long))
	s.maybe.Store(long)
}

// busyAfter is more than the scheduler takes to find nobody.
const busyAfter = 20 * time.Microsecond
