package object

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/reftab"
	"ubinder/runtime/internal/wait"
	"ubinder/runtime/status"
)

// Transact implements binder.Remote.
func (r *remote) Transact(ctx context.Context, tr *binder.Transaction, reply *binder.Reply) error {
	err := r.transact(ctx, tr, reply)
	if err != nil {
		err = r.failed(tr, err)
	}
	return err
}

// failed names the call that err has ended. Steps before the wait for the reply are noted where they
// are taken.
func (r *remote) failed(tr *binder.Transaction, err error) error {
	r.t.mu.Lock()
	ref := r.ref.Resolve()
	owner, node := ref.Owner, ref.Node
	r.t.mu.Unlock()
	return status.OfCall(err, status.Call{
		Process: owner, Node: node, Code: tr.Code, Oneway: tr.Flags&binder.Oneway != 0, Step: status.StepReply,
	})
}

func (r *remote) transact(ctx context.Context, tr *binder.Transaction, reply *binder.Reply) error {
	ends := ctx.Done()
	if ends != nil {
		if err := status.FromContext(ctx); err != nil {
			return status.At(status.StepTarget, err)
		}
	}
	wait := tr.Flags&binder.NoWait == 0
	if tr.Flags&binder.Oneway != 0 {
		return r.sendOneway(ctx, tr, reply, wait)
	}
	chain := binder.ChainFrom(ctx)
	p, by, err := r.enter(ctx, chain.Token, wait)
	if err != nil {
		return err
	}
	p.describe(r.ref.Node, by, chain, tr)
	return p.call(ctx, ends != nil, r, chain, tr, reply)
}

// describe fills the descriptor of a call, but for what the message adds.
func (p *pending) describe(node, by uint64, chain *binder.Chain, tr *binder.Transaction) {
	nice := uint16(chain.Nice)
	if nice == 0 {
		nice = uint16(p.t.nice.Load())
	}
	d := &p.desc
	d.Kind, d.Flags, d.Code, d.Interface = bus.KindCall, uint16(tr.Flags)&flagsMask|nice<<niceShift, tr.Code, tr.Interface
	d.Node, d.By, d.Chain, d.Index, d.Timeout = node, by, p.token, p.index, 0
}

// onewayCall is memory for a oneway call.
type onewayCall struct {
	desc    bus.Descriptor
	scratch scratch
}

var onewayCalls = sync.Pool{New: func() any { return new(onewayCall) }}

func (r *remote) sendOneway(ctx context.Context, tr *binder.Transaction, reply *binder.Reply, wait bool) error {
	by, l, err := r.use(ctx, wait)
	if err != nil {
		return status.At(status.StepTarget, err)
	}
	defer r.endUse(by)
	c := onewayCalls.Get().(*onewayCall)
	defer onewayCalls.Put(c)
	c.desc = bus.Descriptor{
		Kind: bus.KindCall, Node: r.ref.Node, By: by,
		Code: tr.Code, Flags: uint16(tr.Flags) & flagsMask, Interface: tr.Interface,
	}
	return r.t.postOneway(ctx, l, c, tr, reply, wait)
}

func (t *Transport) postOneway(ctx context.Context, l *lane, c *onewayCall, tr *binder.Transaction, reply *binder.Reply, wait bool) error {
	if !l.link.Hold() {
		return status.At(status.StepReserve, l.link.Err())
	}
	defer l.link.Drop()
	_, spam, err := t.send(ctx, l, bus.ClassOneway, &tr.Data, &c.desc, &c.scratch, wait)
	if err != nil {
		return err
	}
	killpoint.At("oneway: posted")
	if reply != nil {
		reply.Delivery = t.delivery(l, spam)
	}
	l.link.RingOneway(c.desc.Node)
	return nil
}

// delivery tells what a oneway call that was posted has met.
func (t *Transport) delivery(l *lane, spam bool) (d binder.Delivery) {
	if l.words.Peer.Load() != 0 {
		d |= binder.PendingFrozen
	}
	if spam && !t.noSpam.Load() {
		d |= binder.SpamSuspected
	}
	return d
}

