package object

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/internal/wait"
	"ubinder/runtime/status"
)

// Transact implements binder.Remote.
func (r *remote) Transact(ctx context.Context, tr *binder.Transaction, reply *binder.Reply) error {
	if err := status.FromContext(ctx); err != nil {
		return err
	}
	by, l, err := r.use(ctx, tr.Flags&binder.NoWait == 0)
	if err != nil {
		return err
	}
	p := r.t.takePending()
	p.desc = bus.Descriptor{
		Kind: bus.KindCall, Node: r.ref.Node, By: by,
		Code: tr.Code, Flags: uint16(tr.Flags), Interface: tr.Interface,
	}
	if tr.Flags&binder.Oneway != 0 {
		err = r.t.sendOneway(ctx, l, p, tr)
		r.endUse(by)
		return err
	}
	return r.t.call(ctx, l, p, r, tr, reply)
}

// outgoing is a message whose slot is filled and whose references are counted, ready to be posted.
type outgoing struct {
	slot    bus.Slot
	content *content // nil without attachments
}

// write reserves a slot for data and fills it. With wait it blocks for room until ctx ends.
func (t *Transport) write(ctx context.Context, l *lane, class bus.Class, data *binder.Data, d *bus.Descriptor, wait bool) (o outgoing, err error) {
	if len(data.Attachments) > 0 {
		if o.content, err = t.prepare(ctx, l, data.Attachments); err != nil {
			return o, err
		}
	}
	size := len(data.Payload)
	if data.Body != nil {
		size = data.Body.Size()
	}
	entries := 0
	if o.content != nil {
		entries = len(o.content.entries)
	}
	if o.slot, err = reserve(ctx, l.link, class, bus.SlotSize(size, entries), wait); err == nil {
		err = o.fill(l, data, d, size)
	}
	if err != nil && o.content != nil {
		o.content.undo()
	}
	return o, err
}

func reserve(ctx context.Context, link bus.Link, class bus.Class, size int, wait bool) (bus.Slot, error) {
	for {
		slot, err := link.Reserve(class, size)
		if err == nil || !wait || !errors.Is(err, status.Full) {
			return slot, err
		}
		if err := link.AwaitRoom(ctx); err != nil {
			return slot, err
		}
	}
}

func (o *outgoing) fill(l *lane, data *binder.Data, d *bus.Descriptor, size int) error {
	n := copy(o.slot.Bytes, data.Payload)
	if data.Body != nil {
		var err error
		if n, err = appendBody(o.slot.Bytes[:0:size], data.Body); err != nil {
			l.link.Abandon(o.slot)
			return err
		}
	}
	d.Encoding = uint8(data.Encoding)
	d.Length = uint32(n)
	if o.content != nil {
		d.Entries = uint16(len(o.content.entries))
		bus.PutEntries(o.slot.Bytes, n, o.content.entries)
	}
	return nil
}

// appendBody encodes into dst's memory. A body that grew since it told its size has been changed by
// somebody meanwhile.
func appendBody(dst []byte, body binder.Body) (int, error) {
	size := cap(dst)
	out, err := body.AppendTo(dst)
	if err != nil {
		return 0, status.Errorf(status.Encoding, "payload: %w", err)
	}
	if len(out) > size || len(out) > 0 && unsafe.SliceData(out) != unsafe.SliceData(dst) {
		return 0, status.Errorf(status.Encoding, "the payload changed while it was encoded: %d bytes became %d", size, len(out))
	}
	return len(out), nil
}

// post publishes what write prepared.
func (o *outgoing) post(l *lane, d *bus.Descriptor) (uint64, error) {
	var files []int
	if o.content != nil {
		files = o.content.numbers()
	}
	pos, err := l.link.Post(d, o.slot, files)
	if o.content != nil {
		if err != nil {
			o.content.undo()
		} else {
			o.content.done()
		}
	}
	return pos, err
}

