package crowd

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"ubinder/bench/report"
)

type scaleTable []*ScaleResult

type handlesTable []*HandlesResult

// Lines implements Table.
func (t scaleTable) Lines(w io.Writer, m report.Machine) error { return report.Lines(w, m, t) }

// Lines implements Table.
func (t handlesTable) Lines(w io.Writer, m report.Machine) error { return report.Lines(w, m, t) }

// Print implements Table: a line for each figure, a column for each number of processes. Then calls beside other lanes, a
// line for each number of them and place.
func (t scaleTable) Print(w io.Writer) error {
	fmt.Fprintln(w, "\nscale: processes on one bus, and one that they call; times in us, memory in KiB")
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range scaleRows {
		fmt.Fprintf(tw, "%s\t", row.name)
		for _, r := range t {
			fmt.Fprintf(tw, row.format+"\t", row.of(r))
		}
		fmt.Fprintln(tw)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	return t.printLanes(w)
}

func (t scaleTable) printLanes(w io.Writer) error {
	fmt.Fprintln(w, "\nscale: a call of two processes, by itself and beside other lanes, in turns; p50 in us, and how much more than by itself")
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "other lanes\tof\talone\tthe others idle\tratio\tof CPU\tused lately\tratio\tof CPU\t")
	for _, r := range t {
		for _, place := range []struct {
			name  string
			times BesideLanes
		}{{"the called", r.ServerLanes}, {"the caller", r.ClientLanes}, {"both", r.BothLanes}} {
			b := place.times
			fmt.Fprintf(tw, "%d\t%s\t%.1f\t%.1f\t%.2f\t%.2f\t%.1f\t%.2f\t%.2f\t\n", r.Size, place.name, micros(b.Alone.P50),
				micros(b.Idle.P50), b.Idle.Ratio, b.Idle.CPURatio, micros(b.Used.P50), b.Used.Ratio, b.Used.CPURatio)
		}
	}
	return tw.Flush()
}

var scaleRows = []struct {
	name, format string
	of           func(*ScaleResult) any
}{
	{"processes", "%d", func(r *ScaleResult) any { return r.Size }},
	{"all come at once, each", "%.0f", func(r *ScaleResult) any { return micros(r.OpenAll) / float64(r.Size) }},
	{"all meet the hub at once, each", "%.0f", func(r *ScaleResult) any { return micros(r.MeetAll) / float64(r.Size) }},
	{"hello p50", "%.0f", func(r *ScaleResult) any { return micros(r.HelloP50) }},
	{"hello p99", "%.0f", func(r *ScaleResult) any { return micros(r.HelloP99) }},
	{"introduction p50", "%.0f", func(r *ScaleResult) any { return micros(r.IntroductionP50) }},
	{"introduction p99", "%.0f", func(r *ScaleResult) any { return micros(r.IntroductionP99) }},
	{"both p50", "%.0f", func(r *ScaleResult) any { return micros(r.ContactP50) }},
	{"both p99", "%.0f", func(r *ScaleResult) any { return micros(r.ContactP99) }},
	{"first call p50", "%.0f", func(r *ScaleResult) any { return micros(r.FirstCallP50) }},
	{"first call p99", "%.0f", func(r *ScaleResult) any { return micros(r.FirstCallP99) }},
	{"one that comes and leaves: CPU", "%.0f", func(r *ScaleResult) any { return micros(r.ContactCPU) }},
	{"context switches", "%.0f", func(r *ScaleResult) any { return r.ContactSwitches }},
	{"call over one lane p50", "%.1f", func(r *ScaleResult) any { return micros(r.CallP50) }},
	{"mean", "%.1f", func(r *ScaleResult) any { return micros(r.CallMean) }},
	{"p99", "%.1f", func(r *ScaleResult) any { return micros(r.CallP99) }},
	{"lanes for calls in turn", "%d", func(r *ScaleResult) any { return r.Lanes }},
	{"p50", "%.1f", func(r *ScaleResult) any { return micros(r.TurnP50) }},
	{"mean", "%.1f", func(r *ScaleResult) any { return micros(r.TurnMean) }},
	{"p99", "%.1f", func(r *ScaleResult) any { return micros(r.TurnP99) }},
	{"a process: heap", "%.1f", func(r *ScaleResult) any { return r.PerProcess.Heap / 1024 }},
	{"stacks", "%.1f", func(r *ScaleResult) any { return r.PerProcess.Stacks / 1024 }},
	{"goroutines", "%.1f", func(r *ScaleResult) any { return r.PerProcess.Goroutines }},
	{"threads", "%.2f", func(r *ScaleResult) any { return r.PerProcess.Threads }},
	{"files", "%.1f", func(r *ScaleResult) any { return r.PerProcess.Files }},
	{"a lane: shared memory", "%.1f", func(r *ScaleResult) any { return r.PerLane.Shared / 1024 }},
	{"heap", "%.1f", func(r *ScaleResult) any { return r.PerLane.Heap / 1024 }},
	{"stacks", "%.1f", func(r *ScaleResult) any { return r.PerLane.Stacks / 1024 }},
	{"goroutines", "%.1f", func(r *ScaleResult) any { return r.PerLane.Goroutines }},
	{"threads", "%.2f", func(r *ScaleResult) any { return r.PerLane.Threads }},
	{"files", "%.1f", func(r *ScaleResult) any { return r.PerLane.Files }},
	{"mappings", "%.1f", func(r *ScaleResult) any { return r.PerLane.Mappings }},
	{"idle: CPU of all, percent", "%.3f", func(r *ScaleResult) any { return 100 * r.Idle.CPU.Seconds() / r.Idle.For.Seconds() }},
	{"context switches a second", "%.1f", func(r *ScaleResult) any { return float64(r.Idle.Switches) / r.Idle.For.Seconds() }},
}

// Print implements Table: a line for each number of handles.
func (t handlesTable) Print(w io.Writer) error {
	fmt.Fprintln(w, "\nscale/handles: a call while so many handles are there, in turns with calls while they are not; p50 in us")
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "handles\theld by the caller\talone\tratio\tof CPU\texported by the called\talone\tratio\tof CPU\tthe caller's, of the called\talone\tratio\tof CPU\t")
	for _, r := range t {
		fmt.Fprintf(tw, "%d\t", r.Size)
		for _, b := range []BesideHandles{r.Held, r.Exported, r.Between} {
			fmt.Fprintf(tw, "%.1f\t%.1f\t%.2f\t%.2f\t", micros(b.Many.P50), micros(b.Alone.P50), b.Many.Ratio, b.Many.CPURatio)
		}
		fmt.Fprintln(tw)
	}
	return tw.Flush()
}

func micros(d time.Duration) float64 { return float64(d) / 1e3 }
