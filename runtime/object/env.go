package object

import (
	"context"
	"errors"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/reftab"
	"ubinder/runtime/status"
)

// events is the transport as links see it.
type events Transport

// Readable implements bus.Events.
func (e *events) Readable(link *bus.Link) {
	t := (*Transport)(e)
	t.mu.Lock()
	l := t.laneOf(link)
	if l == nil {
		t.unlock()
		return
	}
	t.wasRung()
	t.drain(l)
	if l.writable {
		l.behind.Store(!t.table.Flush(l.id))
		t.sendCancels(l)
		t.sendNews(l)
	}
	t.noteProgress()
	if t.pool.servesHere(&t.queue) {
		t.serveHere(l)
	} else {
		t.unlock()
	}
}

// laneOf returns the lane that a link carries; nil when it carries none any more.
func (t *Transport) laneOf(link *bus.Link) *lane {
	if l := t.lane(link.Peer().ID); l != nil && l.link == link {
		return l
	}
	return nil
}

// Hangup implements bus.Events: what the peer had published is still taken, unless it was cut off.
func (e *events) Hangup(link *bus.Link, err error) {
	t := (*Transport)(e)
	t.mu.Lock()
	defer t.unlock()
	l := t.laneOf(link)
	if l == nil {
		return
	}
	if status.CodeOf(err) == status.Protocol {
		t.table.CutOff(l.id)
	} else {
		t.drain(l)
		t.table.Died(l.id)
	}
	t.forgetLane(l)
	l.dead = true
	if l.uses > 0 {
		link.Hold() // until they are finished
	}
	t.pool.cool(l)
	l.writable = false
	t.failCallers(l, err)
	t.noteRefused(l)
	l.frozenLinks = nil
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
	l := t.lane(p)
	if l == nil || !l.writable {
		return 0, false
	}
	d := controlDescriptor(&c)
	pos, err := l.link.PostControl(&d)
	if err != nil {
		l.behind.Store(true)
		return 0, false
	}
	t.noteRing(l)
	return pos, true
}

// Next implements reftab.Env.
func (e *env) Next(p, limit uint64) bool {
	t := (*Transport)(e)
	l := t.lane(p)
	if l == nil || l.link == nil || l.draining || l.link.Position() >= limit {
		return false
	}
	return t.takeNext(l)
}

// cutOff ends a lane whose peer broke the protocol. Its effects end here and now; the hang-up does
// the rest.
func (t *Transport) cutOff(l *lane, err error) {
	var p *reftab.Problem
	if errors.As(err, &p) {
		err = peerFault(p)
	}
	t.table.CutOff(l.id)
	l.writable = false
	l.cut = true
	t.pool.cool(l) // it may say for ever that there is something to take
	link := l.link
	t.after.call(func() { link.Fail(err) })
}

func peerFault(p *reftab.Problem) error {
	return status.Errorf(status.Protocol, "the peer broke the protocol: %w", p)
}

// Introduce implements reftab.Env.
func (e *env) Introduce(p uint64) {
	t := (*Transport)(e)
	t.askBroker(func(ctx context.Context) { t.laneTo(ctx, p) })
}

// Released implements reftab.Env.
func (e *env) Released(object any) {
	if n := object.(*binder.Node); n.Released(!(*Transport)(e).table.Unsent()) {
		(*Transport)(e).destroy(n)
	}
}

// Changed implements reftab.Env.
func (e *env) Changed(r *reftab.Ref) {
	t := (*Transport)(e)
	t.noteProgress()
	if r.Dead() {
		for link := range r.Links {
			link.(*binder.DeathLink).Fire()
		}
		r.Links = nil
	}
}
