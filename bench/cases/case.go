// Package cases says what is measured of every stack, and measures it.
package cases

import (
	"time"

	"ubinder/bench/report"
	"ubinder/bench/stack"
)

// Case is one way of using a stack.
type Case struct {
	Name  string
	About string
	// Scale counts what a step does, in place of -sizes and -conc; nil: they count.
	Scale *Scale
	// Payload is its size in a case with a Scale; 0: stack.NestedSize.
	Payload int
	// Slice is the shortest time in which a worker comes to its steps, for a value of the scale; nil: any.
	Slice func(scale int) time.Duration
	// Fan says that there are many clients or servers; nil: there is one of each.
	Fan *Fan
	// Ring is how many processes call each other in a ring; 0: a client calls a server.
	Ring int
	// Suits tells why a stack cannot take part, before it is started; nil: it can.
	Suits func(stack.Stack) error
	// Accept tells why a caller cannot take part.
	Accept func(stack.Caller) error
	// Step does one operation, records how long it took, and returns when it ended. Each worker
	// repeats it until its time is over.
	Step func(*Worker) (time.Time, error)
	// Confirm waits, still on the clock, until all that the steps began is done.
	Confirm func([]*Worker) error
	// Cost is what the table compares.
	Cost report.Cost
}

// Scale is what a case grows with.
type Scale struct {
	Unit   string
	Values []int
}

// All lists the cases.
func All() []Case {
	return []Case{syncCase, onewayCase, repeatCase, collectCase, pacedCase, nestedCase, nestedThreeCase, fanInCase, fanOutCase, fanOutOnewayCase}
}

// PayloadSize is that of a message, where size is what -sizes or the case's scale says.
func (c Case) PayloadSize(size int) int {
	switch {
	case c.Scale == nil:
		return size
	case c.Payload > 0:
		return c.Payload
	}
	return stack.NestedSize
}

// Find returns the case of that name.
func Find(name string) (Case, bool) {
	for _, c := range All() {
		if c.Name == name {
			return c, true
		}
	}
	return Case{}, false
}
