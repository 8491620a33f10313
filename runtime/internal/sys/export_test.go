package sys

import "golang.org/x/sys/unix"

// Unread is how many bytes of the next packet wait to be received.
func (c *Conn) Unread() (n int) {
	c.control(func(fd uintptr) { n, _ = unix.IoctlGetInt(int(fd), unix.TIOCINQ) })
	return n
}

// SetFutex2 has FutexWait and FutexWake use the system calls of Linux 6.7, or not, and returns whether they did before.
func SetFutex2(on bool) (before bool) {
	before, futex2 = futex2, on
	return before
}

// Losing is how many packets have files that were lost and are not closed yet.
func (c *Conn) Losing() int { return int(c.losing.Load()) }

// QuietAfter is after how many waits a quiet connection is quiet.
const QuietAfter = quietAfter

// Number is that of the socket's descriptor.
func (c *Conn) Number() int { return c.number }
