package run

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"ubinder/bench/cases"
	"ubinder/bench/stack"
)

// worked is what a client measures with.
type worked struct {
	c       cases.Case
	workers []*cases.Worker
	turns   []*stack.Turn // of the workers, if there are several servers
	meter   cases.Meter
	orders  *json.Decoder
	replies *json.Encoder
}

// client dials and then measures a slice for each order, until in ends.
func client(s stack.Stack, t task, ready func(), in io.Reader, out io.Writer) error {
	c, ok := cases.Find(t.Env.Case)
	if !ok {
		return fmt.Errorf("no case %q", t.Env.Case)
	}
	w := &worked{c: c, orders: json.NewDecoder(bufio.NewReader(in)), replies: json.NewEncoder(out)}
	if err := w.dial(s, t.Env); err != nil {
		return err
	}
	w.meter.PIDs = append(t.Peers, os.Getpid())
	if c, ok := s.(stack.WakeupCounter); ok {
		var err error
		if w.meter.Wakeups, err = sumWakeups(t, c.Wakeups); err != nil {
			return err
		}
	}
	ready()
	for {
		var o order
		if err := w.orders.Decode(&o); err != nil {
			return err
		}
		if err := w.replies.Encode(w.fulfil(o)); err != nil {
			return err
		}
	}
}

func (w *worked) dial(s stack.Stack, env stack.Env) error {
	callers, err := w.dialCallers(s, env)
	if err != nil {
		return err
	}
	size := env.Size
	if w.c.Scale != nil {
		size = env.Scale
	}
	w.workers = cases.Workers(w.c, callers, size)
	return nil
}

// dialCallers makes the client's callers; in a ring it is the one process that serves and begins.
func (w *worked) dialCallers(s stack.Stack, env stack.Env) (callers []stack.Caller, err error) {
	switch {
	case env.Ring > 0:
		callers = make([]stack.Caller, 1)
		callers[0], err = dialRing(s, env)
	case env.Many():
		return w.dialMany(s, env)
	default:
		callers, err = s.Dial(env)
	}
	if err != nil {
		return nil, err
	}
	return callers, w.accept(callers)
}

func (w *worked) accept(callers []stack.Caller) error {
	for _, caller := range callers {
		if err := w.c.Accept(caller); err != nil {
			return err
		}
	}
	return nil
}

// dialMany has each worker call all servers in turn, each worker another one first.
func (w *worked) dialMany(s stack.Stack, env stack.Env) ([]stack.Caller, error) {
	each := make([][]stack.Caller, env.Conc)
	for env.Server = range env.Servers {
		callers, err := s.Dial(env)
		if err == nil {
			err = w.accept(callers)
		}
		if err != nil {
			return nil, err
		}
		for i, c := range callers {
			each[i] = append(each[i], c)
		}
	}
	callers := make([]stack.Caller, env.Conc)
	for i := range callers {
		t := stack.NewTurn(each[i], i%len(each[i]))
		callers[i], w.turns = t, append(w.turns, t)
	}
	return callers, callAll(callers, env)
}

// callAll uses all callers to all servers: what a connection does at its first call is not measured.
func callAll(callers []stack.Caller, env stack.Env) error {
	var group errgroup.Group
	for _, c := range callers {
		group.Go(func() error {
			p := make([]byte, env.Size)
			for range env.Servers {
				stack.Stamp(p, 1)
				answer, err := c.Call(p)
				if err == nil {
					err = stack.Check(answer, 1, env.Size)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func (w *worked) fulfil(o order) (r reply) {
	for _, t := range w.turns {
		t.Among(o.Servers)
	}
	var err error
	slice := cases.Slice{For: o.For, Conc: o.Conc, Begin: w.begin}
	if o.LeadIn {
		_, err = cases.LeadIn(w.c, w.workers, slice)
	} else {
		r.Wire, err = w.measure(slice)
	}
	if err != nil {
		r.Error = err.Error()
	}
	return r
}

func (w *worked) measure(slice cases.Slice) (cases.Wire, error) {
	s, err := cases.Measure(w.c, w.workers, slice, w.meter)
	if err != nil {
		return cases.Wire{}, err
	}
	return s.Wire(), nil
}

// begin says that this client is ready, and learns when all begin.
func (w *worked) begin() (time.Time, error) {
	if err := w.replies.Encode(reply{}); err != nil {
		return time.Time{}, err
	}
	var s start
	err := w.orders.Decode(&s)
	return s.At, err
}
