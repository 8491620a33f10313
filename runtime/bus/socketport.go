package bus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/status"
)

// Packets on a lane's socket: a byte that says what it is, then its fields.
const (
	packetOutbox = 'O' // two files: the header and the segment of the sender's outbox
	packetReady  = 'Y' // the sender has mapped the receiver's outbox
	packetRing   = 'R' // wake your poller
	packetFiles  = 'F' // position (8 bytes), and files of the message that will lie there
)

const maxPacket = 16

// maxFilesUnderWay bounds the files of messages that the peer has not freed. maxEarlyFiles bounds
// those that a receiver keeps for their messages: more, because it frees a message's slot before it
// takes the files.
//
// A packet with files takes about 1 KiB of what the kernel gives a socket, 208 KiB. maxFiledUnderWay
// packets leave room for rings.
const (
	maxFilesUnderWay = 4 * MaxFiles
	maxFiledUnderWay = 128
	maxEarlyFiles    = 2 * maxFilesUnderWay
)

// socketPort is the port of a lane between processes: one end of a packet socket.
type socketPort struct {
	conn *sys.Conn
	late atomic.Int64 // rings that wait for the socket to take one

	mu       sync.Mutex // receiving
	rang     bool
	stop     error
	early    map[uint64][]sys.FD // by position
	count    int
	position uint64 // the next packet of files has this or a higher one
}

func (p *socketPort) sendFiles(pos uint64, files []int) error {
	var b [9]byte
	b[0] = packetFiles
	binary.NativeEndian.PutUint64(b[1:], pos)
	err := p.conn.Send(b[:], files...)
	if errors.Is(err, sys.ErrWouldBlock) {
		return full("packets with files under way to one process", len(files), maxFilesUnderWay)
	}
	if err != nil {
		return status.Errorf(status.BadValue, "passing %d files: %w", len(files), err)
	}
	return nil
}

var ringing = []byte{packetRing}

// ring never blocks. When the socket is full of packets with files the ring must follow them all
// the same: the peer sleeps again after them.
func (p *socketPort) ring() {
	killpoint.At("ring: poller claimed")
	if errors.Is(p.conn.Send(ringing), sys.ErrWouldBlock) && p.late.Add(1) == 1 {
		go p.routineRing()
	}
}

// routineRing rings once the socket takes it, and again for rings that came meanwhile.
func (p *socketPort) routineRing() {
	for n := p.late.Load(); n > 0; n = p.late.Add(-n) {
		if p.conn.SendWait(ringing) != nil {
			return
		}
	}
}

func (p *socketPort) close() {
	p.conn.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stop == nil {
		p.stop = errClosed
	}
}

func (p *socketPort) discard() {
	p.mu.Lock()
	defer p.mu.Unlock()
	closeEarly(p.early)
}

func (p *socketPort) kept() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

func closeEarly(early map[uint64][]sys.FD) {
	for pos, fds := range early {
		sys.CloseAll(fds)
		delete(early, pos)
	}
}

var errClosed = errors.New("closed here")

// wait blocks its goroutine, not a thread.
func (p *socketPort) wait() error {
	var stop error
	err := p.conn.WaitReadable(func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.pump()
		stop = p.stop
		rang := p.rang
		p.rang = false
		return rang || stop != nil
	})
	if stop == nil && errors.Is(err, errDeadline) { // kicked
		p.conn.SetReadDeadline(time.Time{})
		return nil
	}
	return errors.Join(stop, err)
}

// files gives the files for pos. Packets may be in the socket still: a sender puts them there
// before it publishes the message, so whoever has the message finds them without waiting.
func (p *socketPort) files(pos uint64, n int) ([]sys.FD, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pump()
	if p.rang { // a ring came along; it is the receiving goroutine's
		p.conn.SetReadDeadline(past)
	}
	fds := p.early[pos]
	delete(p.early, pos)
	p.count -= len(fds)
	if len(fds) != n {
		sys.CloseAll(fds)
		return nil, status.Errorf(status.Protocol, "the message announces %d files, %d came", n, len(fds))
	}
	return fds, nil
}

// pump reads what is in the socket.
func (p *socketPort) pump() {
	for p.stop == nil {
		var b [maxPacket]byte
		n, fds, err := p.conn.ReceiveNow(b[:])
		if errors.Is(err, sys.ErrWouldBlock) {
			return
		}
		if err == nil || errors.Is(err, sys.ErrFilesLost) { // then that message fails alone
			err = p.take(b[:n], fds)
		}
		p.stop = packetFault(err)
	}
}

// packetFault makes a packet that no peer sends its fault.
func packetFault(err error) error {
	if errors.Is(err, sys.ErrTruncated) {
		return protocolError("it sent a packet of more than %d bytes", maxPacket)
	}
	return err
}

func (p *socketPort) take(b []byte, fds []sys.FD) error {
	var err error
	switch {
	case len(b) == 1 && b[0] == packetRing && len(fds) == 0:
		p.rang = true
		return nil
	case len(b) == 9 && b[0] == packetFiles:
		if err = p.takeFiles(binary.NativeEndian.Uint64(b[1:]), fds); err == nil {
			return nil
		}
	default:
		err = protocolError("it sent a packet (% x) with %d files", b, len(fds))
	}
	sys.CloseAll(fds)
	return err
}

