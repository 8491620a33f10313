package cases

import (
	"errors"
	"time"

	"ubinder/bench/report"
	"ubinder/bench/stack"
)

var (
	nestedCase      = nested("calls/nested", "A calls B, which calls A, and so on, before any answers: as deep as the scale says", 2, 1, 2, 8)
	nestedThreeCase = nested("calls/nested/three", "A calls B, B calls C, C calls A, before any answers", 3, 1)
)

func nested(name, about string, ring int, depths ...int) Case {
	return Case{
		Name:    name,
		About:   about + "; the times are those of one call",
		Scale:   &Scale{"deep", depths},
		Ring:    ring,
		Suits:   nests,
		Accept:  func(stack.Caller) error { return nil },
		Step:    func(w *Worker) (time.Time, error) { return w.nest(ring) },
		Confirm: func([]*Worker) error { return nil },
		Cost:    report.Cost{Name: "p50", Of: func(r report.Result) float64 { return float64(r.P50) }},
	}
}

func nests(s stack.Stack) error {
	_, daemon := s.(stack.DaemonUser)
	if _, itself := s.(stack.Ringer); daemon && !itself {
		return errors.New("a stack with a daemon has no ring here")
	}
	return nil
}

// nest makes the outermost call. The innermost answers with no calls left.
func (w *Worker) nest(ring int) (time.Time, error) {
	n := w.stamp()
	hops := w.scale * ring
	stack.SetHops(w.payload, uint64(hops-1))
	start := time.Now()
	answer, err := w.caller.Call(w.payload)
	end := time.Now()
	if err != nil {
		return end, err
	}
	w.recordEach(end.Sub(start), hops)
	if err := stack.Check(answer, n, len(w.payload)); err != nil {
		return end, err
	}
	if left := stack.Hops(answer); left != 0 {
		return end, errors.New("the calls did not go all the way")
	}
	return end, nil
}
