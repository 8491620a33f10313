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
	plain     *buffer // the reply, if it was small and plain; its slot is freed
	err       error
	abandoned bool

	done      atomic.Bool // reply or err is set
	hasWork   atomic.Bool // a nested call, or a reply that is being written
	sleeper   wait.Sleeper
	spins     spinHistory
	naps      int         // of this call
	onChannel atomic.Bool // waits on signal instead of a futex
	signal    chan struct{}

	own *buffer // for a small reply; nil: there was none yet

	// Of large replies.
	told       following // the last that is being written, as far as is known; without a lane: taken. Guarded by Transport.mu, until done
	following  following // the one that was copied while it was written
	follows    spinHistory
	largeSpins spinHistory
}

// awaitUntil is await for a context that may end.
func (p *pending) awaitUntil(ctx context.Context, reply *binder.Reply) (finished bool, err error) {
	defer context.AfterFunc(ctx, p.wake)()
	return p.await(ctx, true, reply)
}

// await waits for the reply; meanwhile it handles calls that come back to its chain. It returns when
// the call is done, or with the error of the context, if that ends at all. finished tells that the reply was handed
// over, and p is another call's.
func (p *pending) await(ctx context.Context, ends bool, reply *binder.Reply) (finished bool, err error) {
	for !p.done.Load() {
		switch {
		case ends && ctx.Err() != nil: // first: the peer may see to it that there is always work
			return false, status.FromContext(ctx)
		case p.hasWork.Load():
			p.work()
			continue
		}
		p.sleep()
		if p.look(reply) {
			return true, nil
		}
	}
	return false, nil
}

// work does what there is to do while p waits.
func (p *pending) work() {
	c, told := p.takeWork()
	switch {
	case c != nil:
		p.runNested(c)
	case told.lane != nil:
		p.followReply(told)
	}
}

// runNested handles a call that came back to the chain. A handler that ends the goroutine (runtime.Goexit)
// ends the call that waits on it too: nobody takes its reply.
func (p *pending) runNested(c *incoming) {
	t := p.t
	returned := false
	defer func() {
		t.nesting.Add(-1)
		t.endAside(c)
		if !returned {
			var r binder.Reply
			p.finish(errGoexit, &r)
			r.Release()
		}
	}()
	t.nesting.Add(1) // it does not sleep meanwhile, however deep the calls nest
	t.run(c, nil)
	returned = true
}

var errGoexit = status.Errorf(status.Internal, "the handler has ended its goroutine")

// look drains the lane if something was published on it. If that is the reply, a plain one, it hands it over and ends
// the call.
func (p *pending) look(reply *binder.Reply) (finished bool) {
	l := p.lane
	if !p.published() {
		return false
	}
	p.waiter.Leave() // in the hope that it is the reply: what comes from now on is for others
	t := p.t
	t.mu.Lock()
	all := false
	if !l.draining && !l.cut && !l.dead {
		finished, all = p.takeAwaited(reply)
	}
	if finished && all && len(p.nested) == 0 && !t.after.due {
		t.leave(p)
		t.mu.Unlock() // nothing was done that unlock has to follow up
		return true
	}
	if finished {
		p.done.Store(true) // another reply breaks the protocol
	}
	t.drainer = p
	t.drain(l)
	t.drainer = nil
	switch {
	case finished:
		t.leave(p)
	case p.plain != nil:
		p.deliver(p.plain, reply)
		t.leave(p)
		finished = true
	default:
		p.waiter.Present() // it looks again before it sleeps
	}
	t.unlock()
	return finished
}

// takeAwaited takes the next message of the lane, and hands it over if it is the reply, a plain one: most often it is.
// all tells that it was the last.
func (p *pending) takeAwaited(reply *binder.Reply) (finished, all bool) {
	l, d := p.lane, &p.lane.taken
	ok, err := l.link.Next(d)
	if ok && err == nil && d.Index == p.index && p.replies(d) && isPlain(d) {
		p.deliver(p.takePlain(d), reply)
		return true, p.t.noteTaken(l)
	}
	p.t.drainer = p
	l.draining = true
	p.t.takeFetched(l, ok, err)
	l.draining = false
	p.t.drainer = nil
	return false, false
}

// finish turns what came into reply, and leaves the lane and the chain. An unfinished call is
// abandoned: its index stays taken until the peer has answered it or is gone.
func (p *pending) finish(err error, reply *binder.Reply) error {
	t, l := p.t, p.lane
	done := p.done.Load()
	if done && p.plain == nil { // the reply's slot is freed before its index is: the peer counts on it
		err = p.read(reply)
	}
	p.following.drop()
	p.waiter.Leave()
	t.mu.Lock()
	t.drain(l) // what was published for this caller while it was there is taken now
	switch {
	case done:
		if p.plain != nil {
			err = nil
			p.deliver(p.plain, reply)
		}
		t.leave(p)
	case p.done.Load(): // answered, or died, in the last moment
		t.dropAnswer(p)
		t.leave(p)
	case p.position.Load() == 0:
		t.leave(p)
	default:
		t.leaveChain(p)
		p.abandoned = true
		killpoint.At("cancel")
		t.cancel(p)
	}
	t.unlock()
	return err
}

// leave ends a call that is answered, or was not posted.
func (t *Transport) leave(p *pending) {
	t.leaveChain(p)
	t.freeIndex(p)
}

// dropAnswer gives back a reply that nobody reads.
func (t *Transport) dropAnswer(p *pending) {
	switch {
	case p.err != nil:
		return
	case p.plain != nil:
		p.plain.secret = p.desc.Flags&bus.FlagClearBuf != 0
		p.plain.Free()
		return
	}
	t.dropEntries(p.entries)
	t.dropFiles(p.lane, p.replyAt, &p.reply)
	p.lane.link.Free(&p.reply)
}

// leaveChain notes that nobody waits any more.
func (t *Transport) leaveChain(p *pending) {
	t.calling.Add(-1)
	p.lane.finished()
	t.chains.leave(p)
	killpoint.At("return: chain left")
	if p.nested == nil {
		return
	}
	for _, c := range p.nested { // nobody waits here any more: a looper handles them
		t.queue.push(c)
	}
	p.nested = nil
	p.hasWork.Store(false)
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
	if p.entries != nil || p.err != nil {
		p.entries, p.err = nil, nil
	}
	p.following.drop()
	p.position.Store(0)
	if p.done.Load() {
		p.plain = nil
		p.done.Store(false)
	}
}
