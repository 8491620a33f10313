package cases

import (
	"slices"

	"ubinder/bench/report"
	"ubinder/bench/stack"
)

// Fan is of a case with many processes on one side and one on the other. Its scale counts the many.
type Fan struct {
	Out  bool  // one client calls many servers in turn; else many clients call one server
	Many []int // goroutines in each client; each is a result
	// One is how many goroutines of one client call one server. With the best of those that are not more than
	// the goroutines of all clients a result is compared.
	One []int
}

// Callers is how many goroutines the client has that is also tried alone.
func (f *Fan) Callers() int { return max(f.Guests(), slices.Max(f.One)) }

// Guests is how many goroutines the other clients have.
func (f *Fan) Guests() int { return slices.Max(f.Many) }

// fanWidth is how many processes are on the side of the many.
const fanWidth = 64

var (
	fanInCase = Case{
		Name:    "fanin",
		About:   "64 client processes call one server, with a goroutine each and with 16, against the most that one client gets from it",
		Scale:   &Scale{"clients", []int{fanWidth}},
		Payload: fanPayload,
		Fan:     &Fan{Many: []int{1, 16}, One: peakConc},
		Accept:  func(stack.Caller) error { return nil },
		Step:    (*Worker).call,
		Confirm: func([]*Worker) error { return nil },
		Cost:    fanCost,
	}
	fanOutCase = Case{
		Name:    "fanout",
		About:   "one client process calls 64 servers in turn, with a goroutine and with 64, against the same to one",
		Scale:   &Scale{"servers", []int{fanWidth}},
		Payload: fanPayload,
		Fan:     &Fan{Out: true, Many: []int{1, 64}, One: peakConc},
		Accept:  func(stack.Caller) error { return nil },
		Step:    (*Worker).call,
		Confirm: func([]*Worker) error { return nil },
		Cost:    fanCost,
	}
	fanOutOnewayCase = Case{
		Name:    "fanout/oneway",
		About:   "the same with messages without an answer, from one goroutine",
		Scale:   &Scale{"servers", []int{fanWidth}},
		Payload: fanPayload,
		Fan:     &Fan{Out: true, Many: []int{1}, One: []int{1}},
		Accept:  sends,
		Step:    (*Worker).send,
		Confirm: allArrived,
		Cost:    fanCost,
	}
	peakConc = []int{1, 4, 16, 64}
	fanCost  = report.Cost{Name: "time/op", Of: func(r report.Result) float64 { return 1 / r.OpsPerSec }, Columns: report.FanColumns}
)

const fanPayload = 128
