package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ubinder/bench/cases"
	"ubinder/bench/report"
	"ubinder/bench/stack"
)

// Errors of Run.
var (
	ErrBroke   = errors.New("a stack broke while it was measured")
	ErrNothing = errors.New("nothing was measured")
)

// Observer is told what happens. All calls come from the goroutine of Run.
type Observer struct {
	Skipped  func(where, reason string)
	Broke    func(where, reason string)
	Progress func(text string)
	Results  func([]report.Result, report.Cost)
}

// Run measures the plan. A stack that cannot run is skipped; one that breaks while it is measured
// makes Run return ErrBroke after the rest.
func (p Plan) Run(ctx context.Context, see Observer) error {
	cpu, err := p.CPU()
	if err != nil {
		return err
	}
	r := &runner{plan: p, see: see, cpu: cpu, unsuited: make(map[string]bool)}
	r.prepare()
	for _, c := range p.cells() {
		if err := r.cell(ctx, c); err != nil {
			return err
		}
	}
	switch {
	case r.broke:
		return ErrBroke
	case r.measured == 0:
		return ErrNothing
	}
	return nil
}

type runner struct {
	plan     Plan
	see      Observer
	cpu      int
	stacks   []stack.Stack // that could be prepared
	broke    bool
	measured int
	unsuited map[string]bool // case and stack, when it was said
}

func (r *runner) prepare() {
	for _, s := range r.plan.Stacks {
		if p, ok := s.(stack.Preparer); ok {
			if err := p.Prepare(); err != nil {
				r.see.Skipped(s.Name(), err.Error())
				continue
			}
		}
		r.stacks = append(r.stacks, s)
	}
}

// entrant is a stack in a cell and what it has done so far.
type entrant struct {
	*team
	total *cases.Sample
	out   bool
}

// cell measures all stacks side by side. Its error ends the run.
func (r *runner) cell(ctx context.Context, c cell) error {
	entrants, err := r.enter(ctx, c)
	defer func() {
		for _, e := range entrants {
			e.stop()
		}
	}()
	if err != nil {
		return err
	}
	times := newSchedule(r.plan.Duration, c.slice())
	for _, e := range entrants {
		if _, err := r.turn(ctx, c, e, "warm-up", times.warmUp); err != nil {
			return err
		}
	}
	for round := range times.rounds {
		if err := r.round(ctx, c, entrants, times, round); err != nil {
			return err
		}
	}
	r.finish(c, entrants)
	return nil
}

func (r *runner) enter(ctx context.Context, c cell) ([]*entrant, error) {
	var entrants []*entrant
	for _, s := range r.stacks {
		if !r.suits(c, s) {
			continue
		}
		r.see.Progress(fmt.Sprintf("%s: start", c.where(s)))
		t, err := newTeam(ctx, s, c.env(), r.cpu)
		if ctx.Err() != nil {
			return entrants, ctx.Err()
		}
		if err != nil {
			r.see.Skipped(c.where(s), err.Error())
			continue
		}
		entrants = append(entrants, &entrant{team: t, total: cases.NewSample()})
	}
	return entrants, nil
}

// suits reports whether s can take part in the case. Why not is said once.
func (r *runner) suits(c cell, s stack.Stack) bool {
	if c.c.Suits == nil {
		return true
	}
	err := c.c.Suits(s)
	if where := c.c.Name + ", " + s.Name(); err != nil && !r.unsuited[where] {
		r.unsuited[where] = true
		r.see.Skipped(where, err.Error())
	}
	return err == nil
}

// round gives every stack one slice, beginning with another one each time.
func (r *runner) round(ctx context.Context, c cell, entrants []*entrant, times schedule, round int) error {
	name := fmt.Sprintf("round %d of %d", round+1, times.rounds)
	for i := range entrants {
		e := entrants[(i+round)%len(entrants)]
		if _, err := r.turn(ctx, c, e, name, times.leadIn); err != nil {
			return err
		}
		sample, err := r.turn(ctx, c, e, name, times.slice)
		if err != nil {
			return err
		}
		if sample != nil {
			e.total.Add(sample)
		}
	}
	return nil
}

// turn runs e; there is no sample from one that is out. Its error ends the run.
func (r *runner) turn(ctx context.Context, c cell, e *entrant, name string, d time.Duration) (*cases.Sample, error) {
	if e.out {
		return nil, nil
	}
	r.see.Progress(fmt.Sprintf("%s: %s", c.where(e.stack), name))
	sample, err := e.measure(ctx, d)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		e.out, r.broke = true, true
		r.see.Broke(c.where(e.stack), err.Error())
		return nil, nil
	}
	return sample, nil
}

func (r *runner) finish(c cell, entrants []*entrant) {
	var results []report.Result
	for _, e := range entrants {
		if !e.out {
			results = append(results, e.total.Result(r.plan.blank(c, e.stack)))
		}
	}
	r.measured += len(results)
	r.see.Results(results, c.c.Cost)
}

func (c cell) where(s stack.Stack) string {
	return fmt.Sprintf("%s, %s, %d concurrent, %s", c.c.Name, report.Scale(c.size, c.unit()), c.conc, s.Name())
}
