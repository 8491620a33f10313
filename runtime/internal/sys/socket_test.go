package sys_test

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/internal/lingertest"
	"ubinder/runtime/internal/sys"
)

var newConn = sys.NewConn

func connections(t testing.TB) (a, b *sys.Conn) {
	leaktest.Check(t)
	fdA, fdB, err := sys.Socketpair()
	require.NoError(t, err)
	a = newConn(fdA)
	b = newConn(fdB)
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

func receive(t testing.TB, c *sys.Conn, size int) (string, []sys.FD) {
	b := make([]byte, size)
	n, fds, err := c.Receive(b)
	require.NoError(t, err)
	return string(b[:n]), fds
}

// quietConn is one that is quiet already.
func quietConn(fd sys.FD) *sys.Conn {
	before := fd.Int()
	c := sys.NewQuietConn(fd)
	for range sys.QuietAfter + 1 {
		c.WaitReadable(func() bool { return true })
	}
	if c.Number() == before {
		panic("it is not quiet")
	}
	return c
}

func TestAQuietConnIsLikeAnother(t *testing.T) {
	defer func() { newConn = sys.NewConn }()
	newConn = quietConn
	for name, test := range map[string]func(*testing.T){
		"packets": TestPacketsKeepTheirBoundariesAndFiles, "end": TestWhatWasSentBeforeTheEndIsReceived,
		"full": TestSendNeverBlocks, "deadline": TestCloseAndDeadlineEndAReceive, "users": TestCloseWhileOthersUseIt,
	} {
		t.Run(name, test)
	}
	t.Run("close", func(t *testing.T) {
		a, _ := connections(t)
		for a.Send([]byte{1}) == nil {
		}
		waited := make(chan error, 1)
		go func() { waited <- a.SendWait([]byte{2}) }()
		require.NoError(t, a.Close())
		require.ErrorIs(t, <-waited, os.ErrClosed)
	})
}

// TestAConnBecomesQuiet while it is used, unless there is no descriptor left; a watcher goes on to tell of it.
func TestAConnBecomesQuiet(t *testing.T) {
	for name, room := range map[string]int{"no descriptor": 0, "one": 1, "enough": 2} {
		t.Run(name, func(t *testing.T) {
			newConn = sys.NewQuietConn
			defer func() { newConn = sys.NewConn }()
			a, b := connections(t)
			w, err := sys.NewWatcher()
			require.NoError(t, err)
			defer w.Close()
			require.NoError(t, w.Add(a, 7))
			require.NoError(t, w.Disarm(a, 7))
			before, own := a.Number(), ownDescriptors()
			end := noRoom(t, room)
			for range sys.QuietAfter + 1 {
				require.NoError(t, b.Send([]byte("x")))
				s, _ := receive(t, a, 1)
				require.Equal(t, "x", s)
			}
			end()
			require.Equal(t, room == 2, a.Number() != before)
			require.Equal(t, own, ownDescriptors(), "what watches it is a watcher's")
			if w.Arm(a, 7) != nil {
				require.NotEqual(t, before, a.Number())
				require.NoError(t, w.Add(a, 7))
			}
			require.NoError(t, b.Send([]byte("y")))
			ids, err := w.Wait(nil)
			require.NoError(t, err)
			require.Equal(t, []uint64{7}, ids)
			require.NoError(t, a.Close())
			require.Equal(t, own-1, ownDescriptors())
		})
	}
}

func ownDescriptors() int64 {
	fds, _ := sys.Open()
	return fds - sys.Watchers()
}

func TestPacketsKeepTheirBoundariesAndFiles(t *testing.T) {
	a, b := connections(t)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	require.NoError(t, a.Send([]byte("one")))
	require.NoError(t, a.Send([]byte("two"), int(w.Fd()), int(r.Fd())))
	require.NoError(t, a.SendWait([]byte("three")))
	w.Close()
	s, fds := receive(t, b, 10)
	require.Equal(t, "one", s)
	require.Empty(t, fds)
	s, fds = receive(t, b, 10)
	require.Equal(t, "two", s)
	require.Len(t, fds, 2)
	flags, err := unix.FcntlInt(uintptr(fds[0].Int()), unix.F_GETFD, 0)
	require.NoError(t, err)
	require.NotZero(t, flags&unix.FD_CLOEXEC)
	end := fds[0].File("pipe")
	end.WriteString("through")
	end.Close()
	fds[1].Close()
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Equal(t, "through", string(got))
	s, _ = receive(t, b, 10)
	require.Equal(t, "three", s)
}

func TestMostFilesOfAPacket(t *testing.T) {
	a, b := connections(t)
	list := make([]int, sys.MaxFDs)
	require.NoError(t, a.Send([]byte{1}, list...))
	_, fds := receive(t, b, 1)
	require.Len(t, fds, sys.MaxFDs)
	sys.CloseAll(fds)
	require.ErrorIs(t, a.Send([]byte{1}, append(list, 0)...), unix.EINVAL)
}

func TestAPacketThatIsTooLong(t *testing.T) {
	a, b := connections(t)
	require.NoError(t, a.Send([]byte("12345"), 0))
	_, fds, err := b.Receive(make([]byte, 4))
	require.ErrorIs(t, err, sys.ErrTruncated)
	require.Len(t, fds, 1)
	sys.CloseAll(fds)
}

func TestFilesThatThereIsNoRoomFor(t *testing.T) {
	a, b := connections(t)
	require.NoError(t, a.Send([]byte("x"), 0, 1, 2))
	var old unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: old.Max}))
	buf := make([]byte, 4)
	n, fds, err := b.Receive(buf)
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &old))
	require.ErrorIs(t, err, sys.ErrFilesLost)
	require.Equal(t, "x", string(buf[:n]))
	require.Empty(t, fds)
}

