package bus

import (
	"errors"
	"fmt"
	"time"

	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/internal/wait"
	"ubinder/runtime/status"
)

// Outbox is the memory of one side of a lane that is to be. Who asks for a lane makes it first and sends it
// with the question, so that the other side has it when it is introduced.
type Outbox struct {
	fd     sys.FD
	memory sys.Memory
	parts  outbox
}

// NewOutbox makes an outbox. The caller gives it to OpenLink, or closes it.
func NewOutbox() (*Outbox, error) {
	fd, memory, err := sys.CreateMemory("ubinder-outbox", outboxSize)
	if err != nil {
		return nil, status.Errorf(status.Internal, "making an outbox: %w", err)
	}
	killpoint.At("lane: outbox made")
	return &Outbox{fd, memory, newOutbox(memory.Bytes())}, nil
}

// FD is the file to send.
func (o *Outbox) FD() int { return o.fd.Int() }

// Close gives the memory back. A nil outbox has none.
func (o *Outbox) Close() {
	if o != nil {
		o.fd.Close()
		o.memory.Unmap()
	}
}

// Opening is what a new lane is made of. Conn is one end of a packet socket whose other end the peer has; the
// link owns it. Parker puts this process's threads to sleep.
type Opening struct {
	Conn   *sys.Conn
	Parker wait.Parker
	Peer   *Peer
	Events Events // start when both sides are ready
	// Registered is called before the peer is allowed to write.
	Registered func(*Link)
	// Opened is called once before any event, with the link when the peer may be written to, or with the error
	// that ended the attempt.
	Opened func(*Link, error)

	standIn *standIn  // nil: nobody stands in for the link's receiving goroutine
	eager   time.Time // until then who has asked naps
}

// OpenLink makes the link of a lane that this process has asked for: the peer is given mine by the broker, and
// answers with its own outbox.
func OpenLink(o Opening, mine *Outbox) {
	h := newHandshake(o)
	h.mine, h.asked = mine, true
	if !nap(o.Conn, o.eager) {
		go h.routineOpen()
	} else if l := h.ended(h.open()); l != nil {
		go l.routineReceive()
	}
}

// AcceptLink makes the link of a lane that the peer has asked for. theirs is its outbox, or what it says is
// that; the link owns it. The own outbox is on its way when it returns: who asked waits for that, and would wait longer
// if another goroutine, and a thread for it, had to be woken first. Nothing before that waits.
func AcceptLink(o Opening, theirs sys.FD) {
	h := newHandshake(o)
	h.theirs = theirs
	err := h.accept()
	go h.routineAccept(err)
}

// handshake is what two processes do about a new lane before either publishes: each gets the other's outbox,
// and each says when it takes what is published there.
type handshake struct {
	Opening
	port   *socketPort
	asked  bool // this process asked for the lane
	mine   *Outbox
	theirs sys.FD
	inbox  sys.Memory
	bell   sys.FD // of the bells, which who was introduced makes
	bells  sys.Memory
	link   *Link
}

func newHandshake(o Opening) *handshake {
	return &handshake{Opening: o, port: &socketPort{conn: o.Conn, counters: o.Parker.Counters(), early: make(map[uint64][]sys.FD)}}
}

func (h *handshake) routineOpen() {
	sys.GrowStack()
	if l := h.ended(h.open()); l != nil {
		l.routineReceive()
	}
}

// routineAccept goes on when accept has ended with err.
func (h *handshake) routineAccept(err error) {
	sys.GrowStack()
	if err == nil {
		err = h.port.awaitReady()
		killpoint.At("lane: ready received")
	}
	if l := h.ended(err); l != nil {
		l.routineReceive()
	}
}

// ended tells how the handshake has ended. It returns a link that is to be served.
func (h *handshake) ended(err error) *Link {
	if h.mine != nil {
		h.mine.fd.CloseAtOnce()
	}
	if h.link == nil {
		go h.close()
		h.unmap()
		h.Opened(nil, fmt.Errorf("lane to process %d: %w", h.Peer.ID, err))
		return nil
	}
	h.theirs.CloseAtOnce()
	h.bell.CloseAtOnce()
	if err != nil {
		h.link.Fail(err)
	}
	h.Opened(h.link, err)
	return h.link
}

