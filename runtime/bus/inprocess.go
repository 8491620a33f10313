package bus

import (
	"errors"
	"sync"

	"ubinder/runtime/internal/sys"
	"ubinder/runtime/internal/wait"
	"ubinder/runtime/status"
)

// Pair makes both ends of a link inside one process: the same rings, slots and bells over plain
// memory, with channels for futexes, so that everything above runs under testing/synctest. The end of
// a has b as its peer. Start follows for each.
func Pair(a, b *Peer) (endA, endB *InProcess) { return pair(a, b, &wait.Channels{}) }

// InProcess is one end of a link inside one process.
type InProcess = Link

func pair(a, b *Peer, parker wait.Parker) (endA, endB *InProcess) {
	outA, outB := newOutbox(sys.PlainMemory(outboxSize)), newOutbox(sys.PlainMemory(outboxSize))
	shareBells(sys.PlainMemory(bellsSize), &outA, &outB)
	portA, portB := newLocalPort(), newLocalPort()
	portA.peer, portB.peer = portB, portA
	return newLane(b, outA, outB, parker, portA, func() {}), newLane(a, outB, outA, parker, portB, func() {})
}

// Start begins to deliver the events of one end of a Pair.
func (l *Link) Start(e Events) {
	l.events = e
	go l.routineReceive()
}

// localPort passes duplicates of files through a map, and rings through a channel.
type localPort struct {
	peer   *localPort
	bell   chan struct{}
	gone   chan struct{}
	once   sync.Once
	mu     sync.Mutex
	closed bool
	early  map[uint64][]sys.FD
}

func newLocalPort() *localPort {
	return &localPort{bell: make(chan struct{}, 1), gone: make(chan struct{}), early: make(map[uint64][]sys.FD)}
}

func (p *localPort) sendFiles(pos uint64, files []int) error {
	var fds []sys.FD
	for _, f := range files {
		d, err := sys.Dup(f)
		if err != nil {
			sys.CloseAll(fds)
			return status.Errorf(status.BadValue, "passing file descriptor %d: %w", f, err)
		}
		fds = append(fds, d)
	}
	p.peer.mu.Lock()
	defer p.peer.mu.Unlock()
	if p.peer.closed {
		sys.CloseAll(fds)
		return status.Errorf(status.Dead, "passing %d files: closed by the peer", len(files))
	}
	p.peer.early[pos] = fds
	return nil
}

func (p *localPort) files(pos uint64, n int) ([]sys.FD, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fds := p.early[pos]
	delete(p.early, pos)
	if len(fds) != n {
		sys.CloseAll(fds)
		return nil, status.Errorf(status.Protocol, "the message announces %d files, %d came", n, len(fds))
	}
	return fds, nil
}

func (p *localPort) ring() {
	select {
	case p.peer.bell <- struct{}{}:
	default:
	}
}

func (p *localPort) wait() error {
	select {
	case <-p.gone:
		return errors.New("closed here")
	case <-p.peer.gone:
		return errors.New("closed by the peer")
	case <-p.bell:
		return nil
	}
}

func (p *localPort) close() {
	p.once.Do(func() { close(p.gone) })
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
}

func (p *localPort) discard() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for pos, fds := range p.early {
		sys.CloseAll(fds)
		delete(p.early, pos)
	}
}

func (p *localPort) kept() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, fds := range p.early {
		n += len(fds)
	}
	return n
}
