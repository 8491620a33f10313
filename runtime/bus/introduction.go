package bus

import (
	"fmt"
	"time"

	"ubinder/runtime/internal/brokerwire"
	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/status"
)

// ConnHandler is told of lanes that the broker makes. Introduced is called on the connection's
// goroutine in the order of the introductions; the events and callbacks are those of an Opening. A nil return
// refuses the lane.
type ConnHandler interface {
	Introduced(p *Peer) (e Events, registered func(*Link), opened func(*Link, error))
}

// introduced begins the handshake of a lane: one that a request of this process is answered with, or one that
// the peer has asked for. The request has its answer when the lane is open, or at once if the peer is frozen.
func (c *Conn) introduced(p *brokerwire.Packet, fds []sys.FD) {
	killpoint.At("introduction: received")
	r, asked := c.answered(p.Cookie)
	answer := func() {}
	switch {
	case asked && p.Code != 0:
		r.answer <- *p
		c.eager = time.Time{} // it may be stopped
	case asked:
		answer = func() { r.answer <- *p }
	}
	if !c.open(p, fds, r.outbox, answer) {
		go sys.CloseAll(fds) // the peer may have sent files already
		r.outbox.Close()
		answer()
	}
}

// open begins the handshake. If it is false there is none, and files and outbox are still the caller's.
func (c *Conn) open(p *brokerwire.Packet, fds []sys.FD, mine *Outbox, answer func()) bool {
	if mine != nil && len(fds) != 1 || mine == nil && len(fds) != 2 { // lost: this process has too many open
		return false
	}
	peer := peerOf(&p.Identity)
	events, registered, opened := c.handler.Introduced(&peer)
	if events == nil {
		return false
	}
	conn, err := c.beginOpen(fds[0])
	if err != nil {
		opened(nil, fmt.Errorf("lane to process %d: %w", peer.ID, err))
		return false
	}
	o := Opening{Conn: conn, Parker: &c.parker, standIn: &c.standIn, eager: c.eager, Peer: &peer, Events: events, Registered: registered, Opened: func(l *Link, err error) {
		c.endOpen(conn)
		opened(l, err)
		answer()
	}}
	if mine != nil {
		OpenLink(o, mine)
	} else {
		AcceptLink(o, fds[1])
	}
	return true
}

var errConnClosed = status.Errorf(status.Dead, "this process has closed its connection")

// beginOpen notes a handshake, so that Close can end it.
func (c *Conn) beginOpen(end sys.FD) (*sys.Conn, error) {
	conn := sys.NewQuietConn(end)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opening == nil {
		go conn.Close()
		return nil, errConnClosed
	}
	c.opening[conn] = true
	c.opens.Add(1)
	return conn, nil
}

func (c *Conn) endOpen(conn *sys.Conn) {
	c.mu.Lock()
	delete(c.opening, conn)
	c.mu.Unlock()
	c.opens.Done()
}
