package cases

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// ProcessorTime sums the user and system time of all threads of the processes, dead threads
// included, as the scheduler counts it in nanoseconds.
func ProcessorTime(pids []int) (time.Duration, error) {
	var sum time.Duration
	for _, pid := range pids {
		var ts unix.Timespec
		if err := unix.ClockGettime(processClock(pid), &ts); err != nil {
			return 0, fmt.Errorf("processor time of process %d: %w", pid, err)
		}
		sum += time.Duration(ts.Nano())
	}
	return sum, nil
}

// processClock is what clock_getcpuclockid(3) returns: the complement of the pid, and
// CPUCLOCK_SCHED.
func processClock(pid int) int32 { return int32(^pid<<3 | 2) }
