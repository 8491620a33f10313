// Package latency records how long calls take, and draws it.
package latency

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Recorder counts durations up to a minute, to three digits.
type Recorder struct{ h *hdrhistogram.Histogram }

// New makes an empty recorder.
func New() *Recorder { return &Recorder{hdrhistogram.New(1, int64(time.Minute), 3)} }

// Add records one call; what took longer than a minute counts as a minute.
func (r *Recorder) Add(d time.Duration) {
	r.h.RecordValue(int64(min(max(d, 1), time.Minute)))
}

// Summary is what is told of many calls. Durations are nanoseconds in JSON.
type Summary struct {
	Count int64         `json:"count"`
	Min   time.Duration `json:"min_ns"`
	Mean  time.Duration `json:"mean_ns"`
	P50   time.Duration `json:"p50_ns"`
	P90   time.Duration `json:"p90_ns"`
	P99   time.Duration `json:"p99_ns"`
	P999  time.Duration `json:"p999_ns"`
	Max   time.Duration `json:"max_ns"`
}

// Summary returns the figures so far.
func (r *Recorder) Summary() Summary {
	at := func(q float64) time.Duration { return time.Duration(r.h.ValueAtQuantile(q)) }
	return Summary{
		Count: r.h.TotalCount(), Min: time.Duration(r.h.Min()), Mean: time.Duration(r.h.Mean()),
		P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: time.Duration(r.h.Max()),
	}
}

// Format writes a duration with two or three digits and a unit that suits it.
func Format(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{time.Second, "s"}, {time.Millisecond, "ms"}, {time.Microsecond, "µs"}} {
		if d >= u.unit {
			v := float64(d) / float64(u.unit)
			if v < 10 {
				return fmt.Sprintf("%.1f %s", v, u.name)
			}
			return fmt.Sprintf("%.0f %s", v, u.name)
		}
	}
	return fmt.Sprintf("%d ns", d)
}
