// Package run starts the processes of each stack and lets the stacks take turns.
package run

import (
	"time"

	"ubinder/bench/cases"
	"ubinder/bench/report"
	"ubinder/bench/stack"
)

// Plan is what to measure.
type Plan struct {
	Cases    []cases.Case
	Stacks   []stack.Stack
	Sizes    []int
	Conc     []int
	Pin      string
	Duration time.Duration // of each stack in each cell
}

// Values of Plan.Pin.
const (
	PinNone = "none"
	PinOne  = "one"
)

// cell is one case with one size and one concurrency; all stacks are measured in it side by side.
type cell struct {
	c    cases.Case
	size int
	conc int
}

func (p Plan) cells() []cell {
	var cells []cell
	for _, c := range p.Cases {
		for _, size := range p.Sizes {
			for _, conc := range p.Conc {
				cells = append(cells, cell{c, size, conc})
			}
		}
	}
	return cells
}

func (c cell) env() stack.Env { return stack.Env{Case: c.c.Name, Size: c.size, Conc: c.conc} }

func (p Plan) blank(c cell, s stack.Stack) report.Result {
	return report.Result{Case: c.c.Name, Size: c.size, Conc: c.conc, Pin: p.Pin, Stack: s.Name()}
}

// schedule is how the time of a cell is split.
type schedule struct {
	warmUp time.Duration // once, when the processes are new
	rounds int
	leadIn time.Duration // before each slice: the others had the caches since the last one
	slice  time.Duration
}

const (
	minRounds   = 5
	sliceTarget = 400 * time.Millisecond
	maxWarmUp   = 500 * time.Millisecond
	maxLeadIn   = 20 * time.Millisecond
)

func newSchedule(d time.Duration) schedule {
	rounds := max(minRounds, int(d/sliceTarget))
	slice := d / time.Duration(rounds)
	return schedule{
		warmUp: min(d/4, maxWarmUp),
		rounds: rounds,
		leadIn: min(slice/10, maxLeadIn),
		slice:  slice,
	}
}
