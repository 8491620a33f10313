package bus_test

import (
	"os"
	"os/exec"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/bus"
	"ubinder/runtime/bus/linktest"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/internal/wait"
)

func TestLinkInProcess(t *testing.T) {
	linktest.Run(t, linktest.Implementation{Open: openInProcess})
}

func TestLinkInProcessInABubble(t *testing.T) {
	linktest.Run(t, linktest.Implementation{Open: openInProcess, In: synctest.Test})
}

func TestLinkBetweenGoroutines(t *testing.T) {
	linktest.Run(t, linktest.Implementation{Open: openShared})
}

func TestLinkBetweenProcesses(t *testing.T) {
	linktest.Run(t, linktest.Implementation{Open: openProcesses})
}

var left, right = &bus.Peer{ID: 1}, &bus.Peer{ID: 2}

func openInProcess(testing.TB) linktest.Pair {
	linkA, linkB := bus.Pair(left, right)
	a, b := linktest.NewDriver(), linktest.NewDriver()
	a.Attach(linkA)
	b.Attach(linkB)
	linkA.Start(a)
	linkB.Start(b)
	return linktest.Pair{A: a, B: b}
}

// openEnd makes a driver over conn; its result waits until the link is open. shake is OpenLink or AcceptLink.
func openEnd(conn *sys.Conn, peer *bus.Peer, shake func(bus.Opening)) func() (*linktest.Driver, error) {
	d := linktest.NewDriver()
	opened := make(chan error, 1)
	shake(bus.Opening{Conn: conn, Parker: new(wait.Futex), Peer: peer, Events: d, Registered: d.Attach,
		Opened: func(_ *bus.Link, err error) { opened <- err }})
	return func() (*linktest.Driver, error) { return d, <-opened }
}

func opens(mine *bus.Outbox) func(bus.Opening) {
	return func(o bus.Opening) { bus.OpenLink(o, mine) }
}

func accepts(theirs sys.FD) func(bus.Opening) {
	return func(o bus.Opening) { bus.AcceptLink(o, theirs) }
}

func socketpair(t testing.TB) (a, b sys.FD) {
	a, b, err := sys.Socketpair()
	require.NoError(t, err)
	return a, b
}

func connOf(t testing.TB, fd sys.FD) *sys.Conn {
	c := sys.NewConn(fd)
	return c
}

func openShared(t testing.TB) linktest.Pair {
	a, b := socketpair(t)
	mine, err := bus.NewOutbox()
	require.NoError(t, err)
	theirs, err := sys.Dup(mine.FD())
	require.NoError(t, err)
	openA, openB := openEnd(connOf(t, a), right, opens(mine)), openEnd(connOf(t, b), left, accepts(theirs))
	endA, err := openA()
	require.NoError(t, err)
	endB, err := openB()
	require.NoError(t, err)
	return linktest.Pair{A: endA, B: endB}
}

func openProcesses(t testing.TB) linktest.Pair {
	far := startFarEnd(t)
	t.Cleanup(func() {
		far.stdin.Close()
		require.NoError(t, far.cmd.Wait(), "the far end left something behind")
	})
	return linktest.Pair{A: far.near, B: far.remote}
}

// farEnd is a process with the other end of a link.
type farEnd struct {
	cmd    *exec.Cmd
	stdin  interface{ Close() error }
	near   *linktest.Driver
	remote *linktest.Remote
}

func startFarEnd(t testing.TB) *farEnd {
	here, there := socketpair(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"=far end", "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	socket := there.File("far end")
	defer socket.Close()
	mine, err := bus.NewOutbox()
	require.NoError(t, err)
	theirs, err := sys.Dup(mine.FD())
	require.NoError(t, err)
	outbox := theirs.File("outbox")
	defer outbox.Close()
	cmd.ExtraFiles = []*os.File{socket, outbox}
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	near, err := openEnd(connOf(t, here), right, opens(mine))()
	require.NoError(t, err)
	return &farEnd{cmd, in, near, linktest.NewRemote(out, in)}
}

// serveFarEnd is the child: it serves the link on file 3, asked for with the outbox on file 4, until standard input ends. It exits with 1
// when something of the link is left.
func serveFarEnd() int {
	conn := sys.NewConn(sys.NewFD(3))
	d, err := openEnd(conn, left, accepts(sys.NewFD(4)))()
	if err != nil {
		panic(err)
	}
	linktest.Serve(d, os.Stdin, os.Stdout)
	d.Do(linktest.Op{Do: linktest.CloseOwn})
	return leftOver()
}

// leftOver waits until this process has nothing open; it is 1 when that does not come about.
func leftOver() int {
	for range 1000 {
		if fds, maps := sys.Open(); fds == 0 && maps == 0 {
			return 0
		}
		time.Sleep(time.Millisecond)
	}
	fds, maps := sys.Open()
	println("left:", fds, "files,", maps, "mappings")
	return 1
}
