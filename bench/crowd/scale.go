package crowd

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"ubinder/bench/report"
)

// scaleValues is how many processes of the bus there are besides the hub.
var scaleValues = []int{1, 10, 100, 1000}

const (
	leafConnections = 50  // of one OS process
	probes          = 200 // processes that come, meet the hub and leave
	spareFiles      = 64  // besides those for connections
	filesPerProcess = 2   // of the broker, for a connection
)

// ScaleResult is what was found with a number of processes on the bus that do nothing but what is
// measured. What a process costs is that of a connection that has met nobody, at both its ends; what a lane costs comes
// on top, at both its ends too.
type ScaleResult struct {
	Case        string `json:"case"`
	Size        int    `json:"size"` // processes of the bus
	Unit        string `json:"unit"`
	Stack       string `json:"stack"`
	OSProcesses int    `json:"os_processes"` // that the connections are spread over

	OpenAll         time.Duration `json:"open_all_ns"` // all at once
	MeetAll         time.Duration `json:"meet_all_ns"` // the same, introductions with a first call
	HelloP50        time.Duration `json:"hello_p50_ns"`
	HelloP99        time.Duration `json:"hello_p99_ns"`
	IntroductionP50 time.Duration `json:"introduction_p50_ns"` // until the lane to the hub is open
	IntroductionP99 time.Duration `json:"introduction_p99_ns"`
	ContactP50      time.Duration `json:"contact_p50_ns"` // both together
	ContactP99      time.Duration `json:"contact_p99_ns"`
	FirstCallP50    time.Duration `json:"first_call_p50_ns"` // over the new lane
	FirstCallP99    time.Duration `json:"first_call_p99_ns"`

	// Of one that comes, meets the hub and leaves: processor time and context switches of all processes. They
	// depend less on what else the machine does.
	ContactCPU      time.Duration `json:"contact_cpu_ns"`
	ContactSwitches float64       `json:"contact_context_switches"`

	CallP50  time.Duration `json:"call_p50_ns"` // over one lane, the others being idle
	CallMean time.Duration `json:"call_mean_ns"`
	CallP99  time.Duration `json:"call_p99_ns"`
	Lanes    int           `json:"turn_lanes"` // that calls went over in turn
	TurnP50  time.Duration `json:"turn_p50_ns"`
	TurnMean time.Duration `json:"turn_mean_ns"`
	TurnP99  time.Duration `json:"turn_p99_ns"`

	PerProcess PerOne `json:"per_process"`
	PerLane    PerOne `json:"per_lane"`
	Idle       Idle   `json:"idle"`

	LaneProcesses int `json:"lane_os_processes"` // that the other lanes are spread over: one for each, if memory allows

	// Calls of two processes, without and with as many other lanes as Size says, in turns.
	ServerLanes BesideLanes `json:"server_lanes"` // of who is called
	ClientLanes BesideLanes `json:"client_lanes"` // of who calls
	BothLanes   BesideLanes `json:"both_lanes"`   // each process has a lane to both
}

// PerOne is the cost of one of many.
type PerOne struct {
	Shared     float64 `json:"shared_bytes"`
	Heap       float64 `json:"heap_bytes"`
	Stacks     float64 `json:"stack_bytes"`
	Goroutines float64 `json:"goroutines"`
	Threads    float64 `json:"threads"`
	Files      float64 `json:"files"`
	Mappings   float64 `json:"mappings"`
}

func (u usage) per(n int) PerOne {
	of := func(v int) float64 { return float64(v) / float64(n) }
	return PerOne{of(u.Shared), of(u.Heap), of(u.Stacks), of(u.Goroutines), of(u.Threads), of(u.Files), of(u.Mappings)}
}

// Idle is what all processes did together while there was nothing to do.
type Idle struct {
	For      time.Duration `json:"for_ns"`
	CPU      time.Duration `json:"cpu_ns"`
	Switches int           `json:"context_switches"`
}

func scale(ctx context.Context, o Options) (Table, error) {
	var table scaleTable
	for _, n := range o.Scale {
		if err := filesFor(n); err != nil {
			return nil, err
		}
		r, err := scaleTo(ctx, o, n)
		if err == nil {
			err = r.besideLanes(ctx, o)
		}
		if err != nil {
			return nil, fmt.Errorf("scale, %d processes: %w", n, err)
		}
		table = append(table, r)
	}
	return table, nil
}

// filesFor tells whether the broker may open what n processes take. Go has raised the soft limit to
// the hard one.
func filesFor(n int) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if need := uint64(filesPerProcess*n + spareFiles); limit.Max < need {
		return fmt.Errorf("scale, %d processes: a process here may have %d open files and the broker needs %d: raise the hard limit (ulimit -Hn), or pick smaller ones with -scale", n, limit.Max, need)
	}
	return nil
}

