package bus

import (
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/internal/ring"
	"ubinder/runtime/internal/shm"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/internal/wait"
	"ubinder/runtime/status"
)

// hostile is a peer that keeps to nothing: an outbox and an end of a socket in hand.
type hostile struct {
	t      testing.TB
	conn   *sys.Conn
	socket sys.FD // a duplicate of conn's
	fd     sys.FD // the outbox
	memory sys.Memory
	bell   sys.FD // the bells
	bells  sys.Memory
	out    shm.Region
	writer ring.Writer
}

// victim is the honest side. It drains, copies and frees whatever comes, as a program would.
type victim struct {
	link   *Link
	opened chan error
	hangup chan error

	mu   sync.Mutex
	got  int
	last error
	keep bool // messages are not freed
}

// attack makes both sides of a lane that the victim has asked for; nothing was sent. The peer's outbox has a
// header that is right.
func attack(t testing.TB) (*hostile, *victim) {
	leaktest.Check(t)
	here, there := connPair(t)
	return newHostile(t, there), newVictim(here)
}

// attackByAsking makes both sides of a lane that the peer has asked for, with an outbox.
func attackByAsking(t testing.TB, outbox func(h *hostile) int) (*hostile, *victim) {
	leaktest.Check(t)
	here, there := connPair(t)
	h := newHostile(t, there)
	fd, err := sys.Dup(outbox(h))
	require.NoError(t, err)
	v, o := opening(here)
	AcceptLink(o, fd)
	return h, v
}

// connPair returns an end of a socket for the victim, and the other.
func connPair(t testing.TB) (*sys.Conn, sys.FD) {
	here, there, err := sys.Socketpair()
	require.NoError(t, err)
	conn := sys.NewConn(here)
	return conn, there
}

// newHostile makes the peer over an end of a socket.
func newHostile(t testing.TB, socket sys.FD) *hostile {
	h := &hostile{t: t}
	var err error
	h.socket, err = sys.Dup(socket.Int())
	require.NoError(t, err)
	h.conn = sys.NewConn(socket)
	h.fd, h.memory, err = sys.CreateMemory("hostile", outboxSize)
	require.NoError(t, err)
	h.bell, h.bells, err = sys.CreateCommon("hostile", bellsSize)
	require.NoError(t, err)
	h.out = shm.Of(h.memory.Bytes())
	h.writer = newOutbox(h.memory.Bytes()).writer()
	t.Cleanup(h.close)
	return h
}

// newVictim makes the side of a lane that has asked for it.
func newVictim(conn *sys.Conn) *victim {
	v, o := opening(conn)
	mine, err := NewOutbox()
	if err != nil {
		panic(err)
	}
	OpenLink(o, mine)
	return v
}

func opening(conn *sys.Conn) (*victim, Opening) {
	v := &victim{opened: make(chan error, 1), hangup: make(chan error, 1)}
	return v, Opening{Conn: conn, Parker: new(wait.Futex), Peer: &Peer{ID: 66}, Events: v,
		Registered: func(l *Link) { v.link = l }, Opened: func(_ *Link, err error) { v.opened <- err }}
}

func (h *hostile) close() {
	h.hangUp()
	h.fd.Close()
	h.memory.Unmap()
	h.bell.Close()
	h.bells.Unmap()
}

func (h *hostile) hangUp() {
	h.conn.Close()
	h.socket.Close()
}

// send sends a packet; the victim may have gone already.
func (h *hostile) send(packet []byte, files ...int) { h.conn.SendWait(packet, files...) }

func (h *hostile) ring() { h.send([]byte{packetRing}) }

// shake does the handshake as an honest peer does.
func (h *hostile) shake(v *victim) {
	h.outbox()
	require.NoError(h.t, <-v.opened)
}

func (h *hostile) publish(descriptors ...Descriptor) {
	for i := range descriptors {
		h.writer.Put(&descriptors[i])
	}
	h.ring()
}

// Readable implements Events.
func (v *victim) Readable(l *Link) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var d Descriptor
	for {
		pos := l.Position()
		ok, err := l.Next(&d)
		if err != nil {
			v.last = err
			return
		}
		if !ok {
			break
		}
		v.got++
		if d.Kind <= KindReply && !v.keep {
			consume(l, &d, pos)
		}
	}
	l.Drained()
}

func consume(l *Link, d *Descriptor, pos uint64) {
	l.Entries(nil, d)
	l.Payload(make([]byte, d.Length), d)
	l.Free(d)
	if d.Files > 0 {
		fds, _ := l.Files(pos, int(d.Files))
		sys.CloseAll(fds)
	}
}

// Hangup implements Events.
func (v *victim) Hangup(_ *Link, err error) { v.hangup <- err }

// blames checks that the link has ended for what the peer did.
func blames(t testing.TB, err error, what string) {
	t.Helper()
	require.ErrorIs(t, err, status.Protocol)
	require.ErrorContains(t, err, "the peer broke the protocol")
	require.ErrorContains(t, err, what)
}

// bystanders are an honest lane of the same process.
type bystanders struct{ a, b *victim }

func standBy(t testing.TB) *bystanders {
	here, there := connPair(t)
	conn := sys.NewConn(there)
	mine, err := NewOutbox()
	require.NoError(t, err)
	theirs, err := sys.Dup(mine.FD())
	require.NoError(t, err)
	a, openA := opening(here)
	b, openB := opening(conn)
	OpenLink(openA, mine)
	AcceptLink(openB, theirs)
	s := &bystanders{a, b}
	require.NoError(t, <-s.a.opened)
	require.NoError(t, <-s.b.opened)
	t.Cleanup(func() {
		s.a.link.Close()
		<-s.a.hangup
		<-s.b.hangup
	})
	return s
}

// talk sends a message and a file both ways.
func (s *bystanders) talk(t testing.TB) {
	for _, pair := range [][2]*victim{{s.a, s.b}, {s.b, s.a}} {
		from, to := pair[0].link, pair[1]
		before := to.count()
		slot, err := from.Reserve(Need{Class: ClassCall, Size: 100})
		require.NoError(t, err)
		_, err = from.Post(&Descriptor{Kind: KindCall, Length: 100}, slot, []int{int(os.Stdin.Fd())})
		require.NoError(t, err)
		from.RingLooper()
		require.Eventually(t, func() bool { return to.count() == before+1 }, patience, tick)
		require.NoError(t, from.Err())
	}
}

// keepAll makes it free nothing.
func (v *victim) keepAll() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.keep = true
}

func (v *victim) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.got
}

func (v *victim) lastError() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.last
}
