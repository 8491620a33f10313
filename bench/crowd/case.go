// Package crowd measures what depends on how many processes are on a bus: what each costs while it does
// nothing, how long it takes to come and to meet another, and what a call costs beside others. Only ubinder takes
// part, with raw bytes.
//
// A crowd is a broker, a hub and leaves, which all are processes of the operating system. The hub's object
// is behind handle 0. A leaf opens as many connections as it is told; each is a process of the bus with
// nodes, lanes and loopers of its own.
package crowd

import (
	"context"
	"io"
	"time"

	"ubinder/bench/report"
)

// Case is one measurement.
type Case struct {
	Name  string
	About string
	Scale []int // values that it is run with; nil: it has no scale
	Run   func(context.Context, Options) (Table, error)
}

// Options are what all cases look at.
type Options struct {
	Duration time.Duration // of each measurement
	Scale    []int         // those of the case's values that are wanted
	CPU      int           // run.Unpinned, or the one CPU for all processes
	Progress func(text string)
}

// Table is the results of a case.
type Table interface {
	Lines(w io.Writer, m report.Machine) error // one JSON object a line, with m's fields
	Print(w io.Writer) error
}

// All lists the cases.
func All() []Case {
	return []Case{
		{"scale", "how long hello, introduction and call take, and what an idle process and an idle lane cost, with so many processes on the bus, and beside how many other lanes a call takes as long as by itself", scaleValues, scale},
		{"scale/handles", "what a call takes with so many handles held, exported, and both", handleValues, handles},
	}
}
