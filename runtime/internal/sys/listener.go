package sys

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Listener accepts connections on a path.
type Listener struct {
	file *os.File
	raw  syscall.RawConn
	path string
	lock FD

	accepting sync.RWMutex
	closed    atomic.Bool
}

// Why nobody can listen on a path.
var (
	ErrInUse     = errors.New("another process is listening there")
	ErrNotSocket = errors.New("there is a file that is no socket")
)

// Listen makes a socket at path, readable and writable as mode says. A socket file that nobody
// listens on is replaced; a lock beside it keeps two that start together apart.
func Listen(path string, mode os.FileMode) (*Listener, error) {
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, err
	}
	l, err := listen(path, mode)
	if err != nil {
		lock.Close()
		return nil, err
	}
	l.lock = lock
	return l, nil
}

// lockFile takes a lock that ends with the process at the latest. The file stays.
func lockFile(path string) (FD, error) {
	n, err := unix.Open(path, unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return FD{}, &os.PathError{Op: "open", Path: path, Err: err}
	}
	fd := NewFD(n)
	if err := unix.Flock(n, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		fd.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return FD{}, ErrInUse
		}
		return FD{}, os.NewSyscallError("flock", err)
	}
	return fd, nil
}

// makePlace removes a socket that nobody listens on.
func makePlace(path string) error {
	c, err := Dial(path)
	if err == nil {
		c.Close()
		return ErrInUse
	}
	st, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case st.Mode().Type() != os.ModeSocket:
		return ErrNotSocket
	}
	return os.Remove(path)
}

func listen(path string, mode os.FileMode) (*Listener, error) {
	if err := makePlace(path); err != nil {
		return nil, err
	}
	n, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	fd := NewFD(n)
	if err := bindAndListen(n, path, mode); err != nil {
		fd.Close()
		return nil, err
	}
	f, raw, err := fd.polled(path)
	if err != nil {
		return nil, err
	}
	return &Listener{file: f, raw: raw, path: path}, nil
}

func bindAndListen(n int, path string, mode os.FileMode) error {
	if err := unix.Bind(n, &unix.SockaddrUnix{Name: path}); err != nil {
		return os.NewSyscallError("bind", err)
	}
	if err := os.Chmod(path, mode); err != nil {
		return err
	}
	return os.NewSyscallError("listen", unix.Listen(n, unix.SOMAXCONN))
}

// Accept waits for a connection, or until Close is called.
func (l *Listener) Accept() (*Conn, error) { return l.accept(l.raw.Read) }

// AcceptNow is Accept without waiting: ErrWouldBlock when nobody has connected.
func (l *Listener) AcceptNow() (*Conn, error) {
	return l.accept(func(fn func(fd uintptr) bool) error {
		return l.raw.Control(func(fd uintptr) { fn(fd) })
	})
}

func (l *Listener) accept(with func(func(fd uintptr) bool) error) (*Conn, error) {
	l.accepting.RLock()
	defer l.accepting.RUnlock()
	if l.closed.Load() {
		return nil, os.ErrClosed
	}
	var n int
	var err error
	waitErr := with(func(fd uintptr) bool {
		n, err = accept(int(fd))
		return err != unix.EAGAIN
	})
	switch {
	case waitErr != nil:
		return nil, waitErr
	case err == unix.EAGAIN:
		return nil, ErrWouldBlock
	case err != nil:
		return nil, os.NewSyscallError("accept4", err)
	}
	return NewConn(NewFD(n)), nil
}

// control calls fn, which does not wait, with the descriptor.
func (l *Listener) control(fn func(fd uintptr)) error { return l.raw.Control(fn) }

func accept(fd int) (int, error) {
	for {
		n, err := acceptNow(fd)
		if err != unix.EINTR && err != unix.ECONNABORTED {
			return n, err
		}
	}
}

// Close stops accepting. First it lets another listen on the path: to close the socket may take as long as those like
// who have connected, and sent files, and were not accepted. So it is Close that does it, and not Accept.
func (l *Listener) Close() error {
	if l.closed.Swap(true) {
		return os.ErrClosed
	}
	os.Remove(l.path)
	l.lock.Close()
	l.file.SetReadDeadline(time.Unix(1, 0))
	l.accepting.Lock() // whoever accepts leaves first
	open.Add(-1)
	l.accepting.Unlock()
	return l.file.Close()
}
