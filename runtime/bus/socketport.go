package bus

import (
	"encoding/binary"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/internal/wait"
	"ubinder/runtime/status"
)

// Packets on a lane's socket: a byte that says what it is, then its fields.
const (
	packetOutbox = 'O' // a file, the sender's outbox: it has mapped the receiver's
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
	conn     *sys.Conn
	late     atomic.Int64 // rings that wait for the socket to take one
	counters *wait.Counters
	relieve  func() // has somebody receive if nobody does; nil during the handshake

	mu       sync.Mutex // receiving
	ready    bool       // the peer takes what is published; before it has said so it sends nothing else
	rang     bool
	stop     error
	closed   bool                // or about to be
	early    map[uint64][]sys.FD // by position
	count    int                 // of those, and of unwanted
	unwanted []sys.FD            // to be closed by routineClose
	closing  bool                // that runs
	position uint64              // the next packet of files has this or a higher one
}

func (p *socketPort) sendFiles(pos uint64, files []int) error {
	var b [9]byte
	b[0] = packetFiles
	binary.NativeEndian.PutUint64(b[1:], pos)
	err := p.conn.Send(b[:], files...)
	if errors.Is(err, sys.ErrWouldBlock) {
		return full("packets with files under way to one process", len(files), maxFilesUnderWay)
	}
	if sys.IsHangup(err) {
		return status.Errorf(status.Dead, "passing %d files: %w", len(files), err)
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
	switch err := p.conn.Send(ringing); {
	case err == nil:
		p.counters.PollRings.Add(1)
	case errors.Is(err, sys.ErrWouldBlock) && p.late.Add(1) == 1:
		go p.routineRing()
	}
}

// routineRing rings once the socket takes it, and again for rings that came meanwhile.
func (p *socketPort) routineRing() {
	for n := p.late.Load(); n > 0; n = p.late.Add(-n) {
		if p.conn.SendWait(ringing) != nil {
			return
		}
		p.counters.PollRings.Add(1)
	}
}

// close does not wait for files that nobody has received, as drop does not: who finds the peer's fault has locks too.
func (p *socketPort) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stop == nil {
		p.stop = errClosed
	}
	if !p.closed {
		p.closed = true
		go p.conn.Close()
	}
}

// rung reports whether wait would return at once for what another than the receiving goroutine has read: the socket does
// not tell of that any more.
func (p *socketPort) rung() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rang || p.stop != nil
}

func (p *socketPort) discard() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for pos, fds := range p.early {
		p.drop(fds)
		delete(p.early, pos)
	}
}

// drop has files closed, which count until then. That may take as long as who sent them likes, and is done on a goroutine
// of its own, one at a time: whoever receives has locks, of which that of the lane is only one. The caller has the lock.
func (p *socketPort) drop(fds []sys.FD) {
	p.unwanted = append(p.unwanted, fds...)
	if len(p.unwanted) > 0 && !p.closing {
		p.closing = true
		go p.routineClose()
	}
}

func (p *socketPort) routineClose() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.unwanted) > 0 {
		list := p.unwanted
		p.unwanted = nil
		p.mu.Unlock()
		sys.CloseAll(list)
		p.mu.Lock()
		p.count -= len(list)
	}
	p.closing = false
}

func (p *socketPort) kept() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

var errClosed = errors.New("closed here")

// wait blocks its goroutine, not a thread.
func (p *socketPort) wait() error {
	return p.waitUntil(func() bool {
		rang := p.rang
		p.rang = false
		return rang
	})
}

// waitUntil reads until cond, which is called with the lock held, is true: then it returns nil. It may
// do so early.
func (p *socketPort) waitUntil(cond func() bool) error {
	var stop error
	err := p.conn.WaitReadable(func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		enough := cond()
		for !enough && p.receive() {
			enough = cond()
		}
		stop = p.stop
		enough = enough || stop != nil
		if !enough {
			p.counters.PollSleeps.Add(1)
		}
		return enough
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
	ready := p.ready
	p.pump()
	if p.rang || p.ready != ready || p.stop != nil { // for the receiving goroutine, which the kernel may not wake any more
		p.conn.SetReadDeadline(past)
		if p.relieve != nil {
			p.relieve()
		}
	}
	fds := p.early[pos]
	delete(p.early, pos)
	if len(fds) != n {
		p.drop(fds)
		if p.stop != nil && !errors.Is(p.stop, status.Protocol) {
			return nil, status.Errorf(status.Dead, "the lane ended before %d files of a message had come: %w", n, p.stop)
		}
		return nil, status.Errorf(status.Protocol, "the message announces %d files, %d came", n, len(fds))
	}
	p.count -= n
	return fds, nil
}

// pump reads what is in the socket.
func (p *socketPort) pump() {
	for p.receive() {
	}
}

// receive reads a packet, if there is one. After an error it reads none.
func (p *socketPort) receive() bool {
	if p.stop != nil {
		return false
	}
	var b [maxPacket]byte
	n, fds, err := p.conn.ReceiveNow(b[:])
	if errors.Is(err, sys.ErrWouldBlock) {
		return false
	}
	if err == nil || errors.Is(err, sys.ErrFilesLost) { // then that message fails alone
		err = p.take(b[:n], fds)
	} else {
		p.count += len(fds)
		p.drop(fds)
	}
	p.stop = packetFault(err)
	return true
}

// packetFault makes a packet that no peer sends, or one too many that cannot be got rid of, the peer's fault.
func packetFault(err error) error {
	switch {
	case errors.Is(err, sys.ErrTruncated):
		return protocolError("it sent a packet of more than %d bytes", maxPacket)
	case errors.Is(err, sys.ErrFilesStuck):
		return protocolError("it went on sending files that this process has no room for, and that are slow to close")
	}
	return err
}

func (p *socketPort) take(b []byte, fds []sys.FD) error {
	var err error
	switch {
	case !p.ready:
		if err = p.takeReady(b, fds); err == nil {
			return nil
		}
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
	p.count += len(fds)
	p.drop(fds)
	return err
}

// takeReady ends the handshake. Whoever reads may meet it: the peer may publish as soon as it knows that
// this side is ready, and what it publishes may bring others here before the handshake's goroutine.
func (p *socketPort) takeReady(b []byte, fds []sys.FD) error {
	if len(b) != 1 || b[0] != packetReady || len(fds) != 0 {
		return handshakeFault(b, packetReady, len(fds), 0)
	}
	p.ready = true
	return nil
}

// awaitReady waits until the peer is ready.
func (p *socketPort) awaitReady() error {
	for {
		ready := false
		err := p.waitUntil(func() bool { ready = p.ready; return ready })
		switch {
		case ready:
			return nil
		case status.CodeOf(err) == status.Protocol:
			return err
		case err != nil:
			return status.Errorf(status.Dead, "the peer ended during the lane handshake: %w", err)
		}
	}
}

func (p *socketPort) takeFiles(pos uint64, fds []sys.FD) error {
	switch {
	case len(fds) == 0: // they may have been lost
		return nil
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
