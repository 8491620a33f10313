package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"ubinder/cmd/internal/child"
)

// actor is the demo's side of one of its processes.
type actor struct {
	name    string
	process *child.Process
	orders  *json.Encoder
	in      io.Closer
	reports map[string]chan report // by kind; closed when the process has ended
}

// startActor starts this program as the process of that name.
func startActor(name string, args []string, bus string) (*actor, error) {
	cmd, err := child.Self(append(args, name)...)
	if err != nil {
		return nil, err
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Env = append(os.Environ(), "UBINDER_BUS="+bus)
	cmd.Stdout, cmd.Stderr = w, os.Stderr
	a := &actor{name: name, orders: json.NewEncoder(in), in: in, reports: make(map[string]chan report)}
	for _, kind := range []string{kindReady, kindDone, kindHeard, kindWhispered, kindDied, kindForgotten} {
		a.reports[kind] = make(chan report, 16)
	}
	a.process, err = child.Start(cmd)
	w.Close()
	if err != nil {
		r.Close()
		return nil, err
	}
	go a.routineRead(r)
	return a, nil
}

func (a *actor) routineRead(r io.ReadCloser) {
	defer r.Close()
	lines := json.NewDecoder(bufio.NewReader(r))
	for {
		var rep report
		if err := lines.Decode(&rep); err != nil {
			break
		}
		if ch := a.reports[rep.Kind]; ch != nil {
			ch <- rep
		}
	}
	for _, ch := range a.reports {
		close(ch)
	}
}

func (a *actor) pid() int { return a.process.PID() }

// expect waits for the next report of a kind.
func (a *actor) expect(ctx context.Context, kind string) (report, error) {
	select {
	case r, ok := <-a.reports[kind]:
		if !ok {
			return r, fmt.Errorf("%s ended before it reported %q: %w", a.name, kind, a.process.Err())
		}
		return r, nil
	case <-ctx.Done():
		return report{}, fmt.Errorf("%s did not report %q in time", a.name, kind)
	}
}

// do gives an order and waits until it is carried out.
func (a *actor) do(ctx context.Context, o order) (report, error) {
	r, err := a.try(ctx, o)
	if err == nil && r.Error != "" {
		err = fmt.Errorf("%s could not %s: %s", a.name, o.Do, r.Error)
	}
	return r, err
}

// try is do, but an order that fails is no error: the report says why it failed.
func (a *actor) try(ctx context.Context, o order) (report, error) {
	if err := a.orders.Encode(o); err != nil {
		return report{}, fmt.Errorf("telling %s to %s: %w", a.name, o.Do, err)
	}
	return a.expect(ctx, kindDone)
}
