package crowd

import (
	"time"

	"ubinder/bench/cases"
)

// activity is what processes have done since they began.
type activity struct {
	cpu      time.Duration // user and system
	switches int           // of threads, voluntary and not
}

// activityOf looks from outside, so that the look is none of it.
func activityOf(pids []int) (a activity, err error) {
	if a.cpu, err = cases.ProcessorTime(pids); err != nil {
		return a, err
	}
	a.switches, err = cases.ContextSwitches(pids)
	return a, err
}
