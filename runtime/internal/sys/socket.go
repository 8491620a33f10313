package sys

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Errors of a Conn, besides those of the kernel.
var (
	ErrWouldBlock = errors.New("the socket takes no more without blocking")
	ErrTruncated  = errors.New("packet is longer than the protocol allows")
	// ErrFilesLost comes with the packet's bytes, but none of its files.
	ErrFilesLost = errors.New("file descriptors were lost: this process has as many open as it may")
)

// closedHere gives an error of a RawConn, which is none of package os, its name: no deadline is set for
// sending, so it is that the connection was closed.
func closedHere(err error) error { return fmt.Errorf("%w: %w", os.ErrClosed, err) }

// IsHangup reports whether sending failed because one of the two ends is closed.
func IsHangup(err error) bool {
	return errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET) || errors.Is(err, unix.ENOTCONN) || errors.Is(err, os.ErrClosed)
}

// MaxFDs is how many descriptors one packet carries (the kernel's SCM_MAX_FD).
const MaxFDs = 253

// Conn is a connected Unix socket that keeps packet boundaries (SOCK_SEQPACKET). Sending never
// blocks; receiving blocks its goroutine, not a thread. Safe for concurrent use.
type Conn struct {
	file *os.File
	raw  syscall.RawConn
}

// NewConn takes over fd.
func NewConn(fd FD) (*Conn, error) {
	if err := unix.SetNonblock(fd.Int(), true); err != nil {
		fd.Close()
		return nil, os.NewSyscallError("fcntl(O_NONBLOCK)", err)
	}
	open.Add(1)
	f := fd.File("ubinder-socket")
	raw, err := f.SyscallConn()
	if err != nil {
		f.Close()
		open.Add(-1)
		return nil, err
	}
	return &Conn{f, raw}, nil
}

// Close ends the connection for both sides and wakes receivers.
func (c *Conn) Close() error {
	err := c.file.Close()
	if err == nil {
		open.Add(-1)
	}
	return err
}

// Socketpair returns the two ends of a new connection.
func Socketpair() (a, b FD, err error) {
	p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return FD{}, FD{}, os.NewSyscallError("socketpair", err)
	}
	return NewFD(p[0]), NewFD(p[1]), nil
}

// Dial connects to the socket at path.
func Dial(path string) (*Conn, error) {
	n, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	fd := NewFD(n)
	for {
		err = unix.Connect(n, &unix.SockaddrUnix{Name: path})
		if err != unix.EINTR {
			break
		}
	}
	if err != nil {
		fd.Close()
		return nil, os.NewSyscallError("connect", err)
	}
	return NewConn(fd)
}

// Send sends one packet with descriptors, which stay the caller's. ErrWouldBlock means that
// nothing was sent.
func (c *Conn) Send(b []byte, fds ...int) error {
	var oob []byte
	if len(fds) > 0 {
		oob = unix.UnixRights(fds...)
	}
	var sendErr error
	err := c.raw.Control(func(fd uintptr) { sendErr = send(int(fd), b, oob) })
	switch {
	case err != nil:
		return closedHere(err)
	case sendErr == unix.EAGAIN:
		return ErrWouldBlock
	}
	return os.NewSyscallError("sendmsg", sendErr)
}

// SendWait is Send, but waits for the socket to take the packet; it blocks its goroutine.
func (c *Conn) SendWait(b []byte, fds ...int) error {
	var oob []byte
	if len(fds) > 0 {
		oob = unix.UnixRights(fds...)
	}
	var sendErr error
	err := c.raw.Write(func(fd uintptr) bool {
		sendErr = send(int(fd), b, oob)
		return sendErr != unix.EAGAIN
	})
	if err != nil {
		return closedHere(err)
	}
	return os.NewSyscallError("sendmsg", sendErr)
}

