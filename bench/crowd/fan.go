package crowd

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ubinder/bench/cases"
	"ubinder/bench/report"
)

const (
	fanWidth = 64 // processes on the side of the many
	// fanRounds is how often the ways that are compared take turns; what is said of each is the median.
	fanRounds = 5
)

// peakCallers is with how many goroutines one process is tried that calls another.
var peakCallers = []int{1, 4, 16, 64}

// FanResult compares one process and many with one and one.
type FanResult struct {
	Case      string        `json:"case"`
	Size      int           `json:"size"` // processes on the side of the many
	Unit      string        `json:"unit"`
	Stack     string        `json:"stack"`
	Conc      int           `json:"conc"` // goroutines that call, in all
	P50       time.Duration `json:"p50_ns"`
	P99       time.Duration `json:"p99_ns"`
	OpsPerSec float64       `json:"ops_per_s"`
	Peak      float64       `json:"peak_ops_per_s"` // of one process that calls another
	PeakConc  int           `json:"peak_conc"`      // goroutines with which it does that
	Ratio     float64       `json:"ratio"`          // of the two
}

// way is one way of calling, which is measured in rounds.
type way struct {
	conc   int
	once   func(d time.Duration) (report.Result, error)
	rounds []report.Result
}

// takeTurns measures all ways for d each.
func takeTurns(o Options, name string, ways []*way) error {
	for round := range fanRounds {
		o.Progress(fmt.Sprintf("%s: round %d of %d", name, round+1, fanRounds))
		for i := range ways {
			w := ways[(i+round)%len(ways)]
			r, err := w.once(o.Duration / fanRounds)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			w.rounds = append(w.rounds, r)
		}
	}
	return nil
}

// median is the round with the median throughput.
func (w *way) median() report.Result {
	slices.SortFunc(w.rounds, func(a, b report.Result) int { return int(a.OpsPerSec - b.OpsPerSec) })
	return w.rounds[len(w.rounds)/2]
}

// compare judges many by the best of ones.
func compare(name, unit string, many *way, ones []*way) FanResult {
	m := many.median()
	r := FanResult{Case: name, Size: fanWidth, Unit: unit, Stack: "ubinder-raw", Conc: many.conc, P50: time.Duration(m.P50), P99: time.Duration(m.P99), OpsPerSec: m.OpsPerSec}
	for _, w := range ones {
		if one := w.median(); one.OpsPerSec > r.Peak {
			r.Peak, r.PeakConc = one.OpsPerSec, w.conc
		}
	}
	r.Ratio = r.OpsPerSec / r.Peak
	return r
}

// fanIn has every leaf call the hub with one goroutine.
func fanIn(ctx context.Context, o Options) (Table, error) {
	o.Progress("fanin: start")
	c, err := newFan(ctx, o)
	if err != nil {
		return nil, err
	}
	defer c.stop()
	many := &way{conc: fanWidth, once: func(d time.Duration) (report.Result, error) { return c.together(ctx, d) }}
	ways := []*way{many}
	for _, conc := range peakCallers {
		ways = append(ways, c.leaves[0].way(ctx, doCall, conc, 1))
	}
	if err := takeTurns(o, "fanin", ways); err != nil {
		return nil, err
	}
	return fanTable{compare("fanin", "clients", many, ways[1:])}, nil
}

// newFan is a crowd whose leaves have met the hub, and it them.
func newFan(ctx context.Context, o Options) (*crowd, error) {
	c, err := newCrowd(ctx, o, fanWidth)
	if err != nil {
		return nil, err
	}
	for _, o := range []order{{Do: doOpen, N: 1}, {Do: doMeet}, {Do: doJoin}} {
		if _, err := each(ctx, c.leaves, same(o)); err != nil {
			c.stop()
			return nil, err
		}
	}
	return c, nil
}

// way is w calling peers with conc goroutines.
func (w *worker) way(ctx context.Context, do string, conc, peers int) *way {
	return &way{conc: conc, once: func(d time.Duration) (report.Result, error) {
		return w.measure(ctx, order{Do: do, N: conc, Peers: peers, For: d})
	}}
}

// together has all leaves call at once; throughput is the sum of theirs.
func (c *crowd) together(ctx context.Context, d time.Duration) (sum report.Result, err error) {
	o := order{Do: doCall, N: 1, Peers: 1, For: d / leadIn}
	if _, err := each(ctx, c.leaves, same(o)); err != nil {
		return sum, err
	}
	o.For = d
	replies, err := each(ctx, c.leaves, same(o))
	if err != nil {
		return sum, err
	}
	total := cases.NewSample()
	ops := 0.0
	for _, r := range replies {
		s, err := r.Calls.Sample()
		if err != nil {
			return sum, err
		}
		ops += s.Result(report.Result{}).OpsPerSec
		total.Add(s)
	}
	sum = total.Result(report.Result{})
	sum.OpsPerSec = ops
	return sum, nil
}

// fanOut has the hub call all leaves in turn, with one goroutine and with as many as there are leaves,
// and send to them.
func fanOut(ctx context.Context, o Options) (Table, error) {
	o.Progress("fanout: start")
	c, err := newFan(ctx, o)
	if err != nil {
		return nil, err
	}
	defer c.stop()
	var table fanTable
	for _, f := range []struct {
		name, do string
		many     int
		ones     []int
	}{
		{"fanout", doCall, 1, []int{1}},
		{"fanout", doCall, fanWidth, peakCallers},
		{"fanout/oneway", doOneway, 1, []int{1}},
	} {
		many := c.hub.way(ctx, f.do, f.many, fanWidth)
		ways := []*way{many}
		for _, conc := range f.ones {
			ways = append(ways, c.hub.way(ctx, f.do, conc, 1))
		}
		if err := takeTurns(o, fmt.Sprintf("%s, %d concurrent", f.name, f.many), ways); err != nil {
			return nil, err
		}
		table = append(table, compare(f.name, "services", many, ways[1:]))
	}
	return table, nil
}
