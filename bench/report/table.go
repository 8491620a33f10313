package report

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Cost is what a case is judged by: the smaller, the better.
type Cost struct {
	Name string
	Of   func(Result) float64
}

// Reference is the stack that the others are compared with where it was measured.
const Reference = "ubinder"

// Table writes the results of one case, size and concurrency.
func Table(w io.Writer, results []Result, cost Cost) error {
	if len(results) == 0 {
		return nil
	}
	base := reference(results)
	fmt.Fprintf(w, "\n%s, %s, %d concurrent, pin %s\n", base.Case, Scale(base.Size, base.Unit), base.Conc, base.Pin)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(tw, "stack\tp50 us\tmean us\tp99 us\tp99.9 us\tops/s\tMB/s\tcpu us/op\t%s / %s\t\n", cost.Name, base.Stack)
	for _, r := range results {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%.0f\t%s\t%s\t%.2f\t\n", r.Stack,
			micros(r.P50), micros(r.Mean), micros(r.P99), micros(r.P999),
			r.OpsPerSec, throughput(r), micros(r.CPUPerOp), cost.Of(r)/cost.Of(base))
	}
	return tw.Flush()
}

func reference(results []Result) Result {
	for _, r := range results {
		if r.Stack == Reference {
			return r
		}
	}
	return results[0]
}

// Scale says how large a case was.
func Scale(n int, unit string) string {
	if unit == "" {
		unit = "bytes"
	}
	return fmt.Sprintf("%d %s", n, unit)
}

func throughput(r Result) string {
	if r.Unit != "" {
		return "-"
	}
	return fmt.Sprintf("%.1f", r.BytesPerSec/1e6)
}

// micros keeps three digits or so: a one-way message takes less than a microsecond.
func micros(ns int64) string {
	if ns < 10_000 {
		return fmt.Sprintf("%.2f", float64(ns)/1e3)
	}
	return fmt.Sprintf("%.1f", float64(ns)/1e3)
}