// close closes what the peer has sent in a handshake that failed, which may take as long as it likes: nobody waits for that.
func (h *handshake) close() {
	h.Conn.Close()
	h.theirs.Close()
	h.bell.Close()
}

// open waits for the peer's outbox, which says too that the peer takes what is published.
func (h *handshake) open() (err error) {
	h.port.ready = true
	if err = h.expectOutbox(); err != nil {
		return err
	}
	killpoint.At("lane: outbox received")
	if h.bells, err = sys.MapCommon(h.bell, bellsSize); err != nil {
		return protocolError("its bells cannot be mapped: %v", err)
	}
	if err := h.register(); err != nil {
		return err
	}
	if err := h.Conn.Send([]byte{packetReady}); err != nil {
		return status.Errorf(status.Dead, "lane handshake: %w", err)
	}
	killpoint.At("lane: ready sent")
	return nil
}

// accept answers with the own outbox.
func (h *handshake) accept() (err error) {
	if h.mine, err = NewOutbox(); err != nil {
		return err
	}
	if h.bell, h.bells, err = sys.CreateCommon("ubinder-bells", bellsSize); err != nil {
		return status.Errorf(status.Internal, "making bells: %w", err)
	}
	if err := h.register(); err != nil {
		return err
	}
	if err := h.Conn.SendMemory([]byte{packetOutbox}, h.mine.FD(), h.bell.Int()); err != nil {
		return status.Errorf(status.Dead, "passing an outbox: %w", err)
	}
	killpoint.At("lane: outbox sent")
	return nil
}

// register maps the peer's outbox, and has the link known: from then on its messages can be taken.
func (h *handshake) register() (err error) {
	if h.inbox, err = sys.MapPeerMemory(h.theirs, outboxSize); err != nil {
		return protocolError("its outbox cannot be mapped: %v", err)
	}
	in := outboxIn(h.inbox.Bytes())
	if err := checkInbox(in.head); err != nil {
		return err
	}
	killpoint.At("lane: outbox mapped")
	out := h.mine.parts
	if h.asked {
		shareBells(h.bells.Bytes(), &in, &out)
	} else {
		shareBells(h.bells.Bytes(), &out, &in)
	}
	h.link = newLane(h.Peer, out, in, h.Parker, h.port, h.unmap)
	h.link.events, h.link.socket, h.link.cover.by, h.port.relieve = h.Events, h.port, h.standIn, h.link.relieve
	h.Registered(h.link)
	killpoint.At("lane: registered")
	return nil
}

// expectOutbox takes the peer's outbox, and the bells.
func (h *handshake) expectOutbox() error {
	var b [maxPacket]byte
	n, fds, err := h.Conn.ReceiveNow(b[:])
	if errors.Is(err, sys.ErrWouldBlock) {
		n, fds, err = h.Conn.Receive(b[:])
	}
	if err != nil {
		go sys.CloseAll(fds)
	}
	if fault := packetFault(err); status.CodeOf(fault) == status.Protocol {
		return fault
	}
	if errors.Is(err, sys.ErrFilesLost) {
		return status.Errorf(status.Quota, "during the lane handshake: %w", err)
	}
	if err != nil {
		return status.Errorf(status.Dead, "the peer ended during the lane handshake: %w", err)
	}
	if n != 1 || b[0] != packetOutbox || len(fds) != 2 {
		go sys.CloseAll(fds)
		return handshakeFault(b[:n], packetOutbox, len(fds), 2)
	}
	h.theirs, h.bell = fds[0], fds[1]
	return nil
}

func handshakeFault(packet []byte, want byte, files, wantFiles int) error {
	return protocolError("during the lane handshake it sent a packet (% x) with %d files, not %q with %d", packet, files, want, wantFiles)
}

func (h *handshake) unmap() {
	if h.mine != nil {
		h.mine.memory.Unmap()
	}
	h.inbox.Unmap()
	h.bells.Unmap()
}
