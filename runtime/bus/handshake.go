package bus

import (
	"errors"
	"fmt"

	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/internal/wait"
	"ubinder/runtime/status"
)

// handshake is what two processes do on a new lane's socket before either publishes: each passes its
// outbox, and each says when it has mapped the other's.
type handshake struct {
	conn    *sys.Conn
	parker  wait.Parker
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

// take waits for the peer's outbox and maps it.
func (h *handshake) take() error {
	fds, err := h.expectOutbox()
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
	h.in = outboxIn(regionOf(h.inMem[0]), regionOf(h.inMem[1]))
	if err := checkInbox(h.in.head, h.segment); err != nil {
		return err
	}
	killpoint.At("lane: outbox mapped")
	return nil
}

func (h *handshake) expectOutbox() ([]sys.FD, error) {
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
	if n != 1 || b[0] != packetOutbox || len(fds) != 2 {
		sys.CloseAll(fds)
		return nil, handshakeFault(b[:n], packetOutbox, len(fds), 2)
	}
	return fds, nil
}

func handshakeFault(packet []byte, want byte, files, wantFiles int) error {
	return protocolError("during the lane handshake it sent a packet (% x) with %d files, not %q with %d", packet, files, want, wantFiles)
}

func (h *handshake) unmap() {
	for i := range h.outMem {
		h.outMem[i].Unmap()
		h.inMem[i].Unmap()
	}
}

// NewLink makes the link of a lane over conn, one end of a packet socket whose other end the peer
// has; it owns conn. parker puts this process's threads to sleep. Events start when both sides are ready. opened is called once before any event,
// with the link when the peer may be written to, or with the error that ended the attempt.
// registered is called before the peer is allowed to write.
func NewLink(conn *sys.Conn, parker wait.Parker, peer *Peer, events Events, registered func(*Link), opened func(*Link, error)) {
	h := &handshake{conn: conn, parker: parker, segment: SegmentSize}
	go routineOpen(h, peer, events, registered, opened)
}

func routineOpen(h *handshake, peer *Peer, events Events, registered func(*Link), opened func(*Link, error)) {
	err := h.start()
	if err == nil {
		err = h.take()
	}
	if err != nil {
		h.conn.Close()
		h.unmap()
		opened(nil, fmt.Errorf("lane to process %d: %w", peer.ID, err))
		return
	}
	p := &socketPort{conn: h.conn, counters: h.parker.Counters(), early: make(map[uint64][]sys.FD)}
	l := newLane(peer, h.out, h.in, h.parker, p, h.unmap)
	l.events = events
	registered(l)
	killpoint.At("lane: registered")
	if err = h.ready(p); err != nil {
		l.Fail(err)
	}
	opened(l, err)
	l.routineReceive()
}

// ready tells the peer that this side takes what it publishes, and waits for the same word.
func (h *handshake) ready(p *socketPort) error {
	if err := h.conn.Send([]byte{packetReady}); err != nil {
		return status.Errorf(status.Dead, "lane handshake: %w", err)
	}
	killpoint.At("lane: ready sent")
	err := p.awaitReady()
	killpoint.At("lane: ready received")
	return err
}
