package broker_test

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"ubinder/runtime/broker"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/brokerwire"
	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/internal/lingertest"
	"ubinder/runtime/internal/sys"
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

// Each connection that is slow to close keeps a thread of the broker, and a program ends that has too many of those: so it
// counts until it is closed, and those that do not count are closed one after the other.
func TestConnectionsThatAreSlowToCloseCount(t *testing.T) {
	const connections = 40
	path := busPath(t)
	b, err := broker.Listen(broker.Config{Path: path, MaxPerUser: 1})
	require.NoError(t, err)
	var ends []func()
	for range connections {
		r, slow := dialRaw(t, path), newLingering(t)
		ends = append(ends, slow.end)
		require.NoError(t, r.conn.SendWait([]byte("no hello")))
		require.NoError(t, r.conn.SendWait([]byte("unread"), slow.fd))
		r.conn.Close()
		unix.Close(slow.fd) // the broker's is the last
	}
	served := make(chan error, 1)
	go func() { served <- b.Serve() }()
	defer func() {
		for _, end := range ends {
			end()
		}
		require.NoError(t, b.Close())
		require.NoError(t, <-served)
	}()
	_, err = bus.Dial(t.Context(), path, "", newMember()) // which is the last to be accepted
	require.ErrorIs(t, err, status.Quota)
	require.Equal(t, 0, b.Usage().Greeting)
	threads, err := os.ReadDir("/proc/self/task")
	require.NoError(t, err)
	require.Less(t, len(threads), connections)
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

// lingering is a socket that takes longer to close than any test.
type lingering struct {
	fd  int
	end func()
}

func newLingering(t *testing.T) (l lingering) {
	l.fd, l.end = lingertest.Socket(t)
	return l
}

// What is sent on a lane before the other end of it was received is closed with that end, which the broker has. A signal
// would end the wait for that, as the scheduler sends them where it may.
func TestTheEndOfALaneThatIsSlowToCloseHoldsUpNobody(t *testing.T) {
	const alone = "asyncpreemptoff=1"
	if os.Getenv("GODEBUG") != alone {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		child := exec.CommandContext(ctx, os.Args[0], "-test.run=^"+t.Name()+"$")
		child.Env = append(os.Environ(), "GODEBUG="+alone)
		out, err := child.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return
	}
	path := busPath(t)
	serve(t, broker.Config{Path: path})
	asker, deaf := dialRaw(t, path), dialRaw(t, path)
	asker.send(hello())
	_, err := asker.receive()
	require.NoError(t, err)
	deaf.send(hello())
	welcome, err := deaf.receive()
	require.NoError(t, err)
	ask := (&brokerwire.Packet{Kind: brokerwire.Find}).Append(nil)
	for range 2000 { // the broker's socket is full of answers
		require.NoError(t, deaf.conn.SendWait(ask))
	}

	lane := asker.introduce(welcome.ID)
	slow, end := lingertest.Socket(t)
	defer end()
	require.NoError(t, lane.Send([]byte("x"), slow))
	require.NoError(t, unix.Close(slow))
	c, _ := join(t, path)
	deaf.conn.Close()
	_, _, err = lane.Receive(make([]byte, 1))
	require.Error(t, err, "the other end is being closed")
	runtime.GC() // waits for every thread that keeps its processor
	settle(t, c)
}

// introduce asks for a lane and returns its end.
func (r *raw) introduce(id uint64) *sys.Conn {
	fd, memory, err := sys.CreateMemory("outbox", outboxSize)
	require.NoError(r.t, err)
	defer memory.Unmap()
	defer fd.Close()
	ask := (&brokerwire.Packet{Kind: brokerwire.Introduce, Value: id}).Append(nil)
	require.NoError(r.t, r.conn.SendWait(ask, fd.Int()))
	var b [brokerwire.MaxSize]byte
	_, fds, err := r.conn.Receive(b[:])
	require.NoError(r.t, err)
	require.Len(r.t, fds, 1)
	lane := sys.NewConn(fds[0])
	r.t.Cleanup(func() { lane.Close() })
	return lane
}

// busyMember begins no handshake until it is told to.
type busyMember struct {
	*member
	begun chan struct{} // one for each
	goOn  chan struct{}
}

func (m *busyMember) Introduced(p *bus.Peer) (bus.Events, func(*bus.Link), func(*bus.Link, error)) {
	m.begun <- struct{}{}
	<-m.goOn
	return m.member.Introduced(p)
}

// What is sent on a lane before the other end of it was received is closed with the connection on which that end comes.
func TestTheEndOfAProcessDoesNotWaitForFiles(t *testing.T) {
	path := busPath(t)
	serve(t, broker.Config{Path: path})
	m := &busyMember{newMember(), make(chan struct{}, 2), make(chan struct{})}
	c, err := bus.Dial(t.Context(), path, "", m)
	require.NoError(t, err)
	var slow []lingering
	for i := range 2 { // of the first lane there is nothing to close before the handler has gone on, of the second there is
		r := dialRaw(t, path)
		r.send(hello())
		_, err = r.receive()
		require.NoError(t, err)
		lane, s := r.introduce(c.Self().ID), newLingering(t)
		slow = append(slow, s)
		require.NoError(t, lane.SendWait([]byte("x"), s.fd))
		require.NoError(t, unix.Close(s.fd))
		if i == 0 {
			<-m.begun
		}
	}
	closed := make(chan struct{})
	go func() {
		c.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(patience):
		t.Error("Close waits")
	}
	close(m.goOn)
	for _, s := range slow {
		s.end()
	}
	<-closed
}
