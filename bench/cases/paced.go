package cases

import (
	"time"

	"ubinder/bench/report"
	"ubinder/bench/stack"
)

var pacedCase = Case{
	Name:    "paced",
	About:   "a call at a time, so many a second, with a timer in between: what calls cost when both sides have gone to sleep",
	Scale:   &Scale{"calls/s", []int{10, 100, 1000}},
	Payload: 128,
	Slice:   period,
	Accept:  func(stack.Caller) error { return nil },
	Step:    (*Worker).pace,
	Confirm: func([]*Worker) error { return nil },
	Cost:    report.Cost{Name: "p50", Of: func(r report.Result) float64 { return float64(r.P50) }, Columns: report.PacedColumns},
}

func period(rate int) time.Duration { return time.Second / time.Duration(rate) }

// pace waits for its turn and calls. Who comes late, or begins, waits for a period.
func (w *Worker) pace() (time.Time, error) {
	p := period(w.scale)
	w.turn = w.turn.Add(p)
	if now := time.Now(); w.turn.Before(now) {
		w.turn = now.Add(p)
	}
	time.Sleep(time.Until(w.turn))
	return w.call()
}
