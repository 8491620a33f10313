package crowd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"ubinder/bench/run"
)

// orderLimit is how much longer than asked an order may take.
const orderLimit = 60 * time.Second

// crowd is the processes of one measurement.
type crowd struct {
	dir    string
	cpu    int
	broker *worker
	hub    *worker
	leaves []*worker
}

// worker is a process that obeys.
type worker struct {
	*run.Process
	pid    int
	orders io.WriteCloser
}

// newCrowd starts a broker, a hub and as many leaves.
func newCrowd(ctx context.Context, o Options, leaves int) (*crowd, error) {
	dir, err := os.MkdirTemp("", "ubinder-bench-")
	if err != nil {
		return nil, err
	}
	c := &crowd{dir: dir, cpu: o.CPU}
	if err := c.start(ctx, leaves); err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

func (c *crowd) start(ctx context.Context, leaves int) (err error) {
	if c.broker, err = c.worker(ctx, roleBroker); err != nil {
		return err
	}
	if c.hub, err = c.worker(ctx, roleHub); err != nil {
		return err
	}
	c.leaves = make([]*worker, leaves)
	var group errgroup.Group
	group.SetLimit(run.StartsAtOnce)
	for i := range c.leaves {
		group.Go(func() (err error) {
			c.leaves[i], err = c.worker(ctx, roleLeaf)
			return err
		})
	}
	return group.Wait()
}

func (c *crowd) worker(ctx context.Context, role string) (*worker, error) {
	cmd := childCommand(role, filepath.Join(c.dir, "bus"))
	orders, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	p, err := run.Start(ctx, cmd, c.cpu)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", role, err)
	}
	return &worker{p, cmd.Process.Pid, orders}, nil
}

// stop ends the processes and removes what they left.
func (c *crowd) stop() {
	for _, w := range c.all() {
		w.Stop()
	}
	os.RemoveAll(c.dir)
}

func (c *crowd) all() []*worker {
	var all []*worker
	for _, w := range append(c.leaves[:len(c.leaves):len(c.leaves)], c.hub, c.broker) {
		if w != nil {
			all = append(all, w)
		}
	}
	return all
}

func (c *crowd) pids() []int {
	var pids []int
	for _, w := range c.all() {
		pids = append(pids, w.pid)
	}
	return pids
}

// do has w obey and waits for its reply.
func (w *worker) do(ctx context.Context, o order) (r reply, err error) {
	if err := json.NewEncoder(w.orders).Encode(o); err != nil {
		return r, w.Explain(err)
	}
	line, err := w.Line(ctx, o.For+orderLimit)
	if err != nil {
		return r, w.Explain(err)
	}
	if err := json.Unmarshal(line, &r); err != nil {
		return r, err
	}
	if r.Error != "" {
		return r, errors.New(r.Error)
	}
	return r, nil
}

// each has all workers obey at the same time; order says what, by their index.
func each(ctx context.Context, workers []*worker, order func(i int) order) ([]reply, error) {
	replies := make([]reply, len(workers))
	var group errgroup.Group
	for i, w := range workers {
		group.Go(func() (err error) {
			replies[i], err = w.do(ctx, order(i))
			return err
		})
	}
	return replies, group.Wait()
}

// same is an order for everybody.
func same(o order) func(int) order { return func(int) order { return o } }

// usageOf adds up what workers have.
func usageOf(ctx context.Context, workers ...*worker) (sum usage, err error) {
	replies, err := each(ctx, workers, same(order{Do: doUsage}))
	if err != nil {
		return sum, err
	}
	for _, r := range replies {
		sum = sum.plus(*r.Usage)
	}
	return sum, nil
}
