package bus

import (
	"sync"

	"ubinder/runtime/internal/sys"
	"ubinder/runtime/internal/wait"
)

// Poller is how a process waits for its lanes to others: what its threads sleep and wake by, and one
// goroutine for the sockets of all lanes. The zero Poller is ready; the goroutine ends with the last lane.
type Poller struct {
	futex wait.Futex

	mu     sync.Mutex
	epoll  *sys.Epoll // nil: there is no lane
	lanes  map[int32]*Link
	last   int32   // number that was given to a lane
	mapped int     // lanes whose memory is in use; the epoll lives as long
	kicked []*Link // that are to be looked at, ready or not
}

// Parker returns what threads sleep and wake by.
func (p *Poller) Parker() wait.Parker { return &p.futex }

// polled is a link's place in its poller.
type polled struct {
	socket *socketPort
	member *sys.Member
	number int32
	armed  func() bool // of the link's poller pair
}

// serve has the events of a link told, from now on until its hang-up.
func (p *Poller) serve(l *Link, socket *socketPort) {
	l.Turn()
	if err := p.add(l, socket); err != nil { // it was closed here
		l.hungUp(err)
		l.Drop()
	}
}

func (p *Poller) add(l *Link, socket *socketPort) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.begin(); err != nil {
		return err
	}
	p.last++
	member, err := p.epoll.Add(socket.conn, p.last)
	if err != nil {
		p.endIfUnused()
		return err
	}
	p.lanes[p.last] = l
	p.mapped++
	unmap := l.unmap
	l.unmap = func() {
		unmap()
		p.unmapped()
	}
	l.polled.Store(&polled{socket, member, p.last, l.poller.Armed})
	return nil
}

// begin starts the goroutine if there is none. The caller has the lock.
func (p *Poller) begin() error {
	if p.epoll != nil {
		return nil
	}
	e, err := sys.NewEpoll()
	if err != nil {
		return err
	}
	p.epoll, p.lanes = e, make(map[int32]*Link)
	go p.routinePoll(e)
	return nil
}

func (p *Poller) unmapped() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mapped--
	p.endIfUnused()
}

func (p *Poller) endIfUnused() {
	if p.mapped == 0 && p.epoll != nil {
		p.epoll.Close()
		p.epoll, p.kicked = nil, nil
	}
}

// routinePoll ends when e is closed.
func (p *Poller) routinePoll(e *sys.Epoll) {
	for {
		p.futex.Counters().PollSleeps.Add(1)
		if e.Wait(p.ready) != nil {
			return
		}
		for _, l := range p.takeKicked() {
			p.ready(l.polled.Load().number)
		}
	}
}

// ready looks at a lane whose socket is ready, unless it has hung up meanwhile.
func (p *Poller) ready(number int32) {
	p.mu.Lock()
	l := p.lanes[number]
	p.mu.Unlock()
	if l == nil {
		return
	}
	rang, err := l.polled.Load().socket.poll()
	if rang {
		l.Turn()
	}
	if err == nil {
		return
	}
	p.mu.Lock()
	delete(p.lanes, number)
	p.mu.Unlock()
	l.hungUp(err)
	l.Drop()
}

// kick has a lane looked at, ready or not; one that is not here yet finds out by itself.
func (p *Poller) kick(l *Link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := l.polled.Load(); at != nil && p.lanes[at.number] == l {
		p.kicked = append(p.kicked, l)
		p.epoll.Interrupt()
	}
}

func (p *Poller) takeKicked() []*Link {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.kicked
	p.kicked = nil
	return k
}

// BeginAwait has the calling goroutine wait for the lane's socket in place of the poller, until EndAwait: that saves a
// way through another goroutine. False: somebody does so already, or this link cannot. The link is held.
func (l *Link) BeginAwait() bool {
	at := l.polled.Load()
	if at == nil || !l.awaited.CompareAndSwap(false, true) {
		return false
	}
	at.member.Mute()
	return true
}

// Await blocks its goroutine until the peer has rung, or Kick; Turn follows if it has. An error means that
// nothing more comes.
func (l *Link) Await() (rang bool, err error) {
	at := l.polled.Load()
	return at.socket.await(at.armed)
}

// EndAwait ends BeginAwait.
func (l *Link) EndAwait() {
	l.polled.Load().member.Unmute()
	l.awaited.Store(false)
}

// Kick ends the Await that is under way, or the next one.
func (l *Link) Kick() {
	if at := l.polled.Load(); at != nil {
		at.socket.conn.SetReadDeadline(past)
	}
}
