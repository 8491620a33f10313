package cases

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"ubinder/bench/stack"
)

// Worker is one of the goroutines that use a stack at the same time.
type Worker struct {
	caller  stack.Caller
	timed   stack.Timed // caller, if that is one
	payload []byte
	scale   int    // what the case's scale counts
	n       uint64 // stamp of the last payload
	sent    uint64 // one-way messages, since the process began
	turn    time.Time
	times   *hdrhistogram.Histogram
}

// Workers makes one for each caller. size is the payload's, or what the case's scale counts.
func Workers(c Case, callers []stack.Caller, size int) []*Worker {
	payload := c.PayloadSize(size)
	workers := make([]*Worker, len(callers))
	for i, c := range callers {
		// Stamps of different workers differ, so that an answer to another's call is noticed.
		timed, _ := c.(stack.Timed)
		workers[i] = &Worker{caller: c, timed: timed, payload: make([]byte, payload), scale: size, n: uint64(i) << 40, times: newTimes()}
	}
	return workers
}

func (w *Worker) stamp() uint64 {
	w.n++
	stack.Stamp(w.payload, w.n)
	return w.n
}

func (w *Worker) record(d time.Duration) { record(w.times, d, 1) }

// recordEach records a step that did n times what is measured.
func (w *Worker) recordEach(d time.Duration, n int) { record(w.times, d/time.Duration(n), n) }

// until repeats step to the deadline; once at least, however late it begins.
func (w *Worker) until(deadline time.Time, step func(*Worker) (time.Time, error)) error {
	for {
		now, err := step(w)
		if err != nil || !now.Before(deadline) {
			return err
		}
	}
}
