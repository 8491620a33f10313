package sys

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Epoll is a set of sockets for which one goroutine waits, without blocking a thread. A socket that has
// something to receive, or was hung up, is ready for as long as that is so.
type Epoll struct {
	file   *os.File
	raw    syscall.RawConn
	number int

	events [epollBatch]unix.EpollEvent // of the last Wait
	ready  int
	poll   func(uintptr) bool
}

// epollBatch is how many sockets one Wait returns at most.
const epollBatch = 64

// NewEpoll makes an empty set.
func NewEpoll() (*Epoll, error) {
	n, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	fd := NewFD(n)
	if err := unix.SetNonblock(n, true); err != nil { // without it package os blocks threads
		fd.Close()
		return nil, os.NewSyscallError("fcntl(O_NONBLOCK)", err)
	}
	open.Add(1)
	e := &Epoll{number: n, file: fd.File("ubinder-epoll")}
	e.poll = e.takeReady
	if e.raw, err = e.file.SyscallConn(); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

// Close ends the set and a Wait. No socket of it is muted any more.
func (e *Epoll) Close() error {
	err := e.file.Close()
	if err == nil {
		open.Add(-1)
	}
	return err
}

var longPast = time.Unix(1, 0)

// Interrupt ends the Wait that is under way, or the next one.
func (e *Epoll) Interrupt() { e.file.SetReadDeadline(longPast) }

// Wait blocks its goroutine until a socket is ready, and calls take with the number of each that is. Only one
// goroutine may be in it at a time.
func (e *Epoll) Wait(take func(number int32)) error {
	e.ready = 0
	err := e.raw.Read(e.poll)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		e.file.SetReadDeadline(time.Time{})
		err = nil
	}
	for i := range e.ready {
		take(e.events[i].Fd)
	}
	return err
}

// takeReady does not block, so the scheduler need not know of its system call.
func (e *Epoll) takeReady(fd uintptr) bool {
	for {
		n, _, err := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, fd, uintptr(unsafe.Pointer(&e.events[0])), epollBatch, 0, 0, 0)
		if err == unix.EINTR {
			continue
		}
		if err == 0 {
			e.ready = int(n)
		}
		return e.ready > 0
	}
}

// Member is a socket in a set.
type Member struct {
	conn   *Conn
	epoll  *Epoll
	number int32
	once   sync.Once
	mute   func(uintptr)
	unmute func(uintptr)
}

// Add puts c into the set, until it is closed; Wait tells it by its number.
func (e *Epoll) Add(c *Conn, number int32) (*Member, error) {
	m := &Member{conn: c, epoll: e, number: number}
	var err error
	ctlErr := c.raw.Control(func(fd uintptr) { err = m.control(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN) })
	if err = errors.Join(ctlErr, err); err != nil {
		return nil, os.NewSyscallError("epoll_ctl", err)
	}
	return m, nil
}

func (m *Member) control(op int, fd uintptr, events uint32) error {
	return unix.EpollCtl(m.epoll.number, op, int(fd), &unix.EpollEvent{Events: events, Fd: m.number})
}

// Mute keeps the set from telling that there is something to receive, until Unmute; hang-ups it tells. The
// set is not closed.
func (m *Member) Mute() {
	m.once.Do(func() {
		m.mute = func(fd uintptr) { m.control(unix.EPOLL_CTL_MOD, fd, 0) }
		m.unmute = func(fd uintptr) { m.control(unix.EPOLL_CTL_MOD, fd, unix.EPOLLIN) }
	})
	m.conn.raw.Control(m.mute)
}

// Unmute ends Mute: what came meanwhile and was not received is told now.
func (m *Member) Unmute() { m.conn.raw.Control(m.unmute) }
