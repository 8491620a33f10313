package cases

import (
	"time"

	"ubinder/bench/report"
	"ubinder/bench/stack"
)

var syncCase = Case{
	Name:    "sync",
	About:   "call and wait for the echo of the payload",
	Accept:  func(stack.Caller) error { return nil },
	Step:    (*Worker).call,
	Confirm: func([]*Worker) error { return nil },
	Cost:    report.Cost{Name: "p50", Of: func(r report.Result) float64 { return float64(r.P50) }},
}

func (w *Worker) call() (time.Time, error) {
	n := w.stamp()
	start := time.Now()
	answer, err := w.caller.Call(w.payload)
	end := time.Now()
	if err != nil {
		return end, err
	}
	took := end.Sub(start)
	if w.timed != nil {
		took = w.timed.Took()
	}
	w.record(took)
	return end, stack.Check(answer, n, len(w.payload))
}