// call sends what desc describes, and waits for the reply. ctx ends perhaps.
func (p *pending) call(ctx context.Context, ends bool, r *remote, chain *binder.Chain, tr *binder.Transaction, reply *binder.Reply) error {
	l, d := p.lane, &p.desc
	if ends {
		if at, ok := ctx.Deadline(); ok {
			d.Timeout = uint64(max(1, time.Until(at)))
		}
	}
	killpoint.At("call: entered")
	pos, _, err := p.t.send(ctx, l, bus.ClassCall, &tr.Data, d, &p.scratch, tr.Flags&binder.NoWait == 0)
	if err == nil {
		p.position.Store(pos + 1)
		killpoint.At("call: posted")
		if d.Flags&bus.FlagFilled == 0 || !l.link.Followed() {
			l.ringFor(chain)
		}
		killpoint.At("call: rung")
		if tr.Posted != nil {
			tr.Posted()
		}
		if w := l.words.Peer.Load(); !bus.Takes(w, pos) { // it was frozen meanwhile, and will not begin the call
			err = status.At(status.StepPost, l.refuses(d.Node))
		}
	}
	if d.By != reftab.NoClaim {
		r.endUse(d.By)
	}
	if err == nil {
		var finished bool
		if p.naps = 0; ends {
			finished, err = p.awaitUntil(ctx, reply)
		} else {
			finished, err = p.await(ctx, false, reply)
		}
		if finished {
			return nil
		}
	}
	return p.finish(err, reply)
}

// ringFor wakes whoever is to take a call: the waiter of the chain that it comes back to, if that
// waits for us, else a looper. The lane is held.
func (l *lane) ringFor(chain *binder.Chain) {
	if chain.Token != 0 && chain.Via == l && l.link.RingCaller(chain.Index) != wait.Absent {
		return
	}
	l.link.RingLooper()
}

// enter prepares a use of the reference and begins a call, waiting for what it takes until ctx ends.
// A call does not wait for a process that is frozen.
func (r *remote) enter(ctx context.Context, token uint64, wait bool) (p *pending, by uint64, err error) {
	t := r.t
	t.mu.Lock()
	if l := r.lane; l != nil && l.writable && r.ref.Plain() && !l.behind.Load() && l.words.Peer.Load() == 0 {
		if p = l.callers.takeIdle(); p != nil {
			t.begun(p, token)
			t.mu.Unlock() // nothing was done that unlock has to follow up
			return p, reftab.NoClaim, nil
		}
	}
	return r.enterSlowly(ctx, token, wait)
}

// enterSlowly is enter where something has to be found out, or waited for. The caller has the lock, and loses it.
func (r *remote) enterSlowly(ctx context.Context, token uint64, wait bool) (p *pending, by uint64, err error) {
	t := r.t
	by, l, missing, err := r.tryUse()
	for l == nil && err == nil {
		t.unlock()
		if wait {
			err = t.findFrozen(ctx, missing.owner)
		}
		if err == nil {
			err = missing.await(ctx, wait)
		}
		t.mu.Lock()
		if err == nil {
			by, l, missing, err = r.tryUse()
		}
	}
	if err != nil {
		t.unlock()
		return nil, 0, status.At(status.StepTarget, err)
	}
	if p, err = t.begin(ctx, l, r.ref.Node, token, wait); err != nil && by != reftab.NoClaim {
		t.table.EndUse(r.ref, by)
	}
	r.lane = l
	t.unlock()
	return p, by, err
}

// begun notes that a call has begun, in a chain; token zero stands for a new one. The caller has the lock.
func (t *Transport) begun(p *pending, token uint64) {
	for token == 0 {
		token = rand.Uint64()
	}
	p.token = token
	t.chains.enter(p)
	t.calling.Add(1)
	p.lane.uses++
	p.waiter.Present()
}

// begin takes a caller index, waiting for one until ctx ends, and enters the chain; zero stands for a
// new one. The caller has the lock, which is free while it waits.
func (t *Transport) begin(ctx context.Context, l *lane, node, token uint64, wait bool) (*pending, error) {
	for {
		if err := l.takesCalls(node); err != nil {
			return nil, status.At(status.StepTarget, err)
		}
		if p := l.callers.take(l); p != nil {
			t.begun(p, token)
			return p, nil
		}
		if !wait {
			return nil, status.At(status.StepReserve, status.Exceeded(status.Full, "calls under way to one process", bus.Callers+1, bus.Callers))
		}
		l.words.Watching.Store(1) // this wait ends too when the peer is frozen
		ch := t.progressChannel()
		t.unlock()
		select {
		case <-ch:
		case <-ctx.Done():
		}
		err := status.FromContext(ctx)
		t.mu.Lock()
		if err != nil {
			return nil, status.At(status.StepReserve, err)
		}
	}
}

// takesCalls returns why a call of a node must not be posted. The caller has the lock.
func (l *lane) takesCalls(node uint64) error {
	if l.writable {
		return l.refuses(node)
	}
	if err := l.link.Err(); err != nil {
		return err
	}
	return errDeadObject
}
