package bus

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// sendEmpty sends files with no byte at all, which takes a system call by hand: the wrappers add one.
func (h *hostile) sendEmpty(files ...int) {
	oob := unix.UnixRights(files...)
	m := unix.Msghdr{Control: &oob[0], Controllen: uint64(len(oob))}
	if _, _, e := unix.Syscall(unix.SYS_SENDMSG, uintptr(h.socket.Int()), uintptr(unsafe.Pointer(&m)), 0); e != 0 {
		h.t.Fatal(e)
	}
}
