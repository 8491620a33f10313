package cases

import (
	"time"

	"golang.org/x/sync/errgroup"
)

// Measure lets all workers repeat the case's step for d. What m counts is read before and after.
func Measure(c Case, workers []*Worker, d time.Duration, m Meter) (*Sample, error) {
	for _, w := range workers {
		w.times.Reset()
	}
	before, err := m.before()
	if err != nil {
		return nil, err
	}
	start := time.Now()
	if err := drive(c, workers, start.Add(d)); err != nil {
		return nil, err
	}
	s := NewSample()
	s.elapsed = time.Since(start)
	after, err := m.after()
	if err != nil {
		return nil, err
	}
	s.used = after.since(before)
	for _, w := range workers {
		s.times.Merge(w.times)
	}
	return s, nil
}

func drive(c Case, workers []*Worker, deadline time.Time) error {
	var group errgroup.Group
	for _, w := range workers {
		group.Go(func() error { return w.until(deadline, c.Step) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return c.Confirm(workers)
}
