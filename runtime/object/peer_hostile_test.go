package object_test

import (
	"encoding/binary"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/bus"
	"ubinder/runtime/internal/brokerwire"
	"ubinder/runtime/internal/ring"
	"ubinder/runtime/internal/shm"
	"ubinder/runtime/internal/sys"
)

// An outbox as PROTOCOL.md has it, section 3.
const (
	headerSize     = 36864
	offTail        = 0x040
	offDrained     = 0x080
	offAcks        = 0x0c0
	offArmed       = 0x140
	offAttended    = 0x1b8
	offCallerArmed = 0x1c0
	offAckRing     = 0x3c0
	offRing        = 0xbc0
	offProgress    = 0x8bc0
	offFollowing   = 0x8c00
	ringSize       = 512

	// Of the bells, the half that who has asked for the lane rings.
	bellsSize     = 4096
	offBell       = bellsSize / 2
	offCallerBell = offBell + 0x080
)

// peer is a process that keeps to nothing: a connection to the broker, and for each process that it
// meets an outbox and an end of a socket in hand. It is written from PROTOCOL.md alone.
type peer struct {
	t      testing.TB
	broker *sys.Conn
	id     uint64
	lanes  []*peerLane
	files  []int // of many kinds, to send
	own    []func()
	work   sync.WaitGroup // what changes memory while it is read
}

// peerLane is the peer's side of a lane.
type peerLane struct {
	id       uint64    // of the victim
	conn     *sys.Conn // nil: the broker has introduced nobody
	fd       sys.FD    // the outbox
	memory   sys.Memory
	out, seg shm.Region
	writer   ring.Writer
	theirs   sys.Memory
	in       shm.Region // zero until the victim's outbox has come
	reader   ring.Reader
	shared   sys.Memory
	bells    shm.Region // zero until they have come
	closed   bool
	filler   int // where the next slot lies
}

func joinPeer(t testing.TB, path string) *peer {
	p := &peer{t: t}
	var err error
	p.broker, err = sys.Dial(path)
	require.NoError(t, err)
	hello := brokerwire.Packet{Kind: brokerwire.Hello, Value: brokerwire.Magic, Code: brokerwire.Version, Text: "hostile"}
	require.NoError(t, p.broker.Send(hello.Append(nil)))
	welcome, fds := p.hear(brokerwire.Welcome)
	sys.CloseAll(fds)
	p.id = welcome.ID
	p.collectFiles()
	return p
}

// hear waits for a packet of one of some kinds from the broker.
func (p *peer) hear(kinds ...brokerwire.Kind) (brokerwire.Packet, []sys.FD) {
	p.broker.SetReadDeadline(time.Now().Add(killPatience))
	for {
		var b [brokerwire.MaxSize]byte
		n, fds, err := p.broker.Receive(b[:])
		require.NoError(p.t, err)
		packet, err := brokerwire.Parse(b[:n])
		require.NoError(p.t, err)
		if slices.Contains(kinds, packet.Kind) {
			return packet, fds
		}
		sys.CloseAll(fds)
	}
}

// collectFiles opens one file of each kind that somebody might send.
func (p *peer) collectFiles() {
	add := func(fd int, err error) {
		require.NoError(p.t, err)
		p.files = append(p.files, fd)
		p.own = append(p.own, func() { syscall.Close(fd) })
	}
	const pathOnly = 0x200000 // O_PATH
	for _, flags := range []int{syscall.O_RDONLY, syscall.O_RDONLY | syscall.O_DIRECTORY, pathOnly} {
		path := "/dev/null"
		if flags&syscall.O_DIRECTORY != 0 {
			path = os.TempDir()
		}
		add(syscall.Open(path, flags|syscall.O_CLOEXEC, 0))
	}
	var pipe [2]int
	require.NoError(p.t, syscall.Pipe2(pipe[:], syscall.O_CLOEXEC))
	add(pipe[0], nil)
	add(pipe[1], nil)
	for _, kind := range []int{syscall.SOCK_STREAM, syscall.SOCK_DGRAM, syscall.SOCK_SEQPACKET} {
		pair, err := syscall.Socketpair(syscall.AF_UNIX, kind|syscall.SOCK_CLOEXEC, 0)
		add(pair[0], err)
		add(pair[1], err)
	}
	f, err := os.CreateTemp("", "unsealed")
	require.NoError(p.t, err)
	os.Remove(f.Name())
	require.NoError(p.t, f.Truncate(headerSize))
	p.files = append(p.files, int(f.Fd()))
	p.own = append(p.own, func() { f.Close() })
	memory, err := sys.CreateBulkFile("peer", 1<<15)
	require.NoError(p.t, err)
	p.own = append(p.own, memory.Close)
	fd, err := memory.Seal()
	require.NoError(p.t, err)
	p.files = append(p.files, fd)
}

