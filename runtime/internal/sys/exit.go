package sys

import (
	"os"
	"syscall"
)

// Exit tells when the process at the other end of a socket has ended.
type Exit struct {
	file *os.File
	raw  syscall.RawConn
}

// PeerExit watches the process that made the connection (SO_PEERPIDFD, Linux 6.5).
func (c *Conn) PeerExit() (*Exit, error) {
	fd, err := c.PeerPIDFD()
	if err != nil {
		return nil, err
	}
	f, raw, err := fd.polled("ubinder-pidfd")
	if err != nil {
		return nil, err
	}
	return &Exit{f, raw}, nil
}

// Wait blocks its goroutine, not a thread, until the process has ended; then it returns nil. Close
// makes it return an error.
func (e *Exit) Wait() error {
	return e.raw.Read(func(fd uintptr) bool { return readable(int(fd)) })
}

// Close ends the watch.
func (e *Exit) Close() error {
	err := e.file.Close()
	if err == nil {
		open.Add(-1)
	}
	return err
}
