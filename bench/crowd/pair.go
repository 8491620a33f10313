package crowd

import (
	"context"
	"slices"
	"time"

	"ubinder/bench/cases"
	"ubinder/bench/report"
)

// pair is two processes of a crowd, neither of them the hub, of which one calls the other: always by the same handle,
// on the same goroutine. What is compared comes and goes around them, in turns.
type pair struct {
	*crowd
	server, client *worker
	others         []*worker
}

// Positions at which the hub knows the processes that can be visited.
const (
	atServer = iota
	atClient
	hosts
	atOther = hosts // of those besides, the first that has joined
)

const (
	turnRounds   = 3    // of all turns
	turnBatches  = 5    // of calls, in a turn
	batchSize    = 1000 // calls
	batchTimeout = 60 * time.Second

	// calmAfter is how long after something else was done all processes are at rest again: the monitor thread of a Go
	// process that has done something naps for up to 10 ms at a time before it does.
	calmAfter = 30 * time.Millisecond
)

// newPair starts a pair and as many other processes. The client knows an object of the server.
func newPair(ctx context.Context, o Options, others int) (*pair, error) {
	c, err := newCrowd(ctx, o, others+hosts)
	if err != nil {
		return nil, err
	}
	p := &pair{c, c.leaves[atServer], c.leaves[atClient], c.leaves[hosts:]}
	if err = p.joins(ctx, p.server); err == nil {
		err = p.joins(ctx, p.client)
	}
	if err == nil {
		_, err = p.client.do(ctx, order{Do: doKnow, Of: []int{atServer}})
	}
	if err != nil {
		c.stop()
		return nil, err
	}
	return p, nil
}

// joins makes a process known to the hub, behind those that it knows already.
func (c *crowd) joins(ctx context.Context, w *worker) error {
	for _, o := range []order{{Do: doOpen, N: 1}, {Do: doMeet}, {Do: doJoin}} {
		if _, err := w.do(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// turn is what was measured of the calls of a pair in a turn.
type turn struct{ p50, mean, cpu time.Duration }

// take measures calls; before each batch, before is run.
func (p *pair) take(ctx context.Context, before func() error) (turn, error) {
	if _, err := each(ctx, []*worker{p.server, p.client}, same(order{Do: doSettle})); err != nil {
		return turn{}, err
	}
	all, spent := cases.NewSample(), time.Duration(0)
	for range turnBatches {
		if before != nil {
			if err := before(); err != nil {
				return turn{}, err
			}
		}
		if err := sleep(ctx, calmAfter); err != nil {
			return turn{}, err
		}
		s, cpu, err := p.batch(ctx)
		if err != nil {
			return turn{}, err
		}
		all.Add(s)
		spent += cpu
	}
	r := all.Result(report.Result{})
	return turn{time.Duration(r.P50), time.Duration(r.Mean), spent / (turnBatches * (batchSize + batchSize/leadIn))}, nil
}

// batch also returns the processor time of both processes, also for the lead-in.
func (p *pair) batch(ctx context.Context) (*cases.Sample, time.Duration, error) {
	pids := []int{p.server.pid, p.client.pid}
	before, err := cases.ProcessorTime(pids)
	if err != nil {
		return nil, 0, err
	}
	r, err := p.client.do(ctx, order{Do: doBatch, N: batchSize, Of: []int{atServer}, For: batchTimeout})
	if err != nil {
		return nil, 0, err
	}
	after, err := cases.ProcessorTime(pids)
	if err != nil {
		return nil, 0, err
	}
	return r.Calls.Sample(), after - before, nil
}

// Times are those of calls in one situation: medians over the turns, and the median of how much more a call took than by
// itself in the same round.
type Times struct {
	P50      time.Duration `json:"p50_ns"`
	Mean     time.Duration `json:"mean_ns"`
	Ratio    float64       `json:"ratio"`
	CPU      time.Duration `json:"cpu_ns"`    // of both processes
	CPURatio float64       `json:"cpu_ratio"` // the same of processor time, which depends less on what else runs
}

// compareTurns judges turns by those beside which they were taken.
func compareTurns(turns, alone []turn) Times {
	var p50, mean, cpu []time.Duration
	var ratio, cpuRatio []float64
	for i, t := range turns {
		p50, mean, cpu = append(p50, t.p50), append(mean, t.mean), append(cpu, t.cpu)
		ratio = append(ratio, float64(t.p50)/float64(alone[i].p50))
		cpuRatio = append(cpuRatio, float64(t.cpu)/float64(alone[i].cpu))
	}
	return Times{P50: median(p50), Mean: median(mean), Ratio: median(ratio), CPU: median(cpu), CPURatio: median(cpuRatio)}
}

func median[T int | float64 | time.Duration](list []T) T {
	slices.Sort(list)
	return list[len(list)/2]
}
