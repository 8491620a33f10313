package sys

import "golang.org/x/sys/unix"

// Unread is how many bytes of the next packet wait to be received.
func (c *Conn) Unread() (n int) {
	c.control(func(fd uintptr) { n, _ = unix.IoctlGetInt(int(fd), unix.TIOCINQ) })
	return n
}
