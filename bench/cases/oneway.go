package cases

import (
	"errors"
	"fmt"
	"time"

	"ubinder/bench/report"
	"ubinder/bench/stack"
)

// confirmLimit is how long the messages under way may take to arrive after the last was sent.
const confirmLimit = 20 * time.Second

var onewayCase = Case{
	Name:    "oneway",
	About:   "send without waiting for answers; the times are those of a send, and the clock stops when all have arrived",
	Accept:  sends,
	Step:    (*Worker).send,
	Confirm: allArrived,
	Cost:    report.Cost{Name: "time/op", Of: func(r report.Result) float64 { return 1 / r.OpsPerSec }},
}

func sends(c stack.Caller) error {
	if _, ok := c.(stack.Sender); !ok {
		return errors.New("it has no one-way messages")
	}
	return nil
}

func (w *Worker) send() (time.Time, error) {
	w.stamp()
	start := time.Now()
	err := w.caller.(stack.Sender).Send(w.payload)
	end := time.Now()
	w.record(end.Sub(start))
	w.sent++
	return end, err
}

// allArrived asks the server until it has counted every message sent so far.
func allArrived(workers []*Worker) error {
	var sent, arrived uint64
	for _, w := range workers {
		sent += w.sent
	}
	ask := make([]byte, len(workers[0].payload))
	for limit := stack.NewLimit(confirmLimit); arrived != sent; {
		var err error
		if arrived, err = stack.Counted(workers[0].caller, ask); err != nil {
			return err
		}
		if limit.Passed() {
			return fmt.Errorf("%d one-way messages sent, %d arrived", sent, arrived)
		}
	}
	return nil
}
