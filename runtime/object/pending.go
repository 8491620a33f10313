package object

import (
	"context"
	"sync/atomic"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/wait"
	"ubinder/runtime/status"
)

// pending is a call that waits for its reply, on the goroutine that made it.
type pending struct {
	t      *Transport
	lane   *lane
	waiter wait.Waiter
	index  uint32 // caller index on the lane
	token  uint64

	desc     bus.Descriptor
	position atomic.Uint64 // of the call, plus one; zero until it is posted
	scratch  scratch

	// Guarded by Transport.mu, but for the caller once done is set.
	busy      bool        // in use
	next      *pending    // in the bucket of its chain
	nested    []*incoming // calls that came back to this chain
	reply     bus.Descriptor
	replyAt   uint64
	entries   []received
	err       error
	abandoned bool

	done      atomic.Bool // reply or err is set
	hasNested atomic.Bool
	sleeper   wait.Sleeper
	spins     spinHistory
	naps      int         // of this call
	onChannel atomic.Bool // waits on signal instead of a futex
	signal    chan struct{}
}

// await waits for the reply; meanwhile it handles calls that come back to its chain. It returns when
// the call is done, or with the context's error.
func (p *pending) await(ctx context.Context) error {
	stop := func() bool { return true }
	watching := false
	p.naps = 0
	for !p.done.Load() {
		if c := p.takeNested(); c != nil {
			p.runNested(c)
			continue
		}
		if ctx.Err() != nil {
			stop()
			return status.FromContext(ctx)
		}
		if !watching && ctx.Done() != nil {
			stop = context.AfterFunc(ctx, p.wake)
			watching = true
		}
		p.sleep()
		p.look()
	}
	stop()
	return nil
}

// runNested handles a call that came back to the chain. A handler that ends the goroutine (runtime.Goexit)
// ends the call that waits on it too: nobody takes its reply.
func (p *pending) runNested(c *incoming) {
	t := p.t
	returned := false
	defer func() {
		if !returned {
			t.nesting.Add(-1)
			var r binder.Reply
			p.finish(errGoexit, &r)
			r.Release()
		}
	}()
	t.nesting.Add(1) // it does not sleep meanwhile, however deep the calls nest
	t.run(c, nil)
	returned = true
	t.nesting.Add(-1)
	t.mu.Lock()
	t.finish(c)
	t.unlock()
}

var errGoexit = status.Errorf(status.Internal, "the handler has ended its goroutine")

// look drains the lane if something was published on it.
func (p *pending) look() {
	if p.lane.drained.Load() == p.lane.link.Published() {
		return
	}
	t := p.t
	t.mu.Lock()
	t.drainer = p
	t.drain(p.lane)
	t.drainer = nil
	t.unlock()
}

// finish turns what came into reply, and leaves the lane and the chain. An unfinished call is
// abandoned: its index stays taken until the peer has answered it or is gone.
func (p *pending) finish(err error, reply *binder.Reply) error {
	t, l := p.t, p.lane
	t.calling.Add(-1)
	done := p.done.Load()
	if done { // the reply's slot is freed before its index is: the peer counts on it
		err = p.read(reply)
	}
	p.waiter.Leave()
	t.mu.Lock()
	t.drain(l) // what was published for this caller while it was there is taken now
	t.leaveChain(p)
	killpoint.At("return: chain left")
	switch {
	case done:
		t.freeIndex(p)
	case p.done.Load(): // answered, or died, in the last moment
		t.dropAnswer(p)
		t.freeIndex(p)
	case p.position.Load() == 0:
		t.freeIndex(p)
	default:
		p.abandoned = true
		killpoint.At("cancel")
		t.cancel(p)
		t.unlock()
		l.link.Drop()
		return err
	}
	t.unlock()
	l.link.Drop()
	return err
}

// dropAnswer gives back a reply that nobody reads.
func (t *Transport) dropAnswer(p *pending) {
	if p.err != nil {
		return
	}
	t.dropEntries(p.entries)
	t.dropFiles(p.lane, p.replyAt, &p.reply)
	p.lane.link.Free(&p.reply)
}

func (t *Transport) leaveChain(p *pending) {
	t.chains.leave(p)
	for _, c := range p.nested { // nobody waits here any more: a looper handles them
		t.queue.push(c)
	}
	if p.nested != nil {
		p.nested = nil
		p.hasNested.Store(false)
	}
}

// freeIndex lets another call use p and its caller index. Nobody uses its bell any more.
func (t *Transport) freeIndex(p *pending) {
	if p.lane.callers.give(p) {
		t.noteProgress()
	}
}

// cancel tells the peer that nobody waits for the reply any more.
func (t *Transport) cancel(p *pending) {
	if !p.lane.writable {
		return
	}
	d := bus.Descriptor{Kind: bus.KindCancel, Node: p.position.Load() - 1, Index: p.index}
	p.lane.cancels = append(p.lane.cancels, d)
	t.sendCancels(p.lane)
}

// sendCancels posts the cancels of a lane that there is credit for; Readable follows for the others.
func (t *Transport) sendCancels(l *lane) {
	for len(l.cancels) > 0 {
		if _, err := l.link.PostControl(&l.cancels[0]); err != nil {
			return
		}
		l.cancels = l.cancels[1:]
		t.noteRing(l)
	}
}

func newPending(l *lane, index uint32) *pending {
	return &pending{t: l.t, lane: l, waiter: l.link.Caller(index), index: index, signal: make(chan struct{}, 1), spins: l.t.spinning.newCaller()}
}

// reset makes p ready for the next call. A wake may still come late.
func (p *pending) reset() {
	p.busy, p.abandoned = false, false
	p.entries, p.err = nil, nil
	p.position.Store(0)
	p.done.Store(false)
}
