package run

import (
	"slices"

	"ubinder/bench/cases"
	"ubinder/bench/report"
	"ubinder/bench/stack"
)

// entrant is a stack in a cell and what it has done so far.
type entrant struct {
	stack   stack.Stack
	team    *team    // nil: its processes are not there
	tallies []*tally // those of the many, and then those of the ones, in the order of cell.ways
	out     bool
}

// tally is what an entrant has done in one way.
type tally struct {
	way
	*cases.Sample
	slices           int
	slowest, fastest float64 // sums over the slices, of the rates of clients
}

func newEntrant(c cell, s stack.Stack) *entrant {
	e := &entrant{stack: s}
	many, ones := c.ways()
	for _, w := range slices.Concat(many, ones) {
		e.tallies = append(e.tallies, &tally{way: w, Sample: cases.NewSample()})
	}
	return e
}

// measured reports whether it was measured at all.
func (e *entrant) measured() bool {
	return slices.ContainsFunc(e.tallies, func(t *tally) bool { return t.slices > 0 })
}

// leave ends its processes, if they are there.
func (e *entrant) leave() {
	if e.team != nil {
		e.team.stop()
		e.team = nil
	}
}

func (t *tally) add(clients []cases.Wire) {
	t.Add(cases.Together(clients))
	var rates []float64
	for _, s := range clients {
		rates = append(rates, s.Rate())
	}
	t.slices++
	t.slowest += slices.Min(rates)
	t.fastest += slices.Max(rates)
}

// result is that of the i-th of the many.
func (e *entrant) result(p Plan, c cell, i int) report.Result {
	t := e.tallies[i]
	if c.c.Fan == nil {
		return t.Result(p.blank(c, c.conc, e.stack))
	}
	r := t.Result(p.blank(c, t.callers(), e.stack))
	many, _ := c.ways()
	r.Fan = t.compare(r, e.tallies[len(many):])
	return r
}

// compare judges the result r of t by the best of those ones that have no more callers.
func (t *tally) compare(r report.Result, ones []*tally) *report.Fan {
	fan := new(report.Fan)
	for _, one := range ones {
		if o := one.Result(report.Result{}); one.callers() <= t.callers() && o.OpsPerSec > fan.Peak {
			fan.Peak, fan.PeakConc = o.OpsPerSec, one.conc
			fan.PeakCPUPerOp, fan.PeakSwitchesPerOp = o.CPUPerOp, o.SwitchesPerOp
		}
	}
	fan.Ratio = r.OpsPerSec / fan.Peak
	if t.clients > 1 {
		n := float64(t.slices)
		fan.Slowest, fan.Fastest, fan.Fairness = t.slowest/n, t.fastest/n, t.slowest/t.fastest
	}
	return fan
}