// noRoom lets this process open n more files until the test has ended, or the result is called.
func noRoom(t testing.TB, n int) (end func()) {
	next, err := unix.Dup(0)
	require.NoError(t, err)
	require.NoError(t, unix.Close(next))
	var old unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(next + n), Max: old.Max}))
	end = sync.OnceFunc(func() { require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &old)) })
	t.Cleanup(end)
	return end
}

// To close a file may take as long as its maker likes. The kernel closes those that there is no room for: who receives
// does not wait for that, up to a number of packets, and who closes the connection neither.
func TestFilesThatThereIsNoRoomForMayBeSlowToClose(t *testing.T) {
	a, b := connections(t)
	const most = 16
	var ends []func()
	for range most + 1 {
		slow, end := lingertest.Socket(t)
		defer end()
		ends = append(ends, end)
		require.NoError(t, a.Send([]byte("x"), slow))
		require.NoError(t, unix.Close(slow)) // the one under way is the last
	}
	room := noRoom(t, 0)
	receiveLost := func() error {
		n, fds, err := b.Receive(make([]byte, 1))
		require.Empty(t, fds)
		require.Equal(t, errors.Is(err, sys.ErrFilesLost), n == 1)
		return err
	}
	for range most {
		require.ErrorIs(t, receiveLost(), sys.ErrFilesLost)
	}
	require.ErrorIs(t, receiveLost(), sys.ErrFilesStuck)
	room()
	for _, end := range ends[:most] {
		end()
	}
	require.Eventually(t, func() bool { return b.Losing() == 0 }, time.Minute, time.Millisecond)
	s, fds := receive(t, b, 1)
	require.Equal(t, "x", s)
	ends[most]()
	sys.CloseAll(fds)
}

// Files that there was room for are closed with those that there was not, and by the same goroutine.
func TestLostFilesLeaveNothingOpen(t *testing.T) {
	a, b := connections(t)
	slow, end := lingertest.Socket(t)
	defer end()
	require.NoError(t, a.Send([]byte("x"), 0, slow))
	require.NoError(t, unix.Close(slow))
	room := noRoom(t, 1)
	_, fds, err := b.Receive(make([]byte, 1))
	room()
	require.ErrorIs(t, err, sys.ErrFilesLost)
	require.Empty(t, fds)
	require.NoError(t, b.Close())
}