func scaleTo(ctx context.Context, o Options, n int) (*ScaleResult, error) {
	say := func(what string) { o.Progress(fmt.Sprintf("scale, %d processes: %s", n, what)) }
	say("start")
	leaves := (n + leafConnections - 1) / leafConnections
	c, err := newCrowd(ctx, o, leaves)
	if err != nil {
		return nil, err
	}
	defer c.stop()
	r := &ScaleResult{Case: "scale", Size: n, Unit: "processes", Stack: "ubinder-raw", OSProcesses: leaves}
	say("all come")
	if err := r.gather(ctx, c); err != nil {
		return nil, err
	}
	say("some come and go")
	if err := r.probe(ctx, c); err != nil {
		return nil, err
	}
	say("calls")
	if err := r.call(ctx, c, o.Duration); err != nil {
		return nil, err
	}
	say("idle")
	return r, r.idle(ctx, c, o.Duration)
}

// gather has all come, then all meet the hub, and notes what both cost.
func (r *ScaleResult) gather(ctx context.Context, c *crowd) error {
	begun, err := usageOf(ctx, c.all()...)
	if err != nil {
		return err
	}
	if r.OpenAll, err = c.leavesDo(ctx, func(i int) order {
		return order{Do: doOpen, N: share(r.Size, len(c.leaves), i)}
	}); err != nil {
		return err
	}
	open, err := usageOf(ctx, c.all()...)
	if err != nil {
		return err
	}
	if r.MeetAll, err = c.leavesDo(ctx, same(order{Do: doMeet})); err != nil {
		return err
	}
	met, err := usageOf(ctx, c.all()...)
	r.PerProcess, r.PerLane = open.minus(begun).per(r.Size), met.minus(open).per(r.Size)
	return err
}

// share is how many of n the i-th of as many gets.
func share(n, of, i int) int { return n/of + min(1, max(0, n%of-i)) }

func (c *crowd) leavesDo(ctx context.Context, order func(int) order) (time.Duration, error) {
	start := time.Now()
	_, err := each(ctx, c.leaves, order)
	return time.Since(start), err
}

func (r *ScaleResult) probe(ctx context.Context, c *crowd) error {
	before, err := activityOf(c.pids())
	if err != nil {
		return err
	}
	p, err := c.leaves[0].do(ctx, order{Do: doProbe, N: probes})
	if err != nil {
		return err
	}
	after, err := activityOf(c.pids())
	if err != nil {
		return err
	}
	r.ContactCPU = (after.cpu - before.cpu) / probes
	r.ContactSwitches = float64(after.switches-before.switches) / probes
	var contact, hello, introduction, call []time.Duration
	for _, v := range p.Visits {
		contact = append(contact, v.Hello+v.Introduction)
		hello, introduction, call = append(hello, v.Hello), append(introduction, v.Introduction), append(call, v.Call)
	}
	r.HelloP50, r.HelloP99 = percentiles(hello)
	r.IntroductionP50, r.IntroductionP99 = percentiles(introduction)
	r.ContactP50, r.ContactP99 = percentiles(contact)
	r.FirstCallP50, r.FirstCallP99 = percentiles(call)
	return nil
}

func percentiles(d []time.Duration) (p50, p99 time.Duration) {
	slices.Sort(d)
	return d[len(d)/2], d[len(d)*99/100]
}

// call measures calls of one process, while the others do nothing, over one lane and over several.
func (r *ScaleResult) call(ctx context.Context, c *crowd, d time.Duration) error {
	one, err := c.leaves[0].measure(ctx, order{Do: doCall, Peers: 1, For: d})
	if err != nil {
		return err
	}
	r.Lanes = min(r.Size, leafConnections)
	turn, err := c.leaves[0].measure(ctx, order{Do: doCall, Peers: r.Lanes, For: d})
	r.CallP50, r.CallMean, r.CallP99 = times(one)
	r.TurnP50, r.TurnMean, r.TurnP99 = times(turn)
	return err
}

func times(r report.Result) (p50, mean, p99 time.Duration) {
	return time.Duration(r.P50), time.Duration(r.Mean), time.Duration(r.P99)
}

// leadIn is the part of a measurement that is run before, and not counted.
const leadIn = 10

// measure has w call, after a lead-in.
func (w *worker) measure(ctx context.Context, o order) (r report.Result, err error) {
	before := o
	before.For = o.For / leadIn
	if _, err := w.do(ctx, before); err != nil {
		return r, err
	}
	reply, err := w.do(ctx, o)
	if err != nil {
		return r, err
	}
	return reply.Calls.Sample().Result(report.Result{}), nil
}

// idle watches all processes from outside for d, after half as much for what the last calls left to do.
func (r *ScaleResult) idle(ctx context.Context, c *crowd, d time.Duration) error {
	pids := c.pids()
	if err := sleep(ctx, d/2); err != nil {
		return err
	}
	start := time.Now()
	before, err := activityOf(pids)
	if err != nil {
		return err
	}
	if err := sleep(ctx, d); err != nil {
		return err
	}
	after, err := activityOf(pids)
	r.Idle = Idle{time.Since(start), after.cpu - before.cpu, after.switches - before.switches}
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
