package cases

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Meter reads what the processes that take part have used since they began.
type Meter struct {
	PIDs    []int
	Wakeups func() (uint64, error) // nil: the stack does not count them
}

// Usage is what processes have used.
type Usage struct {
	CPU      time.Duration `json:"cpu"`
	Switches int           `json:"switches"` // context switches, of all threads
	Wakeups  uint64        `json:"wakeups"`  // sleepers that the stack has woken
	Counted  bool          `json:"counted"`  // Wakeups counts
}

func (u Usage) plus(o Usage) Usage {
	return Usage{u.CPU + o.CPU, u.Switches + o.Switches, u.Wakeups + o.Wakeups, o.Counted}
}

// since is what was used after o. Threads that have ended take their switches with them.
func (u Usage) since(o Usage) Usage {
	return Usage{u.CPU - o.CPU, max(u.Switches, o.Switches) - o.Switches, u.Wakeups - o.Wakeups, u.Counted}
}

// before and after read in opposite orders, so that what reading costs is not counted.
func (m Meter) before() (Usage, error) { return m.read(m.wakeups, m.switches, m.processorTime) }
func (m Meter) after() (Usage, error)  { return m.read(m.processorTime, m.switches, m.wakeups) }

func (m Meter) read(steps ...func(*Usage) error) (u Usage, err error) {
	for _, step := range steps {
		if err = step(&u); err != nil {
			break
		}
	}
	return u, err
}

func (m Meter) wakeups(u *Usage) (err error) {
	if m.Wakeups != nil {
		u.Counted = true
		u.Wakeups, err = m.Wakeups()
	}
	return err
}

func (m Meter) processorTime(u *Usage) (err error) {
	u.CPU, err = ProcessorTime(m.PIDs)
	return err
}

// ProcessorTime sums the user and system time of all threads of the processes, dead threads
// included, as the scheduler counts it in nanoseconds.
func ProcessorTime(pids []int) (sum time.Duration, err error) {
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

func (m Meter) switches(u *Usage) (err error) {
	u.Switches, err = ContextSwitches(m.PIDs)
	return err
}

// ContextSwitches sums those of the processes' threads, voluntary and not. The kernel tells them of
// threads that live.
func ContextSwitches(pids []int) (sum int, err error) {
	for _, pid := range pids {
		threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		if err != nil {
			return 0, err
		}
		for _, t := range threads {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/status", pid, t.Name()))
			if err != nil {
				continue // it has ended
			}
			n, err := switchesIn(string(text))
			if err != nil {
				return 0, fmt.Errorf("status of thread %s: %w", t.Name(), err)
			}
			sum += n
		}
	}
	return sum, nil
}

func switchesIn(status string) (sum int, err error) {
	for line := range strings.Lines(status) {
		if key, value, _ := strings.Cut(line, ":"); strings.HasSuffix(key, "voluntary_ctxt_switches") {
			n, err := strconv.Atoi(strings.TrimSpace(value))
			if err != nil {
				return 0, err
			}
			sum += n
		}
	}
	return sum, nil
}
