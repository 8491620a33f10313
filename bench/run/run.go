package run

import (
	"context"
	"errors"
	"fmt"

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

// cell measures all stacks. Its error ends the run.
func (r *runner) cell(ctx context.Context, c cell) error {
	var entrants []*entrant
	for _, s := range r.stacks {
		if r.suits(c, s) {
			entrants = append(entrants, newEntrant(c, s))
		}
	}
	defer func() {
		for _, e := range entrants {
			e.leave()
		}
	}()
	measure := r.sideBySide
	if c.c.Fan != nil {
		measure = r.oneByOne
	}
	if err := measure(ctx, c, entrants); err != nil {
		return err
	}
	r.finish(c, entrants)
	return nil
}

// sideBySide has the processes of all stacks up at the same time. Each round gives every stack one slice, beginning
// with another one.
func (r *runner) sideBySide(ctx context.Context, c cell, entrants []*entrant) error {
	for _, e := range entrants {
		if err := r.enter(ctx, c, e); err != nil {
			return err
		}
	}
	times := newSchedule(r.plan.Duration, c.slice())
	for _, e := range entrants {
		if err := r.turn(ctx, c, e, "warm-up", func() error { return e.team.leadIn(ctx, times.warmUp, way{}) }); err != nil {
			return err
		}
	}
	return times.each(entrants, func(e *entrant, round int) error { return r.slices(ctx, c, e, times, round) })
}

// oneByOne has the processes of one stack up at a time: those of all would be too many. In each round every stack
// comes, is measured in all ways, and leaves.
func (r *runner) oneByOne(ctx context.Context, c cell, entrants []*entrant) error {
	times := fanSchedule(r.plan.Duration)
	return times.each(entrants, func(e *entrant, round int) error {
		if err := r.enter(ctx, c, e); err != nil {
			return err
		}
		defer e.leave()
		return r.slices(ctx, c, e, times, round)
	})
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

// enter starts the processes of e, unless it is out.
func (r *runner) enter(ctx context.Context, c cell, e *entrant) (err error) {
	if e.out {
		return nil
	}
	r.see.Progress(fmt.Sprintf("%s: start", c.where(e.stack)))
	e.team, err = newTeam(ctx, e.stack, c, r.cpu)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
	case e.measured():
		r.breaks(c, e, err)
	default:
		e.out = true
		r.see.Skipped(c.where(e.stack), err.Error())
	}
	return nil
}

// slices lets e work in all its ways, beginning with another one each round.
func (r *runner) slices(ctx context.Context, c cell, e *entrant, times schedule, round int) error {
	name := fmt.Sprintf("round %d of %d", round+1, times.rounds)
	for i := range e.tallies {
		t := e.tallies[(i+round)%len(e.tallies)]
		err := r.turn(ctx, c, e, name, func() error {
			if err := e.team.leadIn(ctx, t.of(times.leadIn), t.way); err != nil {
				return err
			}
			clients, err := e.team.measure(ctx, t.of(times.slice), t.way)
			if err == nil {
				t.add(clients)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// turn has e do something, unless it is out. Its error ends the run.
func (r *runner) turn(ctx context.Context, c cell, e *entrant, name string, do func() error) error {
	if e.out {
		return nil
	}
	r.see.Progress(fmt.Sprintf("%s: %s", c.where(e.stack), name))
	err := do()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		r.breaks(c, e, err)
	}
	return nil
}

func (r *runner) breaks(c cell, e *entrant, err error) {
	e.out, r.broke = true, true
	r.see.Broke(c.where(e.stack), err.Error())
}

// finish shows the results: a table for each way that is one.
func (r *runner) finish(c cell, entrants []*entrant) {
	many, _ := c.ways()
	for i := range many {
		var results []report.Result
		for _, e := range entrants {
			if !e.out {
				results = append(results, e.result(r.plan, c, i))
			}
		}
		r.measured += len(results)
		r.see.Results(results, c.c.Cost)
	}
}

func (c cell) where(s stack.Stack) string {
	where := c.c.Name + ", " + report.Scale(c.size, c.unit())
	if c.c.Fan == nil {
		where += fmt.Sprintf(", %d concurrent", c.conc)
	}
	return where + ", " + s.Name()
}