func (p *socketPort) takeFiles(pos uint64, fds []sys.FD) error {
	switch {
	case len(fds) > MaxFiles:
		return protocolError("it sent %d files for one message", len(fds))
	case p.count+len(fds) > maxEarlyFiles:
		return protocolError("it sent %d files ahead of their messages", p.count+len(fds))
	case pos < p.position || pos == math.MaxUint64:
		return protocolError("it sent files for position %d after those for %d", pos, p.position-1)
	}
	p.position = pos + 1
	p.early[pos] = fds
	p.count += len(fds)
	return nil
}

// handshake is what two processes do on a new lane's socket before either publishes: each passes its
// outbox, and each says when it has mapped the other's.
type handshake struct {
	conn    *sys.Conn
	out     outbox
	outMem  [2]sys.Memory
	inMem   [2]sys.Memory
	in      outbox
	segment int
}

// start makes the own outbox and sends it.
func (h *handshake) start() error {
	head, headMem, err := sys.CreateMemory("ubinder-outbox", headerSize)
	if err != nil {
		return status.Errorf(status.Internal, "making an outbox: %w", err)
	}
	defer head.Close()
	segment, segMem, err := sys.CreateMemory("ubinder-segment", h.segment)
	if err != nil {
		headMem.Unmap()
		return status.Errorf(status.Internal, "making an outbox: %w", err)
	}
	defer segment.Close()
	h.outMem = [2]sys.Memory{headMem, segMem}
	h.out = newOutbox(regionOf(headMem), regionOf(segMem))
	killpoint.At("lane: outbox made")
	if err := h.conn.Send([]byte{packetOutbox}, head.Int(), segment.Int()); err != nil {
		return status.Errorf(status.Dead, "passing an outbox: %w", err)
	}
	killpoint.At("lane: outbox sent")
	return nil
}

// finish waits for the peer's outbox and maps it; ready is called before the peer is told, and
// finish returns when the peer is ready too.
func (h *handshake) finish(ready func() error) error {
	fds, err := h.expect(packetOutbox, 2)
	if err != nil {
		return err
	}
	defer sys.CloseAll(fds)
	killpoint.At("lane: outbox received")
	for i, size := range []int{headerSize, h.segment} {
		if h.inMem[i], err = sys.MapPeerMemory(fds[i], size); err != nil {
			return protocolError("its outbox cannot be mapped: %v", err)
		}
	}
	h.in = outbox{regionOf(h.inMem[0]), regionOf(h.inMem[1])}
	if err := checkInbox(h.in.head, h.segment); err != nil {
		return err
	}
	killpoint.At("lane: outbox mapped")
	if err := ready(); err != nil {
		return err
	}
	killpoint.At("lane: registered")
	if err := h.conn.Send([]byte{packetReady}); err != nil {
		return status.Errorf(status.Dead, "lane handshake: %w", err)
	}
	killpoint.At("lane: ready sent")
	_, err = h.expect(packetReady, 0)
	killpoint.At("lane: ready received")
	return err
}

func (h *handshake) expect(kind byte, files int) ([]sys.FD, error) {
	var b [maxPacket]byte
	n, fds, err := h.conn.Receive(b[:])
	if fault := packetFault(err); status.CodeOf(fault) == status.Protocol {
		return nil, fault
	}
	if errors.Is(err, sys.ErrFilesLost) {
		return nil, status.Errorf(status.Quota, "during the lane handshake: %w", err)
	}
	if err != nil {
		return nil, status.Errorf(status.Dead, "the peer ended during the lane handshake: %w", err)
	}
	if n != 1 || b[0] != kind || len(fds) != files {
		sys.CloseAll(fds)
		return nil, protocolError("during the lane handshake it sent a packet (% x) with %d files, not %q with %d", b[:n], len(fds), kind, files)
	}
	return fds, nil
}

func (h *handshake) unmap() {
	for i := range h.outMem {
		h.outMem[i].Unmap()
		h.inMem[i].Unmap()
	}
}

// NewLink makes the link of a lane over conn, one end of a packet socket whose other end the peer
// has; it owns conn. Events start when both sides are ready. opened is called once before any event,
// with the link when the peer may be written to, or with the error that ended the attempt.
// registered is called before the peer is allowed to write.
func NewLink(conn *sys.Conn, peer *Peer, events Events, registered func(Link), opened func(Link, error)) {
	h := &handshake{conn: conn, segment: SegmentSize}
	go routineOpen(h, peer, events, registered, opened)
}

func routineOpen(h *handshake, peer *Peer, events Events, registered func(Link), opened func(Link, error)) {
	var l *lane
	err := h.start()
	if err == nil {
		err = h.finish(func() error {
			p := &socketPort{conn: h.conn, early: make(map[uint64][]sys.FD)}
			l = newLane(peer, h.out, h.in, futexes, p, h.unmap)
			l.events = events
			registered(l)
			return nil
		})
	}
	if l == nil {
		h.conn.Close()
		h.unmap()
		opened(nil, fmt.Errorf("lane to process %d: %w", peer.ID, err))
		return
	}
	if err != nil {
		l.Fail(err)
	}
	opened(l, err)
	l.routineReceive()
}
