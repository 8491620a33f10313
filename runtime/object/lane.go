package object

import (
	"context"
	"errors"
	"math"
	"sync/atomic"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/reftab"
	"ubinder/runtime/status"
)

// lane is what a process knows of one other that it was introduced to. Fields without a remark are
// guarded by Transport.mu.
type lane struct {
	t    *Transport
	id   uint64           // of the peer; immutable
	peer *binder.Identity // immutable
	link *bus.Link        // nil until registered

	holder *reftab.Peer // the peer, with the link

	words         bus.FreezeWords // with the link
	frozenFrom    uint64          // position behind the last call that was taken before this process was frozen
	frozenUntil   uint64          // no sync call before this position is begun; it was published while frozen
	refusedBefore uint32          // calls that the peer had kept back before
	news          bool            // the peer is to be told of the frozen word, but has no credit
	peerFrozen    bool            // as told last
	frozenLinks   []*binder.FrozenLink

	opened   chan struct{} // closed when the lane may be written, or has failed
	openErr  error         // why it failed; set before opened is closed
	draining bool
	cut      bool          // the peer broke the protocol: nothing is taken from it any more
	dead     bool          // the hang-up was processed: its memory may be unmapped
	writable bool          // opened without an error
	gone     chan struct{} // closed when the hang-up has been processed

	taken    bus.Descriptor // the message being applied: a lane is never drained within itself
	drained  atomic.Uint64  // position up to which messages have been applied
	ringing  atomic.Bool    // noted for a ring by unlock
	callers  callers
	uses     int          // calls of either side, and loopers, that need its memory
	handling []*incoming  // the peer's calls that are not answered, by its caller index
	owed     []*owedReply // replies that had no room
	owedLen  int
	owing    bool             // a goroutine posts them
	bulk     atomic.Int64     // bytes of bulk memory of the peer's calls that are not acknowledged
	cancels  []bus.Descriptor // that had no credit
	behind   atomic.Bool      // controls may wait for credit
	hot      bool
	hotHint  atomic.Bool // hot, for a look without the lock
	lastUsed uint64
	room     roomSpin
	filled   filled

	here      *looper // for calls that the receiving goroutine runs; nil: in use, or none was needed yet
	attendant *looper // that has told the peer to ring nobody for oneway calls on a node; nil: none
}

func newLane(t *Transport, p *bus.Peer) *lane {
	return &lane{t: t, id: p.ID, peer: identityOf(p), opened: make(chan struct{}), gone: make(chan struct{})}
}

// finished notes that a call, or a looper, needs the memory of the lane no more. That of one that has died is held for them.
func (l *lane) finished() {
	if l.uses--; l.uses == 0 && l.dead {
		l.t.after.call(l.link.Drop)
	}
}

// close cuts the link; the hang-up follows.
func (l *lane) close() {
	<-l.opened
	if l.link != nil {
		l.link.Close()
	}
}

// connHandler is the transport as its membership sees it.
type connHandler Transport

// Introduced implements bus.ConnHandler.
func (h *connHandler) Introduced(p *bus.Peer) (bus.Events, func(*bus.Link), func(*bus.Link, error)) {
	t := (*Transport)(h)
	t.mu.Lock()
	defer t.unlock()
	if t.closed || t.lanes[p.ID] != nil {
		return nil, nil, nil
	}
	l := newLane(t, p)
	t.lanes[p.ID] = l
	return (*events)(t), l.registered, l.openedNow
}

// registered: the peer may write to us as soon as this returns.
func (l *lane) registered(link *bus.Link) {
	l.t.mu.Lock()
	defer l.t.unlock()
	l.link, l.words = link, *link.FreezeWords()
	if f := &l.t.freezing; f.on {
		l.frozenUntil = math.MaxUint64
		l.words.Mine.Store(bus.FrozenFrom(0, f.settled))
	}
	l.holder = l.t.table.Opened(l.id)
}

// openedNow: we may write to the peer, or the lane has failed.
func (l *lane) openedNow(link *bus.Link, err error) {
	t := l.t
	t.mu.Lock()
	l.openErr = err
	l.writable = err == nil && !t.closed
	close(l.opened)
	if link == nil {
		t.forgetLane(l)
		t.table.Unreachable(l.id)
		close(l.gone)
	} else if l.writable {
		t.table.Flush(l.id)
	}
	closed := t.closed
	t.noteProgress()
	t.unlock()
	if closed && link != nil {
		link.Close()
	}
}

// laneTo returns the lane to a process; without one it asks the broker for it. It blocks until the
// lane is open or ctx has ended.
func (t *Transport) laneTo(ctx context.Context, id uint64) (*lane, error) {
	l := t.findLane(id)
	if l == nil {
		if err := t.introduce(ctx, id); err != nil {
			return nil, err
		}
		if l = t.findLane(id); l == nil {
			t.mu.Lock()
			t.table.Unreachable(id)
			t.unlock()
			return nil, status.Errorf(status.Dead, "process %d has ended or was cut off", id)
		}
	}
	select {
	case <-l.opened:
		return l, l.openErr
	case <-ctx.Done():
		return nil, status.FromContext(ctx)
	}
}

func (t *Transport) findLane(id uint64) *lane {
	t.mu.Lock()
	defer t.unlock()
	return t.lane(id)
}

// lane returns the lane to a process, nil when there is none. The caller has the lock.
func (t *Transport) lane(id uint64) *lane {
	if l := t.recent; l != nil && l.id == id {
		return l
	}
	l := t.lanes[id]
	if l != nil {
		t.recent = l
	}
	return l
}

func (t *Transport) forgetLane(l *lane) {
	delete(t.lanes, l.id)
	t.recent = nil
}

// introduce asks for a lane. Whoever cannot be reached for good is dead to this process.
func (t *Transport) introduce(ctx context.Context, id uint64) error {
	if t.isClosed() {
		return errTransportClosed
	}
	_, err := t.bus.Approach(ctx, id)
	if unreachable(err) {
		t.mu.Lock()
		t.table.Unreachable(id)
		t.unlock()
	}
	return err
}

// unreachable reports whether err says that there is no way to a process, and never will be.
func unreachable(err error) bool {
	return errors.Is(err, status.Dead) || errors.Is(err, status.Denied)
}

func (t *Transport) isClosed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.closed
}

var errTransportClosed = status.Errorf(status.Dead, "this process has closed its connection")
