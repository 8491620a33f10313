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
	r.OpsPerSec = float64(ops) / s.elapsed.Seconds()
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
	Times   []byte        `json:"times"`
	Elapsed time.Duration `json:"elapsed"`
	Used    Usage         `json:"used"`
}

// Wire encodes the sample.
func (s *Sample) Wire() (Wire, error) {
	times, err := s.times.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	return Wire{times, s.elapsed, s.used}, err
}

// Sample decodes the wire form.
func (w Wire) Sample() (*Sample, error) {
	times, err := hdrhistogram.Decode(w.Times)
	return &Sample{times, w.Elapsed, w.Used}, err
}
