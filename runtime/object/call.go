package object

import (
	"context"
	"math/rand/v2"
	"time"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/killpoint"
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
	if err := status.FromContext(ctx); err != nil {
		return status.At(status.StepTarget, err)
	}
	wait := tr.Flags&binder.NoWait == 0
	by, l, err := r.useFor(ctx, wait, wait && tr.Flags&binder.Oneway == 0)
	if err != nil {
		return status.At(status.StepTarget, err)
	}
	p := r.t.takePending()
	p.desc = bus.Descriptor{
		Kind: bus.KindCall, Node: r.ref.Node, By: by,
		Code: tr.Code, Flags: uint16(tr.Flags) & flagsMask, Interface: tr.Interface,
	}
	if tr.Flags&binder.Oneway != 0 {
		err = r.t.sendOneway(ctx, l, p, tr, reply)
		r.endUse(by)
		return err
	}
	return r.t.call(ctx, l, p, r, tr, reply)
}

func (t *Transport) sendOneway(ctx context.Context, l *lane, p *pending, tr *binder.Transaction, reply *binder.Reply) error {
	defer p.recycle()
	o, err := t.write(ctx, l, bus.ClassOneway, &tr.Data, &p.desc, tr.Flags&binder.NoWait == 0)
	if err != nil {
		return err
	}
	held := reply != nil && l.link.Hold()
	if held {
		defer l.link.Drop()
	}
	if _, err := o.post(l, &p.desc); err != nil {
		return status.At(status.StepPost, err)
	}
	killpoint.At("oneway: posted")
	if held {
		reply.Delivery = t.delivery(l, &o.slot)
	}
	l.link.RingLooper()
	return nil
}

// delivery tells what a oneway call that was posted has met.
func (t *Transport) delivery(l *lane, slot *bus.Slot) (d binder.Delivery) {
	if l.words.Peer.Load() != 0 {
		d |= binder.PendingFrozen
	}
	if slot.Spam && !t.noSpam.Load() {
		d |= binder.SpamSuspected
	}
	return d
}

func (t *Transport) call(ctx context.Context, l *lane, p *pending, r *remote, tr *binder.Transaction, reply *binder.Reply) error {
	d, by := &p.desc, p.desc.By
	if at, ok := ctx.Deadline(); ok {
		d.Timeout = uint64(max(1, time.Until(at)))
	}
	chain := binder.ChainFrom(ctx)
	if nice := uint16(chain.Nice); nice != 0 {
		d.Flags |= nice << niceShift
	} else {
		d.Flags |= uint16(t.nice.Load()) << niceShift
	}
	wait := tr.Flags&binder.NoWait == 0
	if err := t.begin(ctx, l, p, chain.Token, wait); err != nil {
		p.recycle()
		r.endUse(by)
		return err
	}
	d.Index, d.Chain = p.index, p.token
	killpoint.At("call: entered")
	o, err := t.write(ctx, l, bus.ClassCall, &tr.Data, d, wait)
	if err != nil {
		r.endUse(by)
		return p.finish(err, reply)
	}
	pos, err := o.post(l, d)
	if err != nil {
		err = status.At(status.StepPost, err)
	} else {
		p.position.Store(pos + 1)
		killpoint.At("call: posted")
		l.ringFor(chain)
		killpoint.At("call: rung")
		if tr.Posted != nil {
			tr.Posted()
		}
		if w := l.words.Peer.Load(); !bus.Takes(w, pos) { // it was frozen meanwhile, and will not begin the call
			err = status.At(status.StepPost, l.refuses(d.Node))
		}
	}
	r.endUse(by)
	if err == nil {
		err = p.await(ctx)
	}
	return p.finish(err, reply)
}

// ringFor wakes whoever is to take a call: the waiter of the chain that it comes back to, if that
// waits for us, else a looper.
func (l *lane) ringFor(chain binder.Chain) {
	if chain.Token != 0 && chain.Via == l && l.link.RingCaller(chain.Index) {
		return
	}
	l.link.RingLooper()
}

// begin takes a caller index, waiting for one until ctx ends, and enters the chain.
func (t *Transport) begin(ctx context.Context, l *lane, p *pending, token uint64, wait bool) error {
	for token == 0 {
		token = rand.Uint64()
	}
	t.mu.Lock()
	for {
		err := l.takesCalls(p.desc.Node)
		if err == nil && len(l.free) == 0 && !wait {
			err = status.At(status.StepReserve, status.Exceeded(status.Full, "calls under way to one process", bus.Callers+1, bus.Callers))
		}
		if err != nil {
			t.unlock()
			return status.At(status.StepTarget, err)
		}
		if len(l.free) > 0 {
			break
		}
		l.words.Watching.Store(1) // this wait ends too when the peer is frozen
		ch := t.progressChannel()
		t.unlock()
		select {
		case <-ch:
		case <-ctx.Done():
			return status.At(status.StepReserve, status.FromContext(ctx))
		}
		t.mu.Lock()
	}
	p.lane, p.token = l, token
	p.index = l.free[len(l.free)-1]
	l.free = l.free[:len(l.free)-1]
	l.callers[p.index] = p
	p.outer = t.chains[token]
	t.chains[token] = p
	l.link.Hold()
	t.unlock()
	l.link.Caller(p.index).Present()
	t.calling.Add(1)
	return nil
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
