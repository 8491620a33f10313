package sys

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Watcher tells of files that there is something to receive on them, beside who receives there: an epoll
// instance. Safe for concurrent use, but for Wait.
type Watcher struct {
	file *os.File
	raw  syscall.RawConn
	seen []unix.EpollEvent
}

// Watched is a Conn, a Listener, or the FD of a process.
type Watched interface {
	control(fn func(fd uintptr)) error
}

// NewWatcher makes a watcher of nothing.
func NewWatcher() (*Watcher, error) {
	n, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	f, raw, err := NewFD(n).polled("ubinder-watcher")
	if err != nil {
		return nil, err
	}
	watchers.Add(1)
	return &Watcher{f, raw, make([]unix.EpollEvent, 16)}, nil
}

// Close ends Wait. A nil watcher is none.
func (w *Watcher) Close() {
	if w != nil && w.file.Close() == nil {
		watchers.Add(-1)
		open.Add(-1)
	}
}

// Add begins to watch c, which Wait calls id. It is forgotten when c is closed.
func (w *Watcher) Add(c Watched, id uint64) error {
	return w.control(c, unix.EPOLL_CTL_ADD, unix.EPOLLET|unix.EPOLLIN, id)
}

// Remove ends Add. What Wait has returned already may still be of c.
func (w *Watcher) Remove(c Watched) error { return w.control(c, unix.EPOLL_CTL_DEL, 0, 0) }

// Arm has Wait tell once of what has come, or will come, on a connection that was added, and of its end. It fails when that
// has become quiet since, and is to be added again.
func (w *Watcher) Arm(c Watched, id uint64) error {
	return w.control(c, unix.EPOLL_CTL_MOD, unix.EPOLLET|unix.EPOLLIN, id)
}

// Disarm ends Arm. Wait may tell of the connection all the same, as of its end.
func (w *Watcher) Disarm(c Watched, id uint64) error {
	return w.control(c, unix.EPOLL_CTL_MOD, unix.EPOLLET, id)
}

func (w *Watcher) control(c Watched, op int, events uint32, id uint64) (err error) {
	event := unix.EpollEvent{Events: events, Fd: int32(id), Pad: int32(id >> 32)}
	closed := w.raw.Control(func(watcher uintptr) {
		closed := c.control(func(fd uintptr) { err = epollControl(watcher, op, fd, &event) })
		if closed != nil {
			err = closed
		}
	})
	if closed != nil {
		return closed
	}
	return err
}

// Wait appends to ids those connections that there is news of. It blocks its goroutine, not a thread. The error is
// that the watcher was closed.
func (w *Watcher) Wait(ids []uint64) ([]uint64, error) {
	err := w.raw.Read(func(watcher uintptr) bool {
		n := epollNow(watcher, w.seen)
		for _, e := range w.seen[:n] {
			ids = append(ids, uint64(uint32(e.Fd))|uint64(uint32(e.Pad))<<32)
		}
		return n > 0
	})
	return ids, err
}
