package sys

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// NudgeThreads has every thread of this process that sleeps on a futex begin its sleep anew, on the word that it chose
// itself: whoever shares a word can have the kernel move those that sleep on it to another (FUTEX_REQUEUE). The signal
// is the one by which Go preempts goroutines, which no program minds. It is slow.
func NudgeThreads() {
	threads, _ := os.ReadDir("/proc/self/task")
	for _, t := range threads {
		if id, err := strconv.Atoi(t.Name()); err == nil {
			unix.Tgkill(unix.Getpid(), id, unix.SIGURG)
		}
	}
}
