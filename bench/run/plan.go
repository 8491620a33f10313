// Package run starts the processes of each stack and lets the stacks take turns.
package run

import (
	"slices"
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
	Scale    []int // of cases that have one, those of its values; nil: all
	Pin      string
	Duration time.Duration // of each stack in each cell
}

// Values of Plan.Pin.
const (
	PinNone = "none"
	PinOne  = "one"
)

// cell is one case with one size, or one value of its scale, and one concurrency; all stacks are measured in it side by side.
type cell struct {
	c    cases.Case
	size int
	conc int
}

func (p Plan) cells() []cell {
	var cells []cell
	for _, c := range p.Cases {
		sizes, conc := p.Sizes, p.Conc
		if c.Scale != nil {
			sizes, conc = p.Scaled(c.Scale.Values), []int{1}
		}
		for _, size := range sizes {
			for _, conc := range conc {
				cells = append(cells, cell{c, size, conc})
			}
		}
	}
	return cells
}

// Scaled returns those of a case's values that are wanted.
func (p Plan) Scaled(values []int) []int {
	if p.Scale == nil {
		return values
	}
	return slices.DeleteFunc(slices.Clone(values), func(v int) bool { return !slices.Contains(p.Scale, v) })
}

func (c cell) env() stack.Env {
	env := stack.Env{Case: c.c.Name, Size: c.c.PayloadSize(c.size), Conc: c.conc, Ring: c.c.Ring, Clients: 1, Servers: 1}
	if c.c.Scale != nil {
		env.Scale = c.size
	}
	if fan := c.c.Fan; fan != nil {
		env.Conc = fan.Callers()
		if fan.Out {
			env.Servers = c.size
		} else {
			env.Clients = c.size
		}
	}
	return env
}

func (c cell) slice() time.Duration {
	if c.c.Slice == nil {
		return 0
	}
	return c.c.Slice(c.size)
}

func (c cell) unit() string {
	if c.c.Scale == nil {
		return ""
	}
	return c.c.Scale.Unit
}

func (p Plan) blank(c cell, conc int, s stack.Stack) report.Result {
	return report.Result{Case: c.c.Name, Size: c.size, Unit: c.unit(), Conc: conc, Pin: p.Pin, Stack: s.Name()}
}

// schedule is how the time of a cell is split.
type schedule struct {
	warmUp time.Duration // once, when the processes are new
	rounds int
	leadIn time.Duration // before each slice: the others had the caches since the last one
	slice  time.Duration
}

// each calls fn for every entrant in every round, beginning with another one each time.
func (s schedule) each(entrants []*entrant, fn func(e *entrant, round int) error) error {
	for round := range s.rounds {
		for i := range entrants {
			if err := fn(entrants[(i+round)%len(entrants)], round); err != nil {
				return err
			}
		}
	}
	return nil
}

const (
	minRounds   = 5
	sliceTarget = 400 * time.Millisecond
	maxWarmUp   = 500 * time.Millisecond
	maxLeadIn   = 20 * time.Millisecond
)

// newSchedule splits d into slices that are not shorter than shortest.
func newSchedule(d, shortest time.Duration) schedule {
	rounds := max(minRounds, int(d/sliceTarget))
	slice := max(d/time.Duration(rounds), shortest)
	return schedule{
		warmUp: min(d/4, maxWarmUp),
		rounds: rounds,
		leadIn: min(slice/10, maxLeadIn),
		slice:  slice,
	}
}
