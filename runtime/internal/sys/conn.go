package sys

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Conn is a connected Unix socket that keeps packet boundaries (SOCK_SEQPACKET). Sending never
// blocks; receiving blocks its goroutine, not a thread. Safe for concurrent use.
//
// It is registered with the poller of the Go scheduler when somebody waits for it first: that takes several system
// calls, which who only sends, or receives what is there, need not wait for.
type Conn struct {
	fd      FD  // the socket, unless file has it
	quietIn int // waits until it is to be quiet; zero: it is, or is not to be

	mu     sync.Mutex
	idle   sync.Cond // nobody uses it any more
	number int       // of the descriptor
	users  int
	closed bool
	file   *os.File // the socket, or what watches it; nil until somebody waits
	raw    syscall.RawConn
	writer *os.File // a duplicate for who waits for room, where file is no socket; nil until somebody does

	receiving sync.Mutex // a packet is looked at, and then taken away
	losing    atomic.Int32
}

// NewConn takes over fd.
func NewConn(fd FD) *Conn {
	c := &Conn{fd: fd, number: fd.Int()}
	c.idle.L = &c.mu
	return c
}

// NewQuietConn is NewConn for a socket on which packets are sent again and again, and hardly ever waited for room. Go's
// poller asks of all that it has whether it can be written too, so that a thread of the sender wakes for each packet that the
// peer receives. When somebody has waited a number of times there is an epoll instance between that only tells of what comes.
func NewQuietConn(fd FD) *Conn {
	c := NewConn(fd)
	c.quietIn = quietAfter
	return c
}

// quietAfter is after how many waits that pays: at first it would keep who connects from more important things.
const quietAfter = 64

// control calls fn, which does not wait, with the descriptor, which stays open meanwhile.
func (c *Conn) control(fn func(fd uintptr)) error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return os.ErrClosed
	}
	c.users++
	c.mu.Unlock()
	defer c.unuse()
	fn(uintptr(c.number))
	return nil
}

func (c *Conn) unuse() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.users--; c.users == 0 && c.closed {
		c.idle.Signal()
	}
}

// waiting registers the socket with the poller, unless it is, and keeps it open until unuse.
func (c *Conn) waiting() (syscall.RawConn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, os.ErrClosed
	}
	if c.raw == nil {
		if err := c.register(); err != nil {
			return nil, err
		}
	}
	c.users++
	return c.raw, nil
}

// register is called with the lock held.
func (c *Conn) register() (err error) {
	if c.file == nil {
		if err := setNonblock(c.number); err != nil {
			return err
		}
		open.Add(1)
		c.file = c.fd.File("ubinder-socket")
	}
	c.raw, err = c.file.SyscallConn()
	return err
}

// noteRead has a socket become quiet when it is time.
func (c *Conn) noteRead() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.quietIn == 0 || c.users > 0 || c.file == nil || c.closed { // in use, its number must not change
		return
	}
	if c.quietIn--; c.quietIn == 0 {
		c.goQuiet()
	}
}

// goQuiet takes the socket from the poller, which takes closing a descriptor of it, and gives it a watcher instead. Where
// there is no descriptor left all stays as it is. It is called with the lock held.
func (c *Conn) goQuiet() {
	fd, err := Dup(c.number)
	if err != nil {
		return
	}
	watcher, err := watchIncoming(fd.Int())
	if err != nil {
		fd.CloseAtOnce()
		return
	}
	file, raw, err := watcher.polled("ubinder-watched-socket")
	if err != nil {
		fd.CloseAtOnce()
		return
	}
	c.file.Close()
	open.Add(-1)
	watchers.Add(1)
	c.fd, c.number, c.file, c.raw = fd, fd.Int(), file, raw
}

// isQuiet is whether file watches the socket, which fd has. The caller has the lock, or is Close.
func (c *Conn) isQuiet() bool { return c.file != nil && c.fd.Valid() }

// forRoom is what waits for room on a connection that is used: raw, where that is the socket.
func (c *Conn) forRoom(raw syscall.RawConn) (syscall.RawConn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.isQuiet():
		return raw, nil
	case c.closed:
		return nil, os.ErrClosed
	case c.writer != nil:
		return c.writer.SyscallConn()
	}
	fd, err := Dup(c.number)
	if err == nil {
		c.writer, raw, err = fd.polled("ubinder-socket")
	}
	return raw, err
}

// read calls fn, which does not wait, with the descriptor, now and when something may have come, until it returns true.
func (c *Conn) read(fn func(fd uintptr) bool) error {
	c.noteRead()
	raw, err := c.waiting()
	if err != nil {
		return err
	}
	defer c.unuse()
	return c.ended(raw.Read(func(uintptr) bool { return fn(uintptr(c.number)) }))
}

// write is read for when there may be room.
func (c *Conn) write(fn func(fd uintptr) bool) error {
	raw, err := c.waiting()
	if err != nil {
		return err
	}
	defer c.unuse()
	if raw, err = c.forRoom(raw); err != nil {
		return err
	}
	return c.ended(raw.Write(fn))
}

// ended returns the error of a wait: Close ends one as a deadline does.
func (c *Conn) ended(err error) error {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return fmt.Errorf("%w: %w", os.ErrClosed, err)
	}
	return err
}

// SetReadDeadline ends waits for reading when t has come; the zero time takes that back.
func (c *Conn) SetReadDeadline(t time.Time) error {
	if _, err := c.waiting(); err != nil {
		return err
	}
	defer c.unuse()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed { // whose deadline has to stay
		return os.ErrClosed
	}
	return c.file.SetReadDeadline(t)
}

// Close ends the connection for both sides: who waits leaves. When they have it closes the socket, and with it the files
// that have come and that nobody has received, which may take as long as who sent them likes: for Close alone.
func (c *Conn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return os.ErrClosed
	}
	c.closed = true
	for _, f := range []*os.File{c.file, c.writer} {
		if f != nil {
			f.SetDeadline(time.Unix(1, 0))
		}
	}
	for c.users > 0 {
		c.idle.Wait()
	}
	c.mu.Unlock()
	if c.isQuiet() {
		watchers.Add(-1)
	}
	var errs []error
	for _, f := range []*os.File{c.file, c.writer} {
		if f != nil {
			open.Add(-1)
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(append(errs, c.fd.Close())...)
}
