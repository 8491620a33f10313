// Package encoding measures what it costs to write and to read a value, in one process and without a
// call: Android's parcels as runtime/parcel has them, beside protobuf.
package encoding

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"
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
}

// rounds is how often tasks take turns; what a task is said to have taken is the median of its rounds.
const rounds = 5

// Run measures every kind of field for d in each encoding and direction; the tasks of a field take
// turns. Before it begins a field it tells progress which.
func Run(ctx context.Context, d time.Duration, progress func(text string), done func([]Result)) error {
	for _, f := range fields() {
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
			ns, allocs, err := t.measure(slice)
			if err != nil {
				return nil, fmt.Errorf("%s, %s, %s: %w", t.field, t.encoding, t.op, err)
			}
			times[i] = append(times[i], ns)
			results[i] = Result{Case: Name, Field: t.field, Encoding: t.encoding, Op: t.op, Allocs: allocs, Bytes: t.bytes}
		}
	}
	for i := range results {
		slices.Sort(times[i])
		results[i].NsPerOp = times[i][rounds/2]
	}
	return results, nil
}

// measure repeats the task until d is over; it looks at the clock seldom.
func (t *task) measure(d time.Duration) (ns, allocs float64, err error) {
	var before, after runtime.MemStats
	batch, n := 64, 0
	if err := t.do(); err != nil { // what a first time alone allocates
		return 0, 0, err
	}
	runtime.ReadMemStats(&before)
	start := time.Now()
	for elapsed := time.Duration(0); elapsed < d; elapsed = time.Since(start) {
		for range batch {
			if err := t.do(); err != nil {
				return 0, 0, err
			}
		}
		n += batch
		batch = min(2*batch, 1<<14)
	}
	elapsed := time.Since(start)
	runtime.ReadMemStats(&after)
	return float64(elapsed.Nanoseconds()) / float64(n), float64(after.Mallocs-before.Mallocs) / float64(n), nil
}