// Who closes a connection waits for the files that it was sent and that nobody has received; who waits for it does not.
func TestCloseAloneWaitsForFiles(t *testing.T) {
	a, b := connections(t)
	slow, end := lingertest.Socket(t)
	defer end()
	begun, leave, left := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		first := true
		left <- b.WaitReadable(func() bool {
			if first {
				close(begun)
				<-leave
			}
			first = false
			return false
		})
	}()
	<-begun
	require.NoError(t, a.Send([]byte("x"), slow))
	require.NoError(t, unix.Close(slow)) // the one under way is the last
	closed := make(chan error, 1)
	go func() { closed <- b.Close() }()
	for b.SetReadDeadline(time.Time{}) == nil {
		runtime.Gosched()
	}
	close(leave)
	require.ErrorIs(t, <-left, os.ErrClosed)
	_, _, err := b.ReceiveNow(nil)
	require.ErrorIs(t, err, os.ErrClosed)
	require.Empty(t, closed)
	end()
	require.NoError(t, <-closed)
}

func TestWhatWasSentBeforeTheEndIsReceived(t *testing.T) {
	a, b := connections(t)
	require.NoError(t, b.Send([]byte("last words"), 0))
	require.NoError(t, a.Send([]byte("never read"))) // the kernel then reports a reset first
	b.Close()
	s, fds := receive(t, a, 20)
	require.Equal(t, "last words", s)
	require.Len(t, fds, 1)
	sys.CloseAll(fds)
	for range 2 {
		_, _, err := a.Receive(make([]byte, 20))
		require.ErrorIs(t, err, io.EOF)
	}
	require.ErrorIs(t, a.Send([]byte{1}), unix.EPIPE)
}

func TestSendNeverBlocks(t *testing.T) {
	a, b := connections(t)
	n := 0
	for a.Send([]byte{1}) == nil {
		n++
	}
	require.ErrorIs(t, a.Send([]byte{1}), sys.ErrWouldBlock)
	waited := make(chan error, 1)
	go func() { waited <- a.SendWait([]byte{2}) }()
	for range n {
		receive(t, b, 1)
	}
	require.NoError(t, <-waited)
	s, _ := receive(t, b, 1)
	require.Equal(t, "\x02", s)
	_, _, err := b.ReceiveNow(make([]byte, 1))
	require.ErrorIs(t, err, sys.ErrWouldBlock)
}

func TestCloseAndDeadlineEndAReceive(t *testing.T) {
	a, _ := connections(t)
	ended := make(chan error, 1)
	wait := func() {
		_, _, err := a.Receive(make([]byte, 1))
		ended <- err
	}
	require.NoError(t, a.SetReadDeadline(time.Unix(1, 0)))
	go wait()
	require.ErrorIs(t, <-ended, os.ErrDeadlineExceeded)
	require.NoError(t, a.SetReadDeadline(time.Time{}))
	go wait()
	a.Close()
	require.Error(t, <-ended)
	require.Error(t, a.Close(), "closed already")
	require.Error(t, a.Send([]byte{1}))
}

// A socket that nobody has waited for yet is closed by the last who uses it.
func TestCloseWhileOthersUseIt(t *testing.T) {
	for range 200 {
		a, b := connections(t)
		require.NoError(t, a.Send([]byte("x"), 0))
		var users sync.WaitGroup
		for _, use := range []func(){
			func() { b.Send([]byte("y")) },
			func() {
				_, fds, _ := b.ReceiveNow(make([]byte, 1))
				sys.CloseAll(fds)
			},
			func() {
				for err := error(nil); err == nil; { // until it is closed
					var fds []sys.FD
					_, fds, err = b.Receive(make([]byte, 1))
					sys.CloseAll(fds)
				}
			},
			func() { require.NoError(t, b.Close()) },
		} {
			users.Go(use)
		}
		users.Wait()
		require.ErrorIs(t, b.Send([]byte("z")), os.ErrClosed)
		require.NoError(t, a.Close())
	}
}

