package object

import (
	"context"
	"errors"
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
	link bus.Link         // nil until registered

	opened   chan struct{} // closed when the lane may be written, or has failed
	openErr  error         // why it failed; set before opened is closed
	writable bool          // opened without an error
	gone     chan struct{} // closed when the hang-up has been processed

	taken    bus.Descriptor // the message being applied: a lane is never drained within itself
	drained  atomic.Uint64  // position up to which messages have been applied
	ringing  atomic.Bool    // noted for a ring by unlock
	callers  [bus.Callers]*pending
	free     []uint32               // caller indices not in use
	handling [bus.Callers]*incoming // the peer's calls that are not answered, by its caller index
	owed     []*owedReply           // replies that had no room
	owedLen  int
	hot      bool
	hotHint  atomic.Bool // hot, for a look without the lock
	lastUsed uint64
}

func newLane(t *Transport, p *bus.Peer) *lane {
	l := &lane{t: t, id: p.ID, peer: identityOf(p), opened: make(chan struct{}), gone: make(chan struct{})}
	for i := range uint32(bus.Callers) {
		l.free = append(l.free, bus.Callers-1-i)
	}
	return l
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
func (h *connHandler) Introduced(p *bus.Peer) (bus.Events, func(bus.Link), func(bus.Link, error)) {
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
func (l *lane) registered(link bus.Link) {
	l.t.mu.Lock()
	defer l.t.unlock()
	l.link = link
	l.t.table.Opened(l.id)
}

// openedNow: we may write to the peer, or the lane has failed.
func (l *lane) openedNow(link bus.Link, err error) {
	t := l.t
	t.mu.Lock()
	l.openErr = err
	l.writable = err == nil && !t.closed
	close(l.opened)
	if link == nil {
		delete(t.lanes, l.id)
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
	return t.lanes[id]
}

// introduce asks for a lane. Whoever cannot be reached for good is dead to this process.
func (t *Transport) introduce(ctx context.Context, id uint64) error {
	if t.isClosed() {
		return errTransportClosed
	}
	err := t.bus.Introduce(ctx, id)
	if errors.Is(err, status.Dead) || errors.Is(err, status.Denied) {
		t.mu.Lock()
		t.table.Unreachable(id)
		t.unlock()
	}
	return err
}

func (t *Transport) isClosed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.closed
}

var errTransportClosed = status.Errorf(status.Dead, "this process has closed its connection")

// events is the transport as links see it.
type events Transport

// Readable implements bus.Events.
func (e *events) Readable(link bus.Link) {
	t := (*Transport)(e)
	t.mu.Lock()
	defer t.unlock()
	l := t.lanes[link.Peer().ID]
	if l == nil || l.link != link {
		return
	}
	t.drain(l)
	if l.writable {
		t.table.Flush(l.id)
	}
	t.noteProgress()
}

// Hangup implements bus.Events: what the peer had published is still taken, unless it was cut off.
func (e *events) Hangup(link bus.Link, err error) {
	t := (*Transport)(e)
	t.mu.Lock()
	defer t.unlock()
	l := t.lanes[link.Peer().ID]
	if l == nil || l.link != link {
		return
	}
	if status.CodeOf(err) == status.Protocol {
		t.table.CutOff(l.id)
	} else {
		t.drain(l)
		t.table.Died(l.id)
	}
	delete(t.lanes, l.id)
	t.pool.cool(l)
	l.writable = false
	t.failCallers(l, err)
	t.abandonHandling(l)
	l.dropOwed()
	t.noteProgress()
	close(l.gone)
}

// env is the transport as the reference table sees it; all is called with the lock held.
type env Transport

// Post implements reftab.Env.
func (e *env) Post(p uint64, c reftab.Control) (uint64, bool) {
	t := (*Transport)(e)
	l := t.lanes[p]
	if l == nil || !l.writable {
		return 0, false
	}
	d := controlDescriptor(c)
	pos, err := l.link.PostControl(&d)
	if err != nil {
		return 0, false
	}
	t.noteRing(l)
	return pos, true
}

// Published implements reftab.Env.
func (e *env) Published(p uint64) uint64 {
	if l := e.lanes[p]; l != nil && l.link != nil {
		return l.link.Published()
	}
	return 0
}

// Next implements reftab.Env.
func (e *env) Next(p, limit uint64) bool {
	t := (*Transport)(e)
	l := t.lanes[p]
	if l == nil || l.link == nil || l.link.Position() >= limit {
		return false
	}
	d := &l.taken
	ok, err := l.link.Next(d)
	if err == nil && ok {
		err = t.take(l, d, l.link.Position()-1)
	}
	if err != nil {
		t.cutOff(l, err)
		return false
	}
	if !ok {
		l.link.Drained()
		l.drained.Store(l.link.Position())
	}
	return ok
}

// cutOff ends a lane whose peer broke the protocol. Its effects end here and now; the hang-up does
// the rest.
func (t *Transport) cutOff(l *lane, err error) {
	var p *reftab.Problem
	if errors.As(err, &p) {
		err = status.Errorf(status.Protocol, "the peer broke the protocol: %w", p)
	}
	t.table.CutOff(l.id)
	l.writable = false
	link := l.link
	t.after.fails = append(t.after.fails, func() { link.Fail(err) })
}

// Introduce implements reftab.Env.
func (e *env) Introduce(p uint64) {
	t := (*Transport)(e)
	t.askBroker(func(ctx context.Context) { t.laneTo(ctx, p) })
}

// SyncBroker implements reftab.Env.
func (e *env) SyncBroker(n uint64) {
	t := (*Transport)(e)
	t.askBroker(func(ctx context.Context) {
		if t.bus.Sync(ctx) != nil {
			return
		}
		t.mu.Lock()
		t.table.Synced(n)
		t.unlock()
	})
}

// Released implements reftab.Env.
func (e *env) Released(object any) { object.(*binder.Node).Released() }

// Changed implements reftab.Env.
func (e *env) Changed(r *reftab.Ref) {
	t := (*Transport)(e)
	t.noteProgress()
	if r.Dead() {
		for _, l := range r.Links {
			l.(*binder.DeathLink).Fire()
		}
		r.Links = nil
	}
}
