package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

func epollControl(watcher uintptr, op int, fd uintptr, event *unix.EpollEvent) error {
	_, _, e := unix.RawSyscall6(unix.SYS_EPOLL_CTL, watcher, uintptr(op), fd, uintptr(unsafe.Pointer(event)), 0, 0)
	return failed(e)
}

// epollNow fills events with what is ready, and returns how many are.
func epollNow(watcher uintptr, events []unix.EpollEvent) int {
	n, _, e := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, watcher, uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), 0, 0, 0)
	if e != 0 {
		return 0
	}
	return int(n)
}