func TestDialWaitsForAPlaceInTheQueue(t *testing.T) {
	leaktest.Check(t)
	path := filepath.Join(t.TempDir(), "socket")
	l, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(l)
	require.NoError(t, unix.Bind(l, &unix.SockaddrUnix{Name: path}))
	require.NoError(t, unix.Listen(l, 0)) // one waits
	var dialled sync.WaitGroup
	for range 3 {
		dialled.Go(func() {
			c, err := sys.Dial(path)
			require.NoError(t, err)
			require.NoError(t, c.Send([]byte("x")))
			_, _, err = c.Receive(make([]byte, 1))
			require.ErrorIs(t, err, io.EOF)
			c.Close()
		})
	}
	for range 3 {
		n, _, err := unix.Accept(l)
		require.NoError(t, err)
		c := sys.NewConn(sys.NewFD(n))
		s, _ := receive(t, c, 1)
		require.Equal(t, "x", s)
		c.Close()
	}
	dialled.Wait()
}

func TestListenAndDial(t *testing.T) {
	leaktest.Check(t)
	path := filepath.Join(t.TempDir(), "socket")
	_, err := sys.Dial(path)
	require.ErrorIs(t, err, fs.ErrNotExist)
	l, err := sys.Listen(path, 0o640)
	require.NoError(t, err)
	st, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o640), st.Mode().Perm())
	_, err = sys.Listen(path, 0o600)
	require.ErrorIs(t, err, sys.ErrInUse)
	there, err := sys.Dial(path)
	require.NoError(t, err)
	here, err := l.Accept()
	require.NoError(t, err)
	requireOwnCredentials(t, here)
	require.NoError(t, there.Send([]byte("hello")))
	s, _ := receive(t, here, 10)
	require.Equal(t, "hello", s)
	here.Close()
	there.Close()

	ended := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		ended <- err
	}()
	require.NoError(t, l.Close())
	require.Error(t, <-ended)
	require.NoFileExists(t, path)
	require.Error(t, l.Close())
}

func requireOwnCredentials(t *testing.T, c *sys.Conn) {
	cr, err := c.PeerCredentials()
	require.NoError(t, err)
	require.EqualValues(t, os.Getpid(), cr.PID)
	require.EqualValues(t, os.Geteuid(), cr.UID)
	require.EqualValues(t, os.Getegid(), cr.GID)
	groups, err := os.Getgroups()
	require.NoError(t, err)
	require.Len(t, cr.Groups, len(groups))
	exit, err := c.PeerExit()
	if errors.Is(err, unix.ENOPROTOOPT) {
		return
	}
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- exit.Wait() }()
	require.NoError(t, exit.Close())
	require.Error(t, <-ended, "this process lives")
}

func TestASocketThatNobodyServesIsReplaced(t *testing.T) {
	leaktest.Check(t)
	path := filepath.Join(t.TempDir(), "socket")
	n, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Bind(n, &unix.SockaddrUnix{Name: path}))
	unix.Close(n)
	_, err = sys.Dial(path)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	l, err := sys.Listen(path, 0o600)
	require.NoError(t, err)
	require.NoError(t, l.Close())
}

func TestWhatIsNotASocketStays(t *testing.T) {
	leaktest.Check(t)
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	_, err := sys.Listen(path, 0o600)
	require.ErrorIs(t, err, sys.ErrNotSocket)
	require.FileExists(t, path)
	_, err = sys.Listen(filepath.Join(path, "below"), 0o600)
	require.ErrorIs(t, err, unix.ENOTDIR)
}

func TestSocketsOfTheBusAreKnown(t *testing.T) {
	leaktest.Check(t)
	a, b, err := sys.Socketpair()
	require.NoError(t, err)
	defer sys.CloseAll([]sys.FD{a, b})
	require.True(t, sys.IsBusSocket(a.Int()))
	require.False(t, sys.IsBusSocket(0))
	require.False(t, sys.IsBusSocket(-1))
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "stream"))
	require.NoError(t, err)
	defer l.Close()
	f, err := l.(*net.UnixListener).File()
	require.NoError(t, err)
	defer f.Close()
	require.False(t, sys.IsBusSocket(int(f.Fd())))
}
