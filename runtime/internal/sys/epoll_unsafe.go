package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

func epollControl(watcher uintptr, op int, fd uintptr, event *unix.EpollEvent) error {
	_, _, e := unix.RawSyscall6(unix.SYS_EPOLL_CTL, watcher, uintptr(op), fd, uintptr(unsafe.Pointer(event)), 0, 0)
	return failed(e)
}

// watchIncoming returns an epoll instance that can be read from when something comes on a socket, or its end.
func watchIncoming(fd int) (FD, error) {
	n, _, e := unix.RawSyscall(unix.SYS_EPOLL_CREATE1, unix.EPOLL_CLOEXEC, 0, 0)
	if e != 0 {
		return FD{}, e
	}
	watcher := NewFD(int(n))
	event := unix.EpollEvent{Events: unix.EPOLLET | unix.EPOLLIN | unix.EPOLLRDHUP}
	if err := epollControl(n, unix.EPOLL_CTL_ADD, uintptr(fd), &event); err != nil {
		watcher.CloseAtOnce()
		return FD{}, err
	}
	return watcher, nil
}

// epollNow fills events with what is ready, and returns how many are.
func epollNow(watcher uintptr, events []unix.EpollEvent) int {
	n, _, e := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, watcher, uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), 0, 0, 0)
	if e != 0 {
		return 0
	}
	return int(n)
}
