package broker_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"ubinder/runtime/broker"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/brokerwire"
	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/status"
)

// Files that come with a connection and are not passed on are closed, and who closes them may wait for as long as
// they say: that is not who accepts connections.
func TestFilesThatAreSlowToCloseHoldUpNobodyElse(t *testing.T) {
	garbage, ask := []byte{1, 2, 3}, (&brokerwire.Packet{Kind: brokerwire.Find, Cookie: 1}).Append(nil)
	for name, packets := range map[string][][]byte{
		"of a hello":             {hello().Append(nil)},
		"of no hello":            {garbage},
		"of too much":            {make([]byte, 20000)},
		"of a request":           {hello().Append(nil), ask},
		"of what is no request":  {hello().Append(nil), garbage},
		"of a request too large": {hello().Append(nil), make([]byte, 20000)},
	} {
		t.Run(name, func(t *testing.T) {
			leaktest.Check(t)
			path := busPath(t)
			b, err := broker.Listen(broker.Config{Path: path})
			require.NoError(t, err)
			r, slow := dialRaw(t, path), newLingering(t)
			for _, packet := range packets[:len(packets)-1] {
				require.NoError(t, r.conn.SendWait(packet))
			}
			require.NoError(t, r.conn.SendWait(packets[len(packets)-1], slow.fd))
			unix.Close(slow.fd) // the broker's is the last
			served := make(chan error, 1)
			go func() { served <- b.Serve() }()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			c, err := bus.Dial(ctx, path, "", newMember())
			slow.end() // or the broker waits
			if err == nil {
				c.Close()
			}
			b.Close()
			require.NoError(t, <-served)
			require.NoError(t, err)
		})
	}
}

// What a process has sent and nobody has read is closed with its connection.
func TestAConnectionThatIsSlowToCloseHoldsUpNobodyElse(t *testing.T) {
	path := busPath(t)
	b, err := broker.Listen(broker.Config{Path: path})
	require.NoError(t, err)
	ask, slow := (&brokerwire.Packet{Kind: brokerwire.Find, Cookie: 1}).Append(nil), newLingering(t)
	early := dialRaw(t, path) // which has gone when it is welcomed
	early.send(hello())
	require.NoError(t, early.conn.SendWait(ask, slow.fd))
	early.conn.Close()
	unix.Close(slow.fd)
	served := make(chan error, 1)
	go func() { served <- b.Serve() }()
	t.Cleanup(func() {
		slow.end()
		b.Close()
		require.NoError(t, <-served)
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := bus.Dial(ctx, path, "", newMember())
	require.NoError(t, err)
	defer c.Close()

	busy := dialRaw(t, path) // whose goroutine in the broker waits for the first file, and does not see that it has gone
	busy.send(hello())
	welcome, err := busy.receive()
	require.NoError(t, err)
	for range 2 {
		slow, closed := newLingering(t), make(chan struct{})
		require.NoError(t, busy.conn.SendWait(ask, slow.fd))
		go func() { // the broker may have closed its own before: then it is this one that waits
			unix.Close(slow.fd)
			close(closed)
		}()
		t.Cleanup(func() {
			slow.end()
			<-closed
		})
	}
	busy.receive()
	busy.conn.Close()
	c.Introduce(ctx, welcome.ID)
	require.NoError(t, ctx.Err())
	d, err := bus.Dial(ctx, path, "", newMember())
	require.NoError(t, err)
	d.Close()
}

// Whatever the broker has been sent, and wherever that is, it does not keep the broker from ending, and the next one from
// beginning; what is left is told.
func TestCloseDoesNotWaitForEverForFiles(t *testing.T) {
	ask := (&brokerwire.Packet{Kind: brokerwire.Find, Cookie: 1}).Append(nil)
	for name, c := range map[string]struct {
		without, with int // packets, and files, one each with the last packets
		accepted      bool
	}{
		"not accepted": {0, 1, false},
		"of a hello":   {0, 1, true},
		"of a request": {1, 1, true},
		"unread":       {1, 2, true},
	} {
		t.Run(name, func(t *testing.T) {
			leaktest.Check(t)
			path := busPath(t)
			b, err := broker.Listen(broker.Config{Path: path})
			require.NoError(t, err)
			r := dialRaw(t, path)
			var slow []lingering
			for i := range c.without + c.with {
				packet, files := ask, []int(nil)
				if i == 0 {
					packet = hello().Append(nil)
				}
				if i >= c.without {
					slow = append(slow, newLingering(t))
					files = []int{slow[len(slow)-1].fd}
				}
				require.NoError(t, r.conn.SendWait(packet, files...))
				for _, f := range files {
					unix.Close(f) // the broker's is the last
				}
			}
			served := make(chan error, 1)
			if c.accepted {
				go func() { served <- b.Serve() }()
				require.Eventually(t, func() bool { return len(b.Usage().Connections) > 0 }, patience, tick)
			} else {
				served <- nil
			}
			broker.SetClosePatience(t, 50*time.Millisecond)
			err = b.Close()
			broker.SetClosePatience(t, patience)
			require.ErrorIs(t, err, status.Deadline)
			require.ErrorContains(t, err, "goroutines still wait for files")
			require.NoError(t, <-served)
			next, err := broker.Listen(broker.Config{Path: path})
			require.NoError(t, err)
			require.NoError(t, next.Close())
			for _, s := range slow {
				s.end()
			}
			require.NoError(t, b.Close(), "nothing is left")
		})
	}
}

// lingering is a socket that takes longer to close than any test, for it has sent what nobody reads.
type lingering struct {
	fd  int
	end func()
}

func newLingering(t *testing.T) lingering {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	at := l.Addr().(*net.TCPAddr)
	require.NoError(t, unix.Connect(fd, &unix.SockaddrInet4{Port: at.Port, Addr: [4]byte{127, 0, 0, 1}}))
	reader, err := l.Accept()
	require.NoError(t, err)
	for err == nil {
		_, err = unix.SendmsgN(fd, make([]byte, 1<<16), nil, nil, unix.MSG_DONTWAIT)
	}
	require.ErrorIs(t, err, unix.EAGAIN)
	require.NoError(t, unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: int32(10 * patience / time.Second)}))
	return lingering{fd, func() { reader.Close() }} // with data unread, which resets the connection
}
