package object

import (
	"sync/atomic"
	"time"

	"ubinder/runtime/bus"
)

// following is a payload that the peer is writing, of a call or reply that it has not posted yet. Nothing is known of
// what is there but that: who copies it uses the copy only if the message says that it has that payload.
type following struct {
	lane *lane
	desc bus.Descriptor
	pos  uint64 // of the message that has told of it
	buf  *buffer
	n    int // bytes that are copied
}

// followRule is how long who copies waits for the next piece, and how often it tries if that was in vain: a sender that
// has no CPU writes nothing.
var followRule = spinRule{limit: 50 * time.Microsecond, trial: 50 * time.Microsecond, saves: 25 * time.Microsecond, quick: time.Second, gap: 1, most: 16}

// A sender that writes as it should tells of at least one leastPiece at a time, and a few more times.
const (
	leastPiece = 64 << 10
	fewPieces  = 16
)

// seen implements watcher: there is more to copy, or nothing to wait for any more.
func (f *following) seen() bool {
	n, ok := f.lane.link.Progress(f.pos)
	return !ok || int(n) > f.n
}

// follow copies the payload as it is written, and waits until posted sees something; or it gives up. h is the history
// of its like. The lane is held; nobody has the lock.
func (f *following) follow(t *Transport, h *spinHistory, posted watcher) {
	limit := h.next(&followRule)
	if limit == 0 {
		return
	}
	if spinners.Add(1) > t.spinning.most {
		spinners.Add(-1)
		return
	}
	defer spinners.Add(-1)
	var err error
	if f.buf, err = t.takeBuffer(int(f.desc.Length), &f.desc); err != nil {
		return
	}
	whole := f.copy(limit)
	if whole {
		whole, _ = lookFor(posted, limit)
	}
	h.ended(&followRule, whole, 0)
}

func (f *following) copy(limit time.Duration) (whole bool) {
	all := f.buf.bytes
	for range len(all)/leastPiece + fewPieces {
		if seen, _ := lookFor(f, limit); !seen {
			return false
		}
		n, ok := f.lane.link.Progress(f.pos)
		if !ok {
			return false
		}
		ready := min(int(n), len(all))
		if ready <= f.n { // it says less than it said just now
			return false
		}
		f.lane.link.PayloadPart(all[f.n:ready], &f.desc, f.n, f.buf.cold)
		if f.n = ready; ready == len(all) {
			return true
		}
	}
	return false
}

// drop gives back what was copied in vain, wiped: the message, which tells whether it is a secret, is not at hand, or has
// not come. An honest peer tells of none.
func (f *following) drop() {
	if f.buf != nil {
		clear(f.buf.bytes[:f.n])
		f.buf.Free()
		f.buf = nil
	}
}

// take returns the copy if it is d's payload. A peer that says so of another deceives itself.
func (f *following) take(d *bus.Descriptor, pos uint64) *buffer {
	b := f.buf
	if b == nil || f.n < len(b.bytes) || d.Flags&bus.FlagFilled == 0 || pos != f.pos || f.desc.Offset != d.Offset || f.desc.Length != d.Length || f.desc.Encoding != d.Encoding {
		f.drop()
		return nil
	}
	f.buf = nil
	return b
}

// filled is what a lane knows of the call whose payload its peer writes. Guarded by Transport.mu.
type filled struct {
	told     following // the last that the peer has told of; without a lane: its call has come
	item     *incoming // stands for it in the queue, or for one before; nil: a looper has taken that
	followed bool      // by a looper, which is to handle call
	call     *incoming
	given    atomic.Bool // call is there
	history  spinHistory // of who follows, who is one at a time
}

// takeFilling notes that the peer writes a payload, and who may copy it meanwhile: the caller whose reply it is, or a
// looper.
func (t *Transport) takeFilling(l *lane, d *bus.Descriptor, pos uint64) {
	told := following{lane: l, desc: *d, pos: pos}
	may := t.spinning.most > 0 && t.spinning.loopers.Load() != nil
	switch d.Code {
	case bus.KindReply:
		if p := l.callers.underWay(d.Index); p != nil && !p.done.Load() && !p.abandoned {
			p.told = told
			p.hasWork.Store(may || len(p.nested) > 0)
		}
	case bus.KindCall:
		f := &l.filled
		f.told = told
		if !may || f.item != nil || f.followed || t.closed {
			return
		}
		c := t.takeIncoming()
		c.lane, c.desc, c.filling = l, bus.Descriptor{}, true
		l.uses++
		f.item = c
		t.queue.push(c)
	}
}

// giveToFollower leaves a call whose payload a looper copies to that looper. The caller has the lock.
func (t *Transport) giveToFollower(c *incoming) bool {
	f := &c.lane.filled
	f.told.lane = nil // too late for that; item stays: there is one at most, however fast they come
	if !f.followed || f.call != nil || t.chains.innermost(c.desc.Chain) != nil {
		return false
	}
	f.call = c
	f.given.Store(true)
	return true
}

// givenOn is a watcher for who follows a call on a lane: there is something to drain, or somebody has drained the call.
type givenOn struct{ *lane }

func (l givenOn) seen() bool {
	return l.link.Published() != l.drained.Load() || l.filled.given.Load()
}

// followCall has lp copy the payload of a call that is being written, for which lp's call stands. It reports whether
// that is the call that lp handles now.
func (t *Transport) followCall(lp *looper) bool {
	c := lp.call
	l, f := c.lane, &c.lane.filled
	t.mu.Lock()
	following := f.told
	f.item, f.followed = nil, following.lane != nil
	t.unlock()
	if following.lane == nil {
		return false
	}
	l.link.Follow()
	following.follow(t, &f.history, givenOn{l})
	l.link.EndFollow()
	t.mu.Lock()
	defer t.unlock()
	t.drain(l)
	call := f.call
	f.followed, f.call = false, nil
	f.given.Store(false)
	if call == nil {
		following.drop()
		return false
	}
	call.followed = following.take(&call.desc, f.told.pos)
	t.finish(c)
	lp.call = call
	return true
}

// followReply copies the reply to p as it is written.
func (p *pending) followReply(told following) {
	p.following.drop()
	p.following = told
	p.following.follow(p.t, &p.follows, p)
}

// takeWork takes the first of the nested calls, or what is known of a reply that is being written.
func (p *pending) takeWork() (c *incoming, told following) {
	p.t.mu.Lock()
	defer p.t.unlock()
	switch {
	case p.told.lane != nil:
		told, p.told.lane = p.told, nil
	case len(p.nested) > 0:
		c = p.nested[0]
		p.nested = p.nested[1:]
	}
	p.hasWork.Store(len(p.nested) > 0)
	return c, told
}
