// Package report shows what was measured.
package report

import (
	"encoding/json"
	"io"
)

// Result is what one stack did in one case. Its JSON is one line of the output of -json.
type Result struct {
	Case        string  `json:"case"`
	Size        int     `json:"size"`           // bytes of payload, or of Unit
	Unit        string  `json:"unit,omitempty"` // what Size counts; empty: bytes
	Conc        int     `json:"conc"`
	Pin         string  `json:"pin"`
	Stack       string  `json:"stack"`
	P50         int64   `json:"p50_ns"`
	P90         int64   `json:"p90_ns"`
	Mean        int64   `json:"mean_ns"`
	P99         int64   `json:"p99_ns"`
	P999        int64   `json:"p999_ns"`
	Max         int64   `json:"max_ns"`
	OpsPerSec   float64 `json:"ops_per_s"`
	BytesPerSec float64 `json:"bytes_per_s"` // of payload, one way
	CPUPerOp    int64   `json:"cpu_ns_per_op"`
	// Context switches of all threads of all processes that took part.
	SwitchesPerOp float64 `json:"context_switches_per_op"`
	// Sleepers that the stack has woken, in all processes; nil: it does not count them.
	WakeupsPerOp *float64 `json:"wakeups_per_op,omitempty"`
	*Fan                  // of a case with many processes on one side; nil: of another
	// Percentiles and their times, upwards.
	Curve []Point `json:"curve_ns,omitempty"`
}

// Fan compares many processes that call one, or are called by one, with two of them.
type Fan struct {
	Peak              float64 `json:"peak_ops_per_s"` // the most that one client gets from one server
	PeakConc          int     `json:"peak_conc"`      // goroutines with which it does
	Ratio             float64 `json:"ratio"`          // of the many's operations a second to these
	PeakCPUPerOp      int64   `json:"peak_cpu_ns_per_op"`
	PeakSwitchesPerOp float64 `json:"peak_context_switches_per_op"`
	// Of several clients, those that did the least and the most in a slice, on average over the slices, and their ratio.
	Slowest  float64 `json:"slowest_ops_per_s,omitempty"`
	Fastest  float64 `json:"fastest_ops_per_s,omitempty"`
	Fairness float64 `json:"fairness,omitempty"`
}

// Point is a percentile, from 0 to 100, and its time in nanoseconds.
type Point [2]float64

// Lines writes one JSON object a line: that of a result, whose fields m's follow.
func Lines[T any](w io.Writer, m Machine, results []T) error {
	behind, err := json.Marshal(m)
	if err != nil {
		return err
	}
	behind[0] = ','
	for _, r := range results {
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		line = append(append(line[:len(line)-1], behind...), '\n')
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}
