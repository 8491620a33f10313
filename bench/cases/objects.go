package cases

import (
	"errors"
	"time"

	"ubinder/bench/report"
	"ubinder/bench/stack"
)

// AOSP's binderRpcBenchmark has both: repeatBinder and collectProxies, the latter up to 20,000.
var (
	repeatCase = Case{
		Name:    "objects/repeat",
		About:   "send an object and get it back",
		Scale:   &Scale{"object", []int{1}},
		Suits:   passesObjects,
		Accept:  collects,
		Step:    (*Worker).repeat,
		Confirm: func([]*Worker) error { return nil },
		Cost:    report.Cost{Name: "p50", Of: func(r report.Result) float64 { return float64(r.P50) }},
	}
	collectCase = Case{
		Name:    "objects/collect",
		About:   "get as many objects, one call each, keep them all, then give them back: the times are those of one of them",
		Scale:   &Scale{"proxies", []int{10, 100, 1000, 10_000, 20_000, 100_000}},
		Suits:   passesObjects,
		Accept:  collects,
		Step:    (*Worker).collect,
		Confirm: func([]*Worker) error { return nil },
		Cost:    report.Cost{Name: "mean", Of: func(r report.Result) float64 { return float64(r.Mean) }},
	}
)

var errNoObjects = errors.New("it passes no objects that the other end counts")

func passesObjects(s stack.Stack) error {
	if _, ok := s.(stack.Collecting); !ok {
		return errNoObjects
	}
	return nil
}

func collects(c stack.Caller) error {
	if _, ok := c.(stack.Collector); !ok {
		return errNoObjects
	}
	return nil
}

func (w *Worker) repeat() (time.Time, error) {
	start := time.Now()
	err := w.caller.(stack.Collector).Repeat()
	end := time.Now()
	w.record(end.Sub(start))
	return end, err
}

func (w *Worker) collect() (time.Time, error) {
	start := time.Now()
	err := w.caller.(stack.Collector).Collect(w.scale)
	end := time.Now()
	w.recordEach(end.Sub(start), w.scale)
	return end, err
}