func (t *Transport) sendOneway(ctx context.Context, l *lane, p *pending, tr *binder.Transaction) error {
	defer p.recycle()
	o, err := t.write(ctx, l, bus.ClassOneway, &tr.Data, &p.desc, tr.Flags&binder.NoWait == 0)
	if err != nil {
		return err
	}
	if _, err := o.post(l, &p.desc); err != nil {
		return err
	}
	l.link.RingLooper()
	return nil
}

// pending is a call that waits for its reply, on the goroutine that made it.
type pending struct {
	t      *Transport
	lane   *lane
	parker wait.Parker // stays: wake may come late
	index  uint32      // caller index on the lane
	token  uint64

	desc     bus.Descriptor
	position atomic.Uint64 // of the call, plus one; zero until it is posted

	// Guarded by Transport.mu, but for the caller once done is set.
	outer     *pending    // waits in the same chain, further out
	nested    []*incoming // calls that came back to this chain
	reply     bus.Descriptor
	replyAt   uint64
	entries   []received
	err       error
	abandoned bool

	done      atomic.Bool // reply or err is set
	hasNested atomic.Bool
	sleeper   wait.Sleeper
	onChannel atomic.Bool // waits on signal instead of a futex
	signal    chan struct{}
}

// maxThreads is how many callers of a program may block a thread each, for the shortest way back. Those
// beyond wait on a channel, and a looper takes all their replies with one wake-up.
const maxThreads = 2

var blockedThreads atomic.Int64

func (t *Transport) call(ctx context.Context, l *lane, p *pending, r *remote, tr *binder.Transaction, reply *binder.Reply) error {
	d, by := &p.desc, p.desc.By
	if at, ok := ctx.Deadline(); ok {
		d.Timeout = uint64(max(1, time.Until(at)))
	}
	o, err := t.write(ctx, l, bus.ClassCall, &tr.Data, d, tr.Flags&binder.NoWait == 0)
	if err != nil {
		p.recycle()
		r.endUse(by)
		return err
	}
	chain := binder.ChainFrom(ctx)
	if err := t.begin(ctx, l, p, chain.Token); err != nil {
		o.abandon(l)
		p.recycle()
		r.endUse(by)
		return err
	}
	d.Index, d.Chain = p.index, p.token
	pos, err := o.post(l, d)
	if err == nil {
		p.position.Store(pos + 1)
		l.ringFor(chain)
	}
	r.endUse(by)
	if err == nil {
		err = p.await(ctx)
	}
	return p.finish(err, reply)
}