func send(fd int, b, oob []byte) error {
	for {
		_, err := unix.SendmsgN(fd, b, oob, nil, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
		if err != unix.EINTR {
			return err
		}
	}
}

// Receive waits for one packet and fills b with it; it returns io.EOF when the peer is gone and
// everything that it sent has been received. The caller owns the descriptors, also those that come with an error.
func (c *Conn) Receive(b []byte) (n int, fds []FD, err error) {
	waitErr := c.raw.Read(func(fd uintptr) bool {
		n, fds, err = receive(int(fd), b)
		return err != ErrWouldBlock
	})
	if waitErr != nil {
		return 0, nil, waitErr
	}
	return n, fds, err
}

// ReceiveWith is Receive into a buffer of max bytes that exists only when there is something: for who
// waits for long. take is given what Receive returns; the bytes are valid until it returns, and its
// error is ReceiveWith's.
func (c *Conn) ReceiveWith(max int, take func(b []byte, fds []FD, err error) error) (err error) {
	waitErr := c.raw.Read(func(fd uintptr) bool {
		err = receiveWith(int(fd), max, take)
		return err != ErrWouldBlock
	})
	if waitErr != nil {
		return take(nil, nil, waitErr)
	}
	return err
}

// ReceiveWithNow is ReceiveWith without waiting: take is not called, and the error is ErrWouldBlock, when
// there is nothing.
func (c *Conn) ReceiveWithNow(max int, take func(b []byte, fds []FD, err error) error) (err error) {
	if e := c.raw.Control(func(fd uintptr) { err = receiveWith(int(fd), max, take) }); e != nil {
		return take(nil, nil, e)
	}
	return err
}

// Receiver is ReceiveWith or ReceiveWithNow of a Conn.
type Receiver func(max int, take func(b []byte, fds []FD, err error) error) error

// ReceiveParsed returns what parse makes of a packet of at most max bytes, and its files, which the caller owns, also
// with an error: to close a stranger's file may take long. Files that were lost, since this process has too many open, are missing alone.
func ReceiveParsed[P any](receive Receiver, max int, parse func([]byte) (P, error)) (p P, files []FD, err error) {
	err = receive(max, func(b []byte, fds []FD, err error) error {
		files = fds
		if err == nil || errors.Is(err, ErrFilesLost) {
			p, err = parse(b)
		}
		return err
	})
	return p, files, err
}

func receiveWith(fd, max int, take func(b []byte, fds []FD, err error) error) error {
	b := buffers.Get().(*[]byte)
	defer buffers.Put(b)
	*b = slices.Grow((*b)[:0], max)[:max]
	n, fds, err := receive(fd, *b)
	if err == ErrWouldBlock {
		return err
	}
	return take((*b)[:n], fds, err)
}

// buffers are for packets and control messages that are being received.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// ReceiveNow is Receive without waiting: ErrWouldBlock when there is nothing.
func (c *Conn) ReceiveNow(b []byte) (n int, fds []FD, err error) {
	if e := c.raw.Control(func(fd uintptr) { n, fds, err = receive(int(fd), b) }); e != nil {
		return 0, nil, e
	}
	return n, fds, err
}

// SetReadDeadline ends waits for reading when t has come; the zero time takes that back.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.file.SetReadDeadline(t) }

// WaitReadable calls ready, which must not block, whenever something may be there to receive, until
// it returns true or the connection is closed here.
func (c *Conn) WaitReadable(ready func() bool) error {
	return c.raw.Read(func(uintptr) bool { return ready() })
}

// controlSize is room for as many descriptors as a packet carries.
var controlSize = unix.CmsgSpace(MaxFDs * 4)

func receive(fd int, b []byte) (int, []FD, error) {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	*buffer = slices.Grow((*buffer)[:0], controlSize)[:controlSize]
	oob := *buffer
	for {
		n, oobn, flags, _, err := unix.Recvmsg(fd, b, oob, unix.MSG_CMSG_CLOEXEC|unix.MSG_DONTWAIT)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.ECONNRESET: // it left without reading all; what it sent is still there
			continue
		case err == unix.EAGAIN:
			return 0, nil, ErrWouldBlock
		case err != nil:
			return 0, nil, os.NewSyscallError("recvmsg", err)
		}
		return received(n, oob[:oobn], flags)
	}
}

func received(n int, oob []byte, flags int) (int, []FD, error) {
	fds, err := parseRights(oob)
	switch {
	case err != nil:
	case flags&unix.MSG_TRUNC != 0:
		err = ErrTruncated
	case flags&unix.MSG_CTRUNC != 0:
		CloseAll(fds)
		return n, nil, ErrFilesLost
	case n == 0 && len(fds) == 0:
		err = io.EOF
	}
	if err != nil {
		return 0, fds, err
	}
	return n, fds, nil
}

func parseRights(oob []byte) ([]FD, error) {
	if len(oob) == 0 {
		return nil, nil
	}
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, fmt.Errorf("control message: %w", err)
	}
	var fds []FD
	for i := range messages {
		numbers, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			continue // some other kind; it carries nothing that we own
		}
		for _, n := range numbers {
			fds = append(fds, NewFD(n))
		}
	}
	return fds, nil
}
