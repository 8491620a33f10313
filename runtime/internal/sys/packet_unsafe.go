package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls below never block, so the scheduler is not told of them. To tell it costs more than the switch: in
// a process that has been at rest it wakes the scheduler's monitor thread, which then looks some fifty times
// before it rests again.

// sendPacket sends b, and oob if there is any, as one packet.
func sendPacket(fd uintptr, b, oob []byte) error {
	vec := unix.Iovec{Base: unsafe.SliceData(b)}
	vec.SetLen(len(b))
	msg := unix.Msghdr{Iov: &vec, Iovlen: 1, Control: unsafe.SliceData(oob)}
	msg.SetControllen(len(oob))
	_, _, e := unix.RawSyscall(unix.SYS_SENDMSG, fd, uintptr(unsafe.Pointer(&msg)), unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
	if e != 0 {
		return e
	}
	return nil
}

// receivePacket receives one packet into b, and its control messages into oob.
func receivePacket(fd uintptr, b, oob []byte) (n, oobn, flags int, err error) {
	vec := unix.Iovec{Base: unsafe.SliceData(b)}
	vec.SetLen(len(b))
	msg := unix.Msghdr{Iov: &vec, Iovlen: 1, Control: unsafe.SliceData(oob)}
	msg.SetControllen(len(oob))
	r, _, e := unix.RawSyscall(unix.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(&msg)), unix.MSG_CMSG_CLOEXEC|unix.MSG_DONTWAIT)
	if e != 0 {
		return 0, 0, 0, e
	}
	return int(r), int(msg.Controllen), int(msg.Flags), nil
}
