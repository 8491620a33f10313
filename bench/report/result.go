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
	// Percentiles and their times, upwards.
	Curve []Point `json:"curve_ns,omitempty"`
	Machine
}

// Point is a percentile, from 0 to 100, and its time in nanoseconds.
type Point [2]float64

// Lines writes one JSON object a line.
func Lines(w io.Writer, results []Result) error {
	enc := json.NewEncoder(w)
	for _, r := range results {
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return nil
}