func (o *outgoing) abandon(l *lane) {
	l.link.Abandon(o.slot)
	if o.content != nil {
		o.content.undo()
	}
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
func (t *Transport) begin(ctx context.Context, l *lane, p *pending, token uint64) error {
	for token == 0 {
		token = rand.Uint64()
	}
	t.mu.Lock()
	for len(l.free) == 0 || !l.writable {
		if !l.writable {
			err := l.link.Err()
			t.unlock()
			if err == nil {
				err = errDeadObject
			}
			return err
		}
		ch := t.progressChannel()
		t.unlock()
		select {
		case <-ch:
		case <-ctx.Done():
			return status.FromContext(ctx)
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
	return nil
}

// await waits for the reply; meanwhile it handles calls that come back to its chain. It returns when
// the call is done, or with the context's error.
func (p *pending) await(ctx context.Context) error {
	t, caller := p.t, p.lane.link.Caller(p.index)
	stop := func() bool { return true }
	watching := false
	for !p.done.Load() {
		if c := p.takeNested(); c != nil {
			t.run(c)
			t.mu.Lock()
			t.finish(c)
			t.unlock()
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
		p.sleep(caller)
		p.look()
	}
	stop()
	return nil
}

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

// sleep waits until the reply's ring, or wake. It arms, then looks once more.
func (p *pending) sleep(caller *wait.Waiter) {
	if blockedThreads.Add(1) > maxThreads {
		blockedThreads.Add(-1)
		p.sleepOnChannel(caller)
		return
	}
	defer blockedThreads.Add(-1)
	p.t.yield()
	bell, val := caller.Arm(wait.OnFutex)
	if !p.something() {
		p.sleeper.Sleep(p.t.parker, bell, val, 0)
	}
	caller.Present()
}

// yieldEvery is after how many sleeps a thread lets other goroutines run first.
const yieldEvery = 256

// yield keeps short sleeps from starving the program's other goroutines: a thread that sleeps in the
// kernel keeps its processor of the Go scheduler for a while, and for ever when it sleeps again and
// again for moments only.
func (t *Transport) yield() {
	if t.sleeps.Add(1)%yieldEvery == 0 {
		runtime.Gosched()
	}
}

func (p *pending) sleepOnChannel(caller *wait.Waiter) {
	p.onChannel.Store(true)
	caller.Arm(wait.OnPoll)
	p.t.wantLooper(p.lane)
	if !p.something() {
		<-p.signal
	}
	caller.Present()
	p.onChannel.Store(false)
}

// something reports whether there is a reason not to sleep. What another goroutine has drained shows
// in done before it shows in drained, so the lane is looked at first.
func (p *pending) something() bool {
	published := p.lane.drained.Load() != p.lane.link.Published()
	return published || p.done.Load() || p.hasNested.Load()
}

// wake ends the sleep, or the next one. Safe for concurrent use, and after the call has ended.
func (p *pending) wake() {
	select {
	case p.signal <- struct{}{}:
	default:
	}
	p.sleeper.Poke(p.parker)
}

func (p *pending) takeNested() *incoming {
	if !p.hasNested.Load() {
		return nil
	}
	p.t.mu.Lock()
	defer p.t.unlock()
	c := p.nested[0]
	p.nested = p.nested[1:]
	p.hasNested.Store(len(p.nested) > 0)
	return c
}

// finish turns what came into reply, and leaves the lane and the chain. An unfinished call is
// abandoned: its index stays taken until the peer has answered it or is gone.
func (p *pending) finish(err error, reply *binder.Reply) error {
	t, l := p.t, p.lane
	done := p.done.Load()
	if done { // the reply's slot is freed before its index is: the peer counts on it
		err = p.read(reply)
	}
	l.link.Caller(p.index).Leave()
	t.mu.Lock()
	t.drain(l) // what was published for this caller while it was there is taken now
	t.leaveChain(p)
	switch {
	case done:
		t.freeIndex(p)
	case p.done.Load(): // answered, or died, in the last moment
		t.dropAnswer(p)
		t.freeIndex(p)
	case p.position.Load() == 0:
		l.callers[p.index] = nil
		t.freeIndex(p)
	default:
		p.abandoned = true
		t.cancel(p)
		t.unlock()
		l.link.Drop()
		return err
	}
	t.unlock()
	l.link.Drop()
	p.recycle()
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
	if t.chains[p.token] == p {
		if p.outer != nil {
			t.chains[p.token] = p.outer
		} else {
			delete(t.chains, p.token)
		}
	} else {
		for q := t.chains[p.token]; q != nil; q = q.outer {
			if q.outer == p {
				q.outer = p.outer
			}
		}
	}
	for _, c := range p.nested { // nobody waits here any more: a looper handles them
		t.queue.push(c)
	}
	p.nested = nil
	p.hasNested.Store(false)
}

// freeIndex lets another call use p's caller index. Nobody uses its bell any more.
func (t *Transport) freeIndex(p *pending) {
	p.lane.free = append(p.lane.free, p.index)
	if len(p.lane.free) == 1 {
		t.noteProgress()
	}
}

// cancel tells the peer that nobody waits for the reply any more.
func (t *Transport) cancel(p *pending) {
	if !p.lane.writable {
		return
	}
	d := bus.Descriptor{Kind: bus.KindCancel, Node: p.position.Load() - 1, Index: p.index}
	if _, err := p.lane.link.PostControl(&d); err == nil {
		t.noteRing(p.lane)
	}
}

func (t *Transport) takePending() *pending {
	p, ok := t.pendings.Get().(*pending)
	if !ok {
		p = &pending{parker: t.parker, signal: make(chan struct{}, 1)}
	}
	p.t = t
	return p
}

func (p *pending) recycle() {
	t := p.t
	p.t, p.lane, p.outer, p.nested, p.entries, p.err = nil, nil, nil, nil, nil, nil
	p.position.Store(0)
	p.abandoned = false
	p.done.Store(false)
	select {
	case <-p.signal:
	default:
	}
	t.pendings.Put(p)
}

// read copies a reply out of the peer's slot, frees it, and hands the content over.
func (p *pending) read(reply *binder.Reply) error {
	if p.err != nil {
		return p.err
	}
	d, l := &p.reply, p.lane
	buf := takeBuffer(int(d.Length))
	l.link.Payload(buf.bytes, d)
	l.link.Free(d)
	var fds []sys.FD
	if d.Files > 0 {
		var err error
		if fds, err = l.link.Files(p.replyAt, int(d.Files)); err != nil {
			p.dropReply(buf)
			return fileError(err)
		}
	}
	if d.Code != 0 {
		err := remoteError(d, buf.bytes)
		sys.CloseAll(fds)
		p.dropReply(buf)
		return err
	}
	reply.Payload = buf.bytes
	reply.Encoding = binder.Encoding(d.Encoding)
	reply.Attachments = p.t.attachments(p.entries, fds)
	reply.SetMemory(buf)
	return nil
}

func (p *pending) dropReply(buf *buffer) {
	buf.Free()
	p.t.mu.Lock()
	p.t.dropEntries(p.entries)
	p.t.unlock()
}

func remoteError(d *bus.Descriptor, text []byte) error {
	code := status.Code(d.Code)
	if !code.Known() {
		code = status.Internal
	}
	return &status.Error{Code: code, Message: string(text), Remote: true, Service: int32(d.Interface)}
}

// takeReply takes a drained reply: its effects on references apply whether or not anybody waits.
func (t *Transport) takeReply(l *lane, d *bus.Descriptor, pos uint64) error {
	p := l.callers[d.Index]
	if p == nil || !p.replies(d) {
		return status.Errorf(status.Protocol, "the peer broke the protocol: it answered call %d of caller %d, which is not waiting", d.Node, d.Index)
	}
	entries, err := t.takeEntries(l, d)
	if status.CodeOf(err) == status.Protocol {
		return err
	}
	l.callers[p.index] = nil
	if p.abandoned || err != nil {
		t.dropEntries(entries)
		l.link.Free(d)
		t.dropFiles(l, pos, d)
	}
	if p.abandoned {
		t.freeIndex(p)
		p.recycle()
		return nil
	}
	p.reply, p.replyAt, p.entries, p.err = *d, pos, entries, err
	t.complete(p)
	return nil
}

// replies reports whether d answers this call. The reply can be here before the caller has noted the
// position of its own call.
func (p *pending) replies(d *bus.Descriptor) bool {
	at := p.position.Load()
	return !p.done.Load() && (at == 0 || d.Node == at-1)
}

// complete marks p done. A caller asleep on a futex has been rung by the peer; one that waits on a
// channel is woken here.
func (t *Transport) complete(p *pending) {
	p.done.Store(true)
	if p.onChannel.Load() && t.drainer != p {
		t.after.wakes = append(t.after.wakes, p)
	}
}

// failCallers ends every call on a lane that has died.
func (t *Transport) failCallers(l *lane, err error) {
	for i, p := range l.callers {
		if p == nil {
			continue
		}
		l.callers[i] = nil
		if p.abandoned {
			p.recycle()
			continue
		}
		p.err = err
		p.done.Store(true)
		t.after.wakes = append(t.after.wakes, p)
	}
}

func (t *Transport) dropFiles(l *lane, pos uint64, d *bus.Descriptor) {
	if d.Files > 0 {
		fds, _ := l.link.Files(pos, int(d.Files))
		sys.CloseAll(fds)
	}
}
