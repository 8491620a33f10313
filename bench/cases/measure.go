package cases

import (
	"time"

	"golang.org/x/sync/errgroup"
)

// Slice is a time in which workers repeat a case's step.
type Slice struct {
	For  time.Duration
	Conc int // workers that take part; 0: all
	// Begin is called when a worker could begin, and tells when the clock starts; nil: at once.
	Begin func() (time.Time, error)
}

// Measure lets workers work for a slice. What m counts is read before and after.
func Measure(c Case, workers []*Worker, slice Slice, m Meter) (*Sample, error) {
	for _, w := range slice.of(workers) {
		w.times.Reset()
	}
	before, err := m.before()
	if err != nil {
		return nil, err
	}
	s := NewSample()
	if s.elapsed, err = LeadIn(c, workers, slice); err != nil {
		return nil, err
	}
	after, err := m.after()
	if err != nil {
		return nil, err
	}
	s.used = after.since(before)
	for _, w := range slice.of(workers) {
		s.times.Merge(w.times)
	}
	return s, nil
}

// LeadIn is Measure without a measurement: it tells how long it took until all that was begun was done.
func LeadIn(c Case, workers []*Worker, slice Slice) (time.Duration, error) {
	start, err := slice.begin()
	if err != nil {
		return 0, err
	}
	var group errgroup.Group
	for _, w := range slice.of(workers) {
		group.Go(func() error { return w.until(start.Add(slice.For), c.Step) })
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	err = c.Confirm(workers)
	return time.Since(start), err
}

// begin waits for the start. Who is woken late for it has lost that time; who is told late has not.
func (s Slice) begin() (time.Time, error) {
	if s.Begin == nil {
		return time.Now(), nil
	}
	at, err := s.Begin()
	now := time.Now()
	wait := max(0, at.Sub(now))
	time.Sleep(wait)
	return now.Add(wait), err
}

// of are the workers that take part.
func (s Slice) of(workers []*Worker) []*Worker {
	if s.Conc == 0 {
		return workers
	}
	return workers[:s.Conc]
}
