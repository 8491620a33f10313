package sys

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Listener accepts connections on a path.
type Listener struct {
	file *os.File
	raw  syscall.RawConn
	path string
}

// ErrInUse means that another process listens on the path.
var ErrInUse = errors.New("another process is listening there")

// Listen makes a socket at path, readable and writable as mode says. A socket file that nobody
// listens on is replaced.
func Listen(path string, mode os.FileMode) (*Listener, error) {
	if c, err := Dial(path); err == nil {
		c.Close()
		return nil, ErrInUse
	} else if errors.Is(err, unix.ECONNREFUSED) {
		os.Remove(path)
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
	open.Add(1)
	f := fd.File(path)
	raw, err := f.SyscallConn()
	if err != nil {
		f.Close()
		open.Add(-1)
		return nil, err
	}
	return &Listener{f, raw, path}, nil
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

// Accept waits for a connection.
func (l *Listener) Accept() (*Conn, error) {
	var n int
	var err error
	waitErr := l.raw.Read(func(fd uintptr) bool {
		n, _, err = unix.Accept4(int(fd), unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
		return err != unix.EAGAIN && err != unix.EINTR && err != unix.ECONNABORTED
	})
	if waitErr != nil {
		return nil, waitErr
	}
	if err != nil {
		return nil, os.NewSyscallError("accept4", err)
	}
	return NewConn(NewFD(n))
}

// Close stops accepting and removes the path.
func (l *Listener) Close() error {
	err := l.file.Close()
	if err == nil {
		open.Add(-1)
		os.Remove(l.path)
	}
	return err
}