// newLane makes what the peer needs for a lane to a process; nobody knows of it yet.
func (p *peer) newLane(id uint64) *peerLane {
	l := &peerLane{id: id}
	var err error
	l.fd, l.memory, err = sys.CreateMemory("hostile", headerSize+bus.SegmentSize)
	require.NoError(p.t, err)
	l.out, l.seg = shm.Of(l.memory.Bytes()[:headerSize]), shm.Of(l.memory.Bytes()[headerSize:])
	l.out.Uint64(0x000).Store(0x6c616e65646e6275)
	for i, v := range []uint32{1, ringSize, 192, 128} { // version, ring size, message credit, callers
		l.out.Uint32(0x008 + 4*i).Store(v)
	}
	l.out.Uint64(0x018).Store(bus.SegmentSize)
	l.writer = ring.NewWriter(l.out, offRing, ringSize, offTail)
	p.lanes = append(p.lanes, l)
	return l
}

// ask asks the broker for a lane, with files; it may refuse.
func (p *peer) ask(l *peerLane, files ...int) {
	ask := brokerwire.Packet{Kind: brokerwire.Introduce, Value: l.id, Cookie: 1}
	require.NoError(p.t, p.broker.Send(ask.Append(nil), files...))
	answer, fds := p.hear(brokerwire.Introduction, brokerwire.Error)
	if answer.Kind == brokerwire.Error {
		return
	}
	require.Len(p.t, fds, 1)
	l.conn = sys.NewConn(fds[0])
}

// meet has the broker introduce the peer to a process, which then has its outbox.
func (p *peer) meet(l *peerLane) {
	p.ask(l, l.fd.Int())
	require.NotNil(p.t, l.conn)
}

// shake meets a process and does the handshake as an honest peer does.
func (p *peer) shake(l *peerLane) {
	p.meet(l)
	l.conn.SetReadDeadline(time.Now().Add(killPatience))
	var b [16]byte
	n, fds, err := l.conn.Receive(b[:])
	require.NoError(p.t, err)
	defer sys.CloseAll(fds)
	require.Equal(p.t, []byte{'O'}, b[:n])
	require.Len(p.t, fds, 2)
	l.theirs, err = sys.MapPeerMemory(fds[0], headerSize+bus.SegmentSize)
	require.NoError(p.t, err)
	l.shared, err = sys.MapCommon(fds[1], bellsSize)
	require.NoError(p.t, err)
	l.bells = shm.Of(l.shared.Bytes())
	l.in = shm.Of(l.theirs.Bytes())
	l.reader = ring.NewReader(l.in, offRing, ringSize, offTail)
	l.send([]byte{'Y'})
}

// send sends a packet if the socket takes it; the victim may have gone already.
func (l *peerLane) send(b []byte, files ...int) {
	if l.conn != nil {
		l.conn.Send(b, files...)
	}
}

func (l *peerLane) sendFiles(pos uint64, files ...int) {
	l.send(binary.NativeEndian.AppendUint64([]byte{'F'}, pos), files...)
}

// ring rings everybody that might wait at the other end.
func (l *peerLane) ring() {
	l.send([]byte{'R'})
	if l.in.Size() == 0 {
		return
	}
	for i := range bus.Loopers {
		l.ringWord(offArmed+4*i, offBell+4*i)
	}
	for i := range bus.Callers {
		l.ringWord(offCallerArmed+4*i, offCallerBell+4*i)
	}
}

func (l *peerLane) ringWord(armed, bell int) {
	if a := l.in.Uint32(armed).Load(); a&3 == 1 {
		l.bells.Uint32(bell).Store(a)
		sys.FutexWakeAll(l.bells.Uint32(bell))
	}
}

func (l *peerLane) hangUp() {
	if !l.closed && l.conn != nil {
		l.closed = true
		l.conn.Close()
	}
}

// leave ends all that the peer has.
func (p *peer) leave() {
	p.work.Wait()
	p.broker.Close()
	for _, l := range p.lanes {
		l.hangUp()
		l.fd.Close()
		l.memory.Unmap()
		l.theirs.Unmap()
		l.shared.Unmap()
	}
	for _, end := range p.own {
		end()
	}
}
