// Package encoding measures what it costs to write and to read a value, in one process and without a
// call: Android's parcels as runtime/parcel has them, beside protobuf, and libbinder's parcels in C++
// where there is a program that measures them.
package encoding

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Result is what one encoding did with one kind of field. Its JSON is one line of the output of
// -json.
type Result struct {
	Case     string  `json:"case"`
	Field    string  `json:"field"`
	Encoding string  `json:"encoding"`
	Op       string  `json:"op"` // write or read
	NsPerOp  float64 `json:"ns_per_op"`
	Allocs   float64 `json:"allocs_per_op"`
	Bytes    int     `json:"bytes"` // encoded
}

// Name and About are the case's.
const (
	Name  = "parcel"
	About = "write and read values in one process, beside protobuf; -d is for each; not on stacks"
)

// task is one encoding's way of writing or reading one kind of field.
type task struct {
	field, encoding, op string
	bytes               int
	do                  func() error
	// other measures in another process, in place of do; it tells the bytes too.
	other func(d time.Duration) (ns, allocs float64, bytes int, err error)
}

// rounds is how often tasks take turns; what a task is said to have taken is the median of its rounds.
const rounds = 5

// Run measures every kind of field for d in each encoding and direction; the tasks of a field take
// turns. Before it begins a field it tells progress which.
func Run(ctx context.Context, d time.Duration, progress func(text string), done func([]Result)) error {
	l, err := startLibbinder()
	if err != nil {
		return err
	}
	defer l.end()
	for _, f := range fields(l) {
		progress(Name + ", " + f[0].field)
		results, err := measureField(ctx, f, d/rounds)
		if err != nil {
			return err
		}
		done(results)
	}
	return nil
}

func measureField(ctx context.Context, tasks []task, slice time.Duration) ([]Result, error) {
	times := make([][]float64, len(tasks))
	results := make([]Result, len(tasks))
	for range rounds {
		for i, t := range tasks {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			ns, allocs, bytes, err := t.measure(slice)
			if err != nil {
				return nil, fmt.Errorf("%s, %s, %s: %w", t.field, t.encoding, t.op, err)
			}
			times[i] = append(times[i], ns)
			results[i] = Result{Case: Name, Field: t.field, Encoding: t.encoding, Op: t.op, Allocs: allocs, Bytes: bytes}
		}
	}
	for i := range results {
		slices.Sort(times[i])
		results[i].NsPerOp = times[i][rounds/2]
	}
	return results, nil
}

// measure repeats the task until it has had d of processor time, the garbage collector's included; it
// looks at the clock seldom.
func (t *task) measure(d time.Duration) (ns, allocs float64, bytes int, err error) {
	if t.other != nil {
		return t.other(d)
	}
	var before, after runtime.MemStats
	batch, n := 64, 0
	if err := t.do(); err != nil { // what a first time alone allocates
		return 0, 0, 0, err
	}
	runtime.ReadMemStats(&before)
	start := processorTime()
	var elapsed time.Duration
	for elapsed < d {
		for range batch {
			if err := t.do(); err != nil {
				return 0, 0, 0, err
			}
		}
		n += batch
		batch = min(2*batch, 1<<14)
		elapsed = processorTime() - start
	}
	runtime.ReadMemStats(&after)
	return float64(elapsed.Nanoseconds()) / float64(n), float64(after.Mallocs-before.Mallocs) / float64(n), t.bytes, nil
}

// processorTime is what this process has had on processors.
func processorTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		panic(err) // Linux has had this clock for ever
	}
	return time.Duration(t.Nano())
}
