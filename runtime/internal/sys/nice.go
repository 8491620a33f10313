package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

// The nice values that the kernel knows, from most to least urgent.
const (
	MinNice = -20
	MaxNice = 19
)

// ThreadNice returns the nice value of the calling thread; Linux keeps one for each. The caller has
// locked its goroutine to the thread.
func ThreadNice() (int, error) {
	raw, err := getpriority()
	if err != nil {
		return 0, os.NewSyscallError("getpriority", err)
	}
	return 20 - raw, nil // the system call tells 40 to 1, so that it is no error
}

// SetThreadNice sets the nice value of the calling thread. A lower one takes CAP_SYS_NICE or
// RLIMIT_NICE.
func SetThreadNice(n int) error {
	return os.NewSyscallError("setpriority", unix.Setpriority(unix.PRIO_PROCESS, 0, n))
}
