package cases

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"ubinder/bench/report"
)

// Times are kept to three digits up to a minute.
const (
	longest = time.Minute
	digits  = 3
)

func newTimes() *hdrhistogram.Histogram { return hdrhistogram.New(1, int64(longest), digits) }

func record(times *hdrhistogram.Histogram, d time.Duration, n int) {
	// In range by construction, so it cannot fail.
	_ = times.RecordValues(int64(max(1, min(d, longest))), int64(n))
}

// Sample is what one stack did in some slices of time.
type Sample struct {
	times   *hdrhistogram.Histogram
	elapsed time.Duration
	used    Usage // by all processes that took part
}

// NewSample returns an empty one.
func NewSample() *Sample { return &Sample{times: newTimes()} }

// Record adds an operation that took d, on one of its own after the other.
func (s *Sample) Record(d time.Duration) {
	record(s.times, d, 1)
	s.elapsed += d
}

// Add merges a later slice.
func (s *Sample) Add(o *Sample) {
	s.times.Merge(o.times)
	s.elapsed += o.elapsed
	s.used = s.used.plus(o.used)
}

// Rate is the number of operations in a second.
func (s *Sample) Rate() float64 { return float64(s.Ops()) / s.elapsed.Seconds() }

// Ops is the number of operations done.
func (s *Sample) Ops() int64 { return s.times.TotalCount() }

// Result fills in the numbers of r.
func (s *Sample) Result(r report.Result) report.Result {
	ops := s.Ops()
	if ops == 0 || s.elapsed <= 0 {
		return r
	}
	r.P50 = s.times.ValueAtPercentile(50)
	r.Mean = int64(s.times.Mean())
	r.P90 = s.times.ValueAtPercentile(90)
	r.P99 = s.times.ValueAtPercentile(99)
	r.P999 = s.times.ValueAtPercentile(99.9)
	r.Max = s.times.Max()
	r.Curve = s.curve()
	r.OpsPerSec = s.Rate()
	if r.Unit == "" {
		r.BytesPerSec = r.OpsPerSec * float64(r.Size)
	}
	r.CPUPerOp = int64(s.used.CPU) / ops
	r.SwitchesPerOp = float64(s.used.Switches) / float64(ops)
	if s.used.Counted {
		n := float64(s.used.Wakeups) / float64(ops)
		r.WakeupsPerOp = &n
	}
	return r
}

// curve has the percentiles up to where one operation decides: what is above halves from point to point.
func (s *Sample) curve() (points []report.Point) {
	ops := float64(s.Ops())
	for above := 100.0; above*ops >= 100; above /= 2 {
		points = append(points, report.Point{100 - above, float64(s.times.ValueAtPercentile(100 - above))})
	}
	return append(points, report.Point{100, float64(s.times.Max())})
}

// Wire is a Sample between processes.
type Wire struct {
	Times   [][2]int64    `json:"times"` // of the histogram's counts those that are not 0: position and count
	Elapsed time.Duration `json:"elapsed"`
	Used    Usage         `json:"used"`
}

// Wire encodes the sample. The histogram's own encoding takes a hundred times as long.
func (s *Sample) Wire() Wire {
	w := Wire{Elapsed: s.elapsed, Used: s.used}
	for i, n := range s.times.Export().Counts {
		if n > 0 {
			w.Times = append(w.Times, [2]int64{int64(i), n})
		}
	}
	return w
}

// Sample decodes the wire form.
func (w Wire) Sample() *Sample { return Together([]Wire{w}) }

// Rate is the number of operations in a second.
func (w Wire) Rate() float64 {
	var ops int64
	for _, t := range w.Times {
		ops += t[1]
	}
	return float64(ops) / w.Elapsed.Seconds()
}

// Together joins what several clients did in the same slice. It took as long as so many operations take at the
// sum of their rates: who is slow to end does not make the others slow.
func Together(clients []Wire) *Sample {
	var used Usage
	counts, ops, rate := newTimes().Export(), int64(0), 0.0
	for _, w := range clients {
		for _, t := range w.Times {
			counts.Counts[t[0]] += t[1]
			ops += t[1]
		}
		rate += w.Rate()
		used = used.plus(w.Used)
	}
	return &Sample{hdrhistogram.Import(counts), time.Duration(float64(ops) / rate * float64(time.Second)), used}
}
