// Package lingertest has a file that is slow to close, as a hostile process may send one: who closes the last of its
// descriptors waits in the kernel for as long as its maker likes.
package lingertest

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// seconds is longer than a test takes.
const seconds = 200

// Socket returns a socket that takes longer to close than any test, for it has sent what nobody reads. The caller owns
// fd. end, which may be called again, ends that.
func Socket(t testing.TB) (fd int, end func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	at := l.Addr().(*net.TCPAddr)
	require.NoError(t, unix.Connect(fd, &unix.SockaddrInet4{Port: at.Port, Addr: [4]byte{127, 0, 0, 1}}))
	reader, err := l.Accept()
	require.NoError(t, err)
	for err == nil {
		_, err = unix.SendmsgN(fd, make([]byte, 1<<16), nil, nil, unix.MSG_DONTWAIT)
	}
	require.ErrorIs(t, err, unix.EAGAIN)
	require.NoError(t, unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: seconds}))
	return fd, func() { reader.Close() } // with data unread, which resets the connection
}
