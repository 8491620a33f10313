package sys

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Errors of a Conn, besides those of the kernel.
var (
	ErrWouldBlock = errors.New("the socket takes no more without blocking")
	ErrTruncated  = errors.New("packet is longer than the protocol allows")
	// ErrFilesLost comes with the packet's bytes, but none of its files.
	ErrFilesLost = errors.New("file descriptors were lost: this process has as many open as it may")
	// ErrFilesStuck ends a connection: its next packet has files again that were lost, and closing those before goes on.
	ErrFilesStuck = errors.New("closing files that there is no room for takes too long")
)

// IsHangup reports whether sending failed because one of the two ends is closed.
func IsHangup(err error) bool {
	return errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET) || errors.Is(err, unix.ENOTCONN) || errors.Is(err, os.ErrClosed)
}

// MaxFDs is how many descriptors one packet carries (the kernel's SCM_MAX_FD).
const MaxFDs = 253

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
	n, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	fd := NewFD(n)
	err = connect(n, path)
	if err == unix.EAGAIN { // others wait to be accepted: wait for a place among them
		if err = unix.SetNonblock(n, false); err == nil {
			err = connect(n, path)
		}
	}
	if err != nil {
		fd.Close()
		return nil, os.NewSyscallError("connect", err)
	}
	return NewConn(fd), nil
}

// connect connects a socket to a path. The file system on which that lies may take long, or hang: the Go scheduler is told.
func connect(fd int, path string) error {
	for {
		if err := unix.Connect(fd, &unix.SockaddrUnix{Name: path}); err != unix.EINTR {
			return err
		}
	}
}

// Send sends one packet with descriptors, which stay the caller's. ErrWouldBlock means that
// nothing was sent.
func (c *Conn) Send(b []byte, fds ...int) error { return c.sendNow(b, fds, len(fds) > 0) }

// SendMemory is Send of files that are shared memory, all of them: that takes no longer than without files.
func (c *Conn) SendMemory(b []byte, fds ...int) error { return c.sendNow(b, fds, false) }

func (c *Conn) sendNow(b []byte, fds []int, sockets bool) error {
	var oob []byte
	if len(fds) > 0 {
		oob = unix.UnixRights(fds...)
	}
	var sendErr error
	err := c.control(func(fd uintptr) { sendErr = send(int(fd), b, oob, sockets) })
	switch {
	case err != nil:
		return err
	case sendErr == unix.EAGAIN:
		return ErrWouldBlock
	}
	return os.NewSyscallError("sendmsg", sendErr)
}

// Shutdown ends the connection for both sides, and leaves it to Close to close what has come.
func (c *Conn) Shutdown() { c.control(func(fd uintptr) { shutdown(int(fd), unix.SHUT_RDWR) }) }

// ShutdownRead has who receives find the end, behind what has come.
func (c *Conn) ShutdownRead() { c.control(func(fd uintptr) { shutdown(int(fd), unix.SHUT_RD) }) }

// SendWait is Send, but waits for the socket to take the packet; it blocks its goroutine.
func (c *Conn) SendWait(b []byte, fds ...int) error {
	if err := c.Send(b, fds...); err != ErrWouldBlock {
		return err
	}
	oob := unix.UnixRights(fds...)
	var sendErr error
	err := c.write(func(fd uintptr) bool {
		sendErr = send(int(fd), b, oob, len(fds) > 0)
		return sendErr != unix.EAGAIN
	})
	if err != nil {
		return err
	}
	return os.NewSyscallError("sendmsg", sendErr)
}

func send(fd int, b, oob []byte, sockets bool) error {
	for {
		if err := sendmsg(fd, b, oob, sockets); err != unix.EINTR {
			return err
		}
	}
}

