package report

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Cost is what a case is judged by: the smaller, the better.
type Cost struct {
	Name    string
	Of      func(Result) float64
	Columns []Column // of its table; nil: Columns
}

// Column is one of a table.
type Column struct {
	Name string
	Text func(Result) string
}

var (
	columnP50      = Column{"p50 us", func(r Result) string { return micros(r.P50) }}
	columnMean     = Column{"mean us", func(r Result) string { return micros(r.Mean) }}
	columnP90      = Column{"p90 us", func(r Result) string { return micros(r.P90) }}
	columnP99      = Column{"p99 us", func(r Result) string { return micros(r.P99) }}
	columnP999     = Column{"p99.9 us", func(r Result) string { return micros(r.P999) }}
	columnMax      = Column{"max us", func(r Result) string { return micros(r.Max) }}
	columnOps      = Column{"ops/s", func(r Result) string { return fmt.Sprintf("%.0f", r.OpsPerSec) }}
	columnMB       = Column{"MB/s", throughput}
	columnCPU      = Column{"cpu us", func(r Result) string { return micros(r.CPUPerOp) }}
	columnSwitches = Column{"switches", func(r Result) string { return fmt.Sprintf("%.2f", r.SwitchesPerOp) }}
	columnWakeups  = Column{"wakeups", wakeups}

	columnPeak         = Column{"ops/s of one", func(r Result) string { return fmt.Sprintf("%.0f", r.Peak) }}
	columnPeakConc     = Column{"with", func(r Result) string { return fmt.Sprint(r.PeakConc) }}
	columnRatio        = Column{"ratio", func(r Result) string { return fmt.Sprintf("%.2f", r.Ratio) }}
	columnPeakCPU      = Column{"cpu of one", func(r Result) string { return micros(r.PeakCPUPerOp) }}
	columnPeakSwitches = Column{"switches of one", func(r Result) string { return fmt.Sprintf("%.2f", r.PeakSwitchesPerOp) }}
	columnFairness     = Column{"fairness", fairness}
)

// Columns are those of most tables. What cpu, switches and wakeups count is of one operation.
var Columns = []Column{columnP50, columnMean, columnP99, columnP999, columnOps, columnMB, columnCPU, columnSwitches, columnWakeups}

// PacedColumns are those of operations that come at a rate.
var PacedColumns = []Column{columnP50, columnMean, columnP90, columnP99, columnMax, columnOps, columnCPU, columnSwitches, columnWakeups}

// FanColumns are those of results that have a Fan.
var FanColumns = []Column{columnP50, columnP99, columnOps, columnPeak, columnPeakConc, columnRatio, columnFairness, columnCPU, columnPeakCPU, columnSwitches, columnPeakSwitches, columnWakeups}

// AllColumns are those that there are.
var AllColumns = []Column{columnP50, columnMean, columnP90, columnP99, columnP999, columnMax, columnOps, columnMB, columnCPU, columnSwitches, columnWakeups}

// Reference is the stack that the others are compared with where it was measured.
const Reference = "ubinder"

// Table writes the results of one case, size and concurrency.
func Table(w io.Writer, results []Result, cost Cost) error {
	if len(results) == 0 {
		return nil
	}
	base := reference(results)
	fmt.Fprintf(w, "\n%s\n", Title(base))
	columns := cost.Columns
	if columns == nil {
		columns = Columns
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(tw, "stack\t")
	for _, c := range columns {
		fmt.Fprintf(tw, "%s\t", c.Name)
	}
	fmt.Fprintf(tw, "%s / %s\t\n", cost.Name, base.Stack)
	for _, r := range results {
		fmt.Fprintf(tw, "%s\t", r.Stack)
		for _, c := range columns {
			fmt.Fprintf(tw, "%s\t", c.Text(r))
		}
		fmt.Fprintf(tw, "%.2f\t\n", cost.Of(r)/cost.Of(base))
	}
	return tw.Flush()
}

// Title names what all results of a table have in common.
func Title(r Result) string {
	return fmt.Sprintf("%s, %s, %d concurrent, pin %s", r.Case, Scale(r.Size, r.Unit), r.Conc, r.Pin)
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

func wakeups(r Result) string {
	if r.WakeupsPerOp == nil {
		return "-"
	}
	return fmt.Sprintf("%.2f", *r.WakeupsPerOp)
}

func fairness(r Result) string {
	if r.Fairness == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", r.Fairness)
}

// micros keeps three digits or so: a one-way message takes less than a microsecond.
func micros(ns int64) string {
	if ns < 10_000 {
		return fmt.Sprintf("%.2f", float64(ns)/1e3)
	}
	return fmt.Sprintf("%.1f", float64(ns)/1e3)
}
