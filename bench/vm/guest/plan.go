// Package guest is what runs inside the virtual machine: its first process, and the two ends of each
// measurement.
package guest

import "slices"

// Plan is what to measure. The host writes it to PlanFile of the image as JSON.
type Plan struct {
	Stacks []string `json:"stacks"`
	Sizes  []int    `json:"sizes"`
}

// Count is one result, printed by the guest as a line of JSON.
type Count struct {
	Stack        string `json:"stack"`
	Size         int    `json:"size"`
	Instructions int64  `json:"instructions"` // of the median round trip
}

// Files of the image.
const (
	PlanFile   = "/plan.json"
	PeersFile  = "/peers"           // the mechanisms in C
	ModuleFile = "/binder_linux.ko" // the kernel's driver
)

// Driver is the stack that the others are compared with.
const Driver = "kernel-binder"

// MaxSize is the largest request.
const MaxSize = 256 << 10

// Command is the argument that makes the program one end of a measurement.
const Command = "guest"

var (
	inC  = []string{Driver, "seqpacket", "futex"}
	inGo = []string{"ubinder", "ubinder-raw"}
)

// Stacks lists what can be measured.
func Stacks() []string { return slices.Concat(inC, inGo) }

// Known reports whether there is such a stack.
func Known(stack string) bool { return slices.Contains(Stacks(), stack) }

// roundTrips is how many are counted: the median does not change with more.
func roundTrips(size int) int {
	if size > 16<<10 {
		return 500
	}
	return 3000
}

const warmUp = 1000