// Receive waits for one packet and fills b with it; it returns io.EOF when the peer is gone and
// everything that it sent has been received. The caller owns the descriptors, also those that come with an error.
func (c *Conn) Receive(b []byte) (n int, fds []FD, err error) {
	waitErr := c.read(func(fd uintptr) bool {
		n, fds, err = c.receive(int(fd), b)
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
	waitErr := c.read(func(fd uintptr) bool {
		err = c.receiveWith(int(fd), max, take)
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
	if e := c.control(func(fd uintptr) { err = c.receiveWith(int(fd), max, take) }); e != nil {
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

func (c *Conn) receiveWith(fd, max int, take func(b []byte, fds []FD, err error) error) error {
	b := buffers.Get().(*[]byte)
	defer buffers.Put(b)
	*b = slices.Grow((*b)[:0], max)[:max]
	n, fds, err := c.receive(fd, *b)
	if err == ErrWouldBlock {
		return err
	}
	return take((*b)[:n], fds, err)
}

// buffers are for packets and control messages that are being received.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// ReceiveNow is Receive without waiting: ErrWouldBlock when there is nothing.
func (c *Conn) ReceiveNow(b []byte) (n int, fds []FD, err error) {
	if e := c.control(func(fd uintptr) { n, fds, err = c.receive(int(fd), b) }); e != nil {
		return 0, nil, e
	}
	return n, fds, err
}

// Nap reports whether there is something to receive, or the connection is at its end. It waits for that as long as
// limit says, and keeps the thread and its processor from other goroutines meanwhile: see wait.BeginNap.
func (c *Conn) Nap(limit time.Duration) (ready bool) {
	c.control(func(fd uintptr) { ready = readableIn(int(fd), limit) })
	return ready
}

// WaitReadable calls ready, which must not block, whenever something may be there to receive, until
// it returns true or the connection is closed here.
func (c *Conn) WaitReadable(ready func() bool) error {
	return c.read(func(uintptr) bool { return ready() })
}

// controlSize is room for as many descriptors as a packet carries.
var controlSize = unix.CmsgSpace(MaxFDs * 4)

// receive looks at a packet, which opens its files here, and then takes it away, which therefore closes none: that might
// last. Only when there is no room for all files does it; then another goroutine makes that call.
func (c *Conn) receive(fd int, b []byte) (int, []FD, error) {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	*buffer = slices.Grow((*buffer)[:0], controlSize)[:controlSize]
	c.receiving.Lock()
	defer c.receiving.Unlock()
	n, control, flags, err := lookAtPacket(fd, b, *buffer)
	if err != nil {
		return 0, nil, err
	}
	if flags&unix.MSG_CTRUNC != 0 {
		return c.receiveLost(fd, n, control, flags)
	}
	if n > 0 || len(control) > 0 { // else it is the end
		takeAway(fd)
	}
	return received(n, control, flags)
}

func lookAtPacket(fd int, b, room []byte) (n int, control []byte, flags int, err error) {
	for {
		n, size, flags, err := recvmsg(fd, b, room, unix.MSG_PEEK)
		switch err {
		case nil:
			return n, room[:size], flags, nil
		case unix.EINTR:
		case unix.ECONNRESET: // it left without reading all; what it sent is still there
		case unix.EAGAIN:
			return 0, nil, 0, ErrWouldBlock
		default:
			return 0, nil, 0, os.NewSyscallError("recvmsg", err)
		}
	}
}

func takeAway(fd int) {
	err := error(unix.EINTR)
	for err == unix.EINTR || err == unix.ECONNRESET {
		_, _, _, err = recvmsg(fd, nil, nil, 0)
	}
}

func received(n int, oob []byte, flags int) (int, []FD, error) {
	fds, err := parseRights(oob)
	switch {
	case err != nil:
	case flags&unix.MSG_TRUNC != 0:
		err = ErrTruncated
	case n == 0 && len(fds) == 0:
		err = io.EOF
	}
	if err != nil {
		return 0, fds, err
	}
	return n, fds, nil
}

// maxLosing is how many packets of a connection may have files that were lost and are not closed yet. Each keeps a thread.
const maxLosing = 16

// receiveLost takes away a packet whose files there was no room for, all or some, and returns when it is away.
func (c *Conn) receiveLost(fd, n int, control []byte, flags int) (int, []FD, error) {
	fds, err := parseRights(control)
	if err != nil {
		return 0, fds, err
	}
	if c.losing.Add(1) > maxLosing {
		c.losing.Add(-1)
		return 0, fds, ErrFilesStuck
	}
	r := newRemoval()
	go c.routineLose(r, fd, fds)
	for !r.done() {
		runtime.Gosched()
	}
	if flags&unix.MSG_TRUNC != 0 {
		return 0, nil, ErrTruncated
	}
	return n, nil, ErrFilesLost
}

// routineLose uses fd only until r is done: then the socket may be closed.
func (c *Conn) routineLose(r *removal, fd int, fds []FD) {
	r.run(fd)
	CloseAll(fds)
	c.losing.Add(-1)
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
