package sys

import (
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
)

// Conn is a connected Unix socket that keeps packet boundaries (SOCK_SEQPACKET). Sending never
// blocks; receiving blocks its goroutine, not a thread. Safe for concurrent use.
//
// It is registered with the poller of the Go scheduler when somebody waits for it first: that takes several system
// calls, which who only sends, or receives what is there, need not wait for.
type Conn struct {
	mu     sync.Mutex
	idle   sync.Cond // users is zero
	fd     FD        // until file has it
	users  int       // of fd
	closed bool
	file   *os.File // nil until somebody waits
	raw    syscall.RawConn

	receiving sync.Mutex // a packet is looked at, and then taken away
}

// NewConn takes over fd.
func NewConn(fd FD) *Conn {
	c := &Conn{fd: fd}
	c.idle.L = &c.mu
	return c
}

// control calls fn, which does not wait, with the descriptor, which stays open meanwhile.
func (c *Conn) control(fn func(fd uintptr)) error {
	raw, err := c.use()
	switch {
	case err != nil:
		return err
	case raw != nil:
		if err := raw.Control(fn); err != nil {
			return closedHere(err)
		}
		return nil
	}
	defer c.unuse()
	fn(uintptr(c.fd.Int()))
	return nil
}

// use keeps fd open until unuse, unless there is a RawConn, which does that by itself.
func (c *Conn) use() (syscall.RawConn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return nil, os.ErrClosed
	case c.raw == nil:
		c.users++
	}
	return c.raw, nil
}

func (c *Conn) unuse() {
	c.mu.Lock()
	c.users--
	last := c.users == 0
	closed := c.closed
	c.mu.Unlock()
	if last {
		c.idle.Broadcast()
	}
	if last && closed {
		c.fd.Close()
	}
}

// waiting registers the socket with the poller, unless it is.
func (c *Conn) waiting() (syscall.RawConn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.users > 0 && c.raw == nil && !c.closed {
		c.idle.Wait()
	}
	switch {
	case c.closed:
		return nil, os.ErrClosed
	case c.raw != nil:
		return c.raw, nil
	}
	if err := setNonblock(c.fd.Int()); err != nil {
		return nil, err
	}
	open.Add(1)
	c.file = c.fd.File("ubinder-socket")
	var err error
	c.raw, err = c.file.SyscallConn()
	return c.raw, err
}

// read calls fn, which does not wait, with the descriptor, now and when something may have come, until it returns true.
func (c *Conn) read(fn func(fd uintptr) bool) error {
	raw, err := c.waiting()
	if err != nil {
		return err
	}
	return raw.Read(fn)
}

// write is read for when there may be room.
func (c *Conn) write(fn func(fd uintptr) bool) error {
	raw, err := c.waiting()
	if err != nil {
		return err
	}
	if err := raw.Write(fn); err != nil {
		return closedHere(err)
	}
	return nil
}

// closedHere gives an error of a RawConn, which is none of package os, its name: no deadline is set for
// sending, so it is that the connection was closed.
func closedHere(err error) error { return fmt.Errorf("%w: %w", os.ErrClosed, err) }

// SetReadDeadline ends waits for reading when t has come; the zero time takes that back.
func (c *Conn) SetReadDeadline(t time.Time) error {
	if _, err := c.waiting(); err != nil {
		return err
	}
	return c.file.SetReadDeadline(t)
}

// Close ends the connection for both sides and wakes receivers. It does not wait for who uses it.
func (c *Conn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return os.ErrClosed
	}
	c.closed = true
	used, file := c.users > 0, c.file
	c.mu.Unlock()
	c.idle.Broadcast()
	switch {
	case used: // unuse closes it
		return nil
	case file == nil:
		return c.fd.Close()
	}
	open.Add(-1)
	return file.Close()
}
