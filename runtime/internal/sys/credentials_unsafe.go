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
	ctlErr := c.control(func(fd uintptr) { cr, err = peerCredentials(int(fd)) })
	return cr, errors.Join(ctlErr, err)
}

func peerCredentials(fd int) (Credentials, error) {
	var u unix.Ucred
	if _, err := socketOption(fd, unix.SO_PEERCRED, unsafe.Pointer(&u), unsafe.Sizeof(u)); err != nil {
		return Credentials{}, os.NewSyscallError("getsockopt(SO_PEERCRED)", err)
	}
	cr := Credentials{PID: u.Pid, UID: u.Uid, GID: u.Gid}
	var err error
	if cr.Groups, err = peerGroups(fd); err != nil {
		return Credentials{}, err
	}
	cr.Label = peerLabel(fd)
	return cr, nil
}

// peerGroups reads SO_PEERGROUPS; the kernel answers ERANGE with the size it needs.
func peerGroups(fd int) ([]uint32, error) {
	for n := 16; n <= 65536; n *= 4 {
		groups := make([]uint32, n)
		size, err := socketOption(fd, unix.SO_PEERGROUPS, unsafe.Pointer(&groups[0]), uintptr(4*n))
		switch err {
		case nil:
			return groups[:size/4], nil
		case unix.ERANGE:
			continue
		case unix.ENOPROTOOPT, unix.ENODATA: // an older kernel, or a socket pair
			return nil, nil
		}
		return nil, os.NewSyscallError("getsockopt(SO_PEERGROUPS)", err)
	}
	return nil, fmt.Errorf("the peer has more than 65536 groups")
}

// peerLabel reads SO_PEERSEC, as peerGroups does.
func peerLabel(fd int) string {
	for n := 256; n <= 65536; n *= 4 {
		b := make([]byte, n)
		size, err := socketOption(fd, unix.SO_PEERSEC, unsafe.Pointer(&b[0]), uintptr(n))
		if err == nil {
			return strings.TrimRight(string(b[:size]), "\x00")
		}
		if err != unix.ERANGE {
			break
		}
	}
	return ""
}

// PeerPIDFD returns a descriptor for the peer's process that no other process can come to mean.
func (c *Conn) PeerPIDFD() (FD, error) {
	n := int32(-1)
	var err error
	ctlErr := c.control(func(fd uintptr) {
		_, err = socketOption(int(fd), unix.SO_PEERPIDFD, unsafe.Pointer(&n), unsafe.Sizeof(n))
	})
	if err = errors.Join(ctlErr, err); err != nil {
		return FD{}, os.NewSyscallError("getsockopt(SO_PEERPIDFD)", err)
	}
	return NewFD(int(n)), nil
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
