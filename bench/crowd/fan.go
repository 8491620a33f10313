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
	// Of all processes, for one operation: processor time and context switches. They depend less on what
	// else the machine does.
	CPUPerOp          time.Duration `json:"cpu_ns_per_op"`
	SwitchesPerOp     float64       `json:"context_switches_per_op"`
	PeakCPUPerOp      time.Duration `json:"peak_cpu_ns_per_op"`
	PeakSwitchesPerOp float64       `json:"peak_context_switches_per_op"`
}

// way is one way of calling, which is measured in rounds.
type way struct {
	conc   int
	once   func(d time.Duration) (calls, error)
	rounds []calls
}

// calls is what was measured of some calls.
type calls struct {
	report.Result
	ops      float64
	activity // of all processes
}

func (c *calls) cpuPerOp() time.Duration { return time.Duration(float64(c.cpu) / c.ops) }
func (c *calls) switchesPerOp() float64  { return float64(c.switches) / c.ops }

// takeTurns measures all ways for the duration each.
func (c *crowd) takeTurns(o Options, name string, ways []*way) error {
	for round := range fanRounds {
		o.Progress(fmt.Sprintf("%s: round %d of %d", name, round+1, fanRounds))
		for i := range ways {
			if err := c.take(ways[(i+round)%len(ways)], o.Duration/fanRounds); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// take measures one round. Processor time and switches include what is around the calls.
func (c *crowd) take(w *way, d time.Duration) error {
	if _, err := w.once(d / leadIn); err != nil {
		return err
	}
	before, err := activityOf(c.pids())
	if err != nil {
		return err
	}
	r, err := w.once(d)
	if err != nil {
		return err
	}
	after, err := activityOf(c.pids())
	r.activity = activity{after.cpu - before.cpu, after.switches - before.switches}
	w.rounds = append(w.rounds, r)
	return err
}

// median is the round with the median throughput.
func (w *way) median() *calls {
	slices.SortFunc(w.rounds, func(a, b calls) int { return int(a.OpsPerSec - b.OpsPerSec) })
	return &w.rounds[len(w.rounds)/2]
}

// compare judges many by the best of ones.
func compare(name, unit string, many *way, ones []*way) FanResult {
	m := many.median()
	r := FanResult{Case: name, Size: fanWidth, Unit: unit, Stack: "ubinder-raw", Conc: many.conc, P50: time.Duration(m.P50), P99: time.Duration(m.P99), OpsPerSec: m.OpsPerSec,
		CPUPerOp: m.cpuPerOp(), SwitchesPerOp: m.switchesPerOp()}
	for _, w := range ones {
		if one := w.median(); one.OpsPerSec > r.Peak {
			r.Peak, r.PeakConc = one.OpsPerSec, w.conc
			r.PeakCPUPerOp, r.PeakSwitchesPerOp = one.cpuPerOp(), one.switchesPerOp()
		}
	}
	r.Ratio = r.OpsPerSec / r.Peak
	return r
}

// fanInCallers is how many goroutines each of many processes calls with.
var fanInCallers = []int{1, 16}

// fanIn has every leaf call the hub.
func fanIn(ctx context.Context, o Options) (Table, error) {
	o.Progress("fanin: start")
	c, err := newFan(ctx, o)
	if err != nil {
		return nil, err
	}
	defer c.stop()
	var ways []*way
	for _, conc := range fanInCallers {
		ways = append(ways, c.callTogether(ctx, c.leaves, order{Do: doCall, N: conc, Peers: 1}))
	}
	for _, conc := range peakCallers {
		ways = append(ways, c.callTogether(ctx, c.leaves[:1], order{Do: doCall, N: conc, Peers: 1}))
	}
	if err := c.takeTurns(o, "fanin", ways); err != nil {
		return nil, err
	}
	var table fanTable
	for i := range fanInCallers {
		table = append(table, compare("fanin", "clients", ways[i], ways[len(fanInCallers):]))
	}
	return table, nil
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

// callTogether has all workers call at once; throughput is the sum of theirs.
func (c *crowd) callTogether(ctx context.Context, workers []*worker, o order) *way {
	return &way{conc: o.N * len(workers), once: func(d time.Duration) (sum calls, err error) {
		o.For = d
		replies, err := each(ctx, workers, same(o))
		if err != nil {
			return sum, err
		}
		total, perSecond := cases.NewSample(), 0.0
		for _, r := range replies {
			s, err := r.Calls.Sample()
			if err != nil {
				return sum, err
			}
			perSecond += s.Result(report.Result{}).OpsPerSec
			total.Add(s)
		}
		sum.Result, sum.ops = total.Result(report.Result{}), float64(total.Ops())
		sum.OpsPerSec = perSecond
		return sum, nil
	}}
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
		hub := []*worker{c.hub}
		many := c.callTogether(ctx, hub, order{Do: f.do, N: f.many, Peers: fanWidth})
		ways := []*way{many}
		for _, conc := range f.ones {
			ways = append(ways, c.callTogether(ctx, hub, order{Do: f.do, N: conc, Peers: 1}))
		}
		if err := c.takeTurns(o, fmt.Sprintf("%s, %d concurrent", f.name, f.many), ways); err != nil {
			return nil, err
		}
		table = append(table, compare(f.name, "services", many, ways[1:]))
	}
	return table, nil
}
