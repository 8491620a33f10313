package sys

import "golang.org/x/sys/unix"

// Yield lets other threads that wait for this CPU have it first. It returns at once when there are none.
// The Go scheduler does not know of it, as of a thread that the kernel preempts.
func Yield() { unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0) }
