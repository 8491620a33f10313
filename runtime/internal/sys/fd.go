package sys

import (
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// Counts of what is open through this package, for leak checks.
var open, mappings, watchers atomic.Int64

// Open returns how many file descriptors and mappings this package owns now.
func Open() (fds, maps int64) { return open.Load(), mappings.Load() }

// Watchers is how many of the descriptors watch others: those of a Watcher, and of quiet connections.
func Watchers() int64 { return watchers.Load() }

// FD is a file descriptor with one owner, who closes it. The zero FD is none; copies share it.
type FD struct{ number *int32 }

// NewFD takes over n.
func NewFD(n int) FD {
	v := int32(n)
	open.Add(1)
	return FD{&v}
}

// Valid reports whether there is a descriptor.
func (f FD) Valid() bool { return f.number != nil && atomic.LoadInt32(f.number) >= 0 }

// Int returns the number, or -1.
func (f FD) Int() int {
	if f.number == nil {
		return -1
	}
	return int(atomic.LoadInt32(f.number))
}

// Close closes it; only the first call does something.
func (f FD) Close() error {
	n := f.Take()
	if n < 0 {
		return nil
	}
	return os.NewSyscallError("close", unix.Close(n))
}

// CloseAtOnce is Close of what is closed without delay: memory, and sockets on which no files wait to be received.
func (f FD) CloseAtOnce() {
	if n := f.Take(); n >= 0 {
		closeAtOnce(n)
	}
}

// Take gives the number away: the caller owns it from now on. It returns -1 when there is none.
func (f FD) Take() int {
	if f.number == nil {
		return -1
	}
	n := atomic.SwapInt32(f.number, -1)
	if n >= 0 {
		open.Add(-1)
	}
	return int(n)
}

// File gives the descriptor away as an *os.File.
func (f FD) File(name string) *os.File { return os.NewFile(uintptr(f.Take()), name) }

// control calls fn with the descriptor, which its owner does not close meanwhile.
func (f FD) control(fn func(fd uintptr)) error {
	if !f.Valid() {
		return os.ErrClosed
	}
	fn(uintptr(f.Int()))
	return nil
}

// Dup duplicates a number that somebody else owns.
func Dup(n int) (FD, error) {
	d, err := unix.FcntlInt(uintptr(n), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return FD{}, os.NewSyscallError("fcntl(F_DUPFD_CLOEXEC)", err)
	}
	return NewFD(d), nil
}

// polled gives the descriptor, which is closed on error, to Go's poller. Who closes the file counts it as open no more.
func (f FD) polled(name string) (*os.File, syscall.RawConn, error) {
	if err := setNonblock(f.Int()); err != nil {
		f.Close()
		return nil, nil, err
	}
	open.Add(1)
	file := f.File(name)
	raw, err := file.SyscallConn()
	if err != nil {
		file.Close()
		open.Add(-1)
		return nil, nil, err
	}
	return file, raw, nil
}

// setNonblock makes a file one that Go's poller takes.
func setNonblock(n int) error {
	flags, err := fcntl(n, unix.F_GETFL, 0)
	if err == nil && flags&unix.O_NONBLOCK == 0 {
		_, err = fcntl(n, unix.F_SETFL, flags|unix.O_NONBLOCK)
	}
	return os.NewSyscallError("fcntl(O_NONBLOCK)", err)
}

// CloseAll closes each of fds.
func CloseAll(fds []FD) {
	for _, f := range fds {
		f.Close()
	}
}
