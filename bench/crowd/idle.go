package crowd

import (
	"fmt"
	"os"
	"strconv"
	"strings"
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
	for _, pid := range pids {
		threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		if err != nil {
			return a, err
		}
		for _, t := range threads {
			n, err := switchesOf(fmt.Sprintf("/proc/%d/task/%s/status", pid, t.Name()))
			if err != nil {
				return a, err
			}
			a.switches += n
		}
	}
	return a, nil
}

func switchesOf(path string) (sum int, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if key, value, _ := strings.Cut(line, ":"); strings.HasSuffix(key, "voluntary_ctxt_switches") {
			n, err := strconv.Atoi(strings.TrimSpace(value))
			if err != nil {
				return 0, fmt.Errorf("%s: %w", path, err)
			}
			sum += n
		}
	}
	return sum, nil
}
