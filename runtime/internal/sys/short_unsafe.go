package sys

import (
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// System calls that neither wait nor take long, made without the Go scheduler's knowledge. To tell it of one wakes its
// monitor thread if the process was idle before, which then looks every 20 µs what the others do; and who is kept from
// running in one for that long loses its processor. Of those that may last, because a file of a stranger is closed, it is told.

// failed makes an error of a number, which may be zero.
func failed(e unix.Errno) error {
	if e == 0 {
		return nil
	}
	return e
}

// sendmsg sends a packet with control messages, of which there may be none. It does not wait. Of one with files that
// may be sockets the scheduler is told: with many sockets under way as files the kernel looks first which of them nobody
// can receive any more, and who sends sockets waits for that (net/unix/garbage.c). Before Linux 6.9 others wait too, but only
// while it looks.
func sendmsg(fd int, b, control []byte, sockets bool) error {
	iov := unix.Iovec{Base: unsafe.SliceData(b)}
	iov.SetLen(len(b))
	m := unix.Msghdr{Iov: &iov, Control: unsafe.SliceData(control)}
	m.SetIovlen(1)
	m.SetControllen(len(control))
	const flags = unix.MSG_NOSIGNAL | unix.MSG_DONTWAIT
	var e unix.Errno
	if sockets {
		_, _, e = unix.Syscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&m)), flags)
	} else {
		_, _, e = unix.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&m)), flags)
	}
	return failed(e)
}

// acceptNow takes a connection that waits.
func acceptNow(fd int) (int, error) {
	n, _, e := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), 0, 0, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0, 0)
	return int(n), failed(e)
}

// socketOption reads size bytes to where p points, and returns how many there are.
func socketOption(fd, option int, p unsafe.Pointer, size uintptr) (uintptr, error) {
	n := uint32(size)
	_, _, e := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, uintptr(option), uintptr(p), uintptr(unsafe.Pointer(&n)), 0)
	return uintptr(n), failed(e)
}

// shutdown ends directions of a socket.
func shutdown(fd, how int) { unix.RawSyscall(unix.SYS_SHUTDOWN, uintptr(fd), uintptr(how), 0) }

func memfdCreate(name string, flags int) (int, error) {
	p, err := unix.BytePtrFromString(name)
	if err != nil {
		return -1, err
	}
	n, _, e := unix.RawSyscall(unix.SYS_MEMFD_CREATE, uintptr(unsafe.Pointer(p)), uintptr(flags), 0)
	return int(n), failed(e)
}

func ftruncate(fd int, size int64) error {
	_, _, e := unix.RawSyscall(unix.SYS_FTRUNCATE, uintptr(fd), uintptr(size), 0)
	return failed(e)
}

func fcntl(fd, command, arg int) (int, error) {
	n, _, e := unix.RawSyscall(unix.SYS_FCNTL, uintptr(fd), uintptr(command), uintptr(arg))
	return int(n), failed(e)
}

func closeAtOnce(fd int) { unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) }

// getpriority returns what the system call does, 40 to 1, for the calling thread.
func getpriority() (int, error) {
	n, _, e := unix.RawSyscall(unix.SYS_GETPRIORITY, unix.PRIO_PROCESS, 0, 0)
	return int(n), failed(e)
}

func fstat(fd int, st *unix.Stat_t) error {
	_, _, e := unix.RawSyscall(unix.SYS_FSTAT, uintptr(fd), uintptr(unsafe.Pointer(st)), 0)
	return failed(e)
}

func fstatfs(fd int, st *unix.Statfs_t) error {
	_, _, e := unix.RawSyscall(unix.SYS_FSTATFS, uintptr(fd), uintptr(unsafe.Pointer(st)), 0)
	return failed(e)
}

// mmap maps a file from its beginning, or with fd -1 private memory. munmap ends that.
func mmap(fd, size, prot, flags int) ([]byte, error) {
	p, _, e := unix.RawSyscall6(unix.SYS_MMAP, 0, uintptr(size), uintptr(prot), uintptr(flags), uintptr(fd), 0)
	if e != 0 {
		return nil, e
	}
	return unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&p))), size), nil // p is no Go pointer
}

func madvise(b []byte, advice int) error {
	_, _, e := unix.RawSyscall(unix.SYS_MADVISE, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), uintptr(advice))
	return failed(e)
}

// shortMapping is more than an outbox.
const shortMapping = 16 << 20

// munmap takes as long as there are pages: of many the Go scheduler is told.
func munmap(b []byte) error {
	call := unix.RawSyscall
	if len(b) > shortMapping {
		call = unix.Syscall
	}
	_, _, e := call(unix.SYS_MUNMAP, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), 0)
	return failed(e)
}

// recvmsg receives a packet, or with MSG_PEEK looks at it. It does not wait. Files that control has no room for are
// closed; of a packet that is only looked at the queue still has them.
func recvmsg(fd int, b, control []byte, flags int) (n, controlSize, got int, err error) {
	iov := unix.Iovec{Base: unsafe.SliceData(b)}
	iov.SetLen(len(b))
	m := unix.Msghdr{Iov: &iov, Control: unsafe.SliceData(control)}
	m.SetIovlen(1)
	m.SetControllen(len(control))
	r, _, e := unix.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&m)), uintptr(flags)|unix.MSG_CMSG_CLOEXEC|unix.MSG_DONTWAIT)
	return int(r), int(m.Controllen), int(m.Flags), failed(e)
}

// readable reports whether there is something to read, or the end of a process to be told of.
func readable(fd int) bool { return readableIn(fd, 0) }

// readableIn is readable when that is so, or has not become so for as long as limit says, or a signal has come.
func readableIn(fd int, limit time.Duration) bool {
	p := unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
	t := unix.NsecToTimespec(int64(limit))
	n, _, e := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&t)), 0, 0, 0)
	return e == 0 && n > 0
}

// removal takes a packet out of a socket whose files were not opened, all or some: the kernel closes them before the
// call ends, which may last as long as who sent them likes. The Go scheduler is told.
type removal struct{ m unix.Msghdr }

// underWay is no flags that the kernel returns.
const underWay = -1

func newRemoval() *removal { return &removal{unix.Msghdr{Flags: underWay}} }

// run makes the call.
func (r *removal) run(fd int) {
	e := unix.EINTR
	for e == unix.EINTR || e == unix.ECONNRESET {
		_, _, e = unix.Syscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&r.m)), unix.MSG_DONTWAIT)
	}
	atomic.StoreInt32(&r.m.Flags, 0)
}

// done reports whether the packet is out, while run may still be at it: the kernel stores flags when it has taken the
// packet, and closes files on its way back.
func (r *removal) done() bool { return atomic.LoadInt32(&r.m.Flags) != underWay }
