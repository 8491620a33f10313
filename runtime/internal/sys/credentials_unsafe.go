package sys

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Credentials is what the kernel says of the process at the other end of a socket, at the time it
// connected.
type Credentials struct {
	PID      int32
	UID, GID uint32
	Groups   []uint32
	Label    string // security label; empty without a security module
}

// PeerCredentials asks the kernel for the peer's credentials.
func (c *Conn) PeerCredentials() (Credentials, error) {
	var cr Credentials
	var err error
	ctlErr := c.raw.Control(func(fd uintptr) { cr, err = peerCredentials(int(fd)) })
	return cr, errors.Join(ctlErr, err)
}

func peerCredentials(fd int) (Credentials, error) {
	u, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return Credentials{}, os.NewSyscallError("getsockopt(SO_PEERCRED)", err)
	}
	cr := Credentials{PID: u.Pid, UID: u.Uid, GID: u.Gid}
	if cr.Groups, err = peerGroups(fd); err != nil {
		return Credentials{}, err
	}
	if label, err := unix.GetsockoptString(fd, unix.SOL_SOCKET, unix.SO_PEERSEC); err == nil {
		cr.Label = strings.TrimRight(label, "\x00")
	}
	return cr, nil
}

// peerGroups reads SO_PEERGROUPS; the kernel answers ERANGE with the size it needs.
func peerGroups(fd int) ([]uint32, error) {
	for n := uint32(16); n <= 65536; n *= 4 {
		groups := make([]uint32, n)
		size := n * 4
		_, _, e := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(&groups[0])), uintptr(unsafe.Pointer(&size)), 0)
		switch e {
		case 0:
			return groups[:size/4], nil
		case unix.ERANGE:
			continue
		case unix.ENOPROTOOPT, unix.ENODATA: // an older kernel, or a socket pair
			return nil, nil
		}
		return nil, os.NewSyscallError("getsockopt(SO_PEERGROUPS)", e)
	}
	return nil, fmt.Errorf("the peer has more than 65536 groups")
}

// PeerPIDFD returns a descriptor for the peer's process that no other process can come to mean.
func (c *Conn) PeerPIDFD() (FD, error) {
	n := -1
	var err error
	ctlErr := c.raw.Control(func(fd uintptr) {
		n, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PEERPIDFD)
	})
	if err = errors.Join(ctlErr, err); err != nil {
		return FD{}, os.NewSyscallError("getsockopt(SO_PEERPIDFD)", err)
	}
	return NewFD(n), nil
}

// IsBusSocket reports whether fd is a packet socket, as lanes and brokers use: such are not passed
// on in messages, because a socket in its own queue would never be freed.
func IsBusSocket(fd int) bool {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil || kind != unix.SOCK_SEQPACKET {
		return false
	}
	domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	return err == nil && domain == unix.AF_UNIX
}
