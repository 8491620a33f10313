package object

import (
	"sync/atomic"
	"time"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/reftab"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/status"
)

// arrival is a call that was drained. Its slot stays the sender's credit until it is handled.
type arrival struct {
	lane     *lane
	desc     bus.Descriptor
	position uint64
	target   *binder.Node // nil: it is refused, or of the process itself
	pin      reftab.Pin   // of the target
	entries  []received
	refused  error  // why the handler must not see it
	copied   []byte // the payload, if it was copied and acknowledged already
}

// incoming is a call that waits for a looper, or is handled.
type incoming struct {
	arrival
	looper *looper     // that handles it; nil: a caller does, in its chain
	line   *onewayLine // nil: the call itself; else the next of the line's, and those that follow

	payload *buffer // that the handler reads, while it runs

	cancelled atomic.Bool
	answered  atomic.Bool                        // or about to be: the peer may use its caller index again
	running   atomic.Pointer[binder.CallContext] // of the handler that was started last: to cancel it when it has returned does nothing

	// Kept between calls, so that they do not allocate.
	call     binder.IncomingCall
	dispatch binder.Incoming
	answer   bus.Descriptor
	own      buffer  // for a small payload
	scratch  scratch // for a small reply
	ahead    buffer  // for a payload that was copied already
	followed *buffer // has the payload, if it was copied while it was written
	filling  bool    // it stands for a call whose payload the peer is writing
}

// ownBuffer is the size of an incoming's own buffer; most calls are smaller.
const ownBuffer = 1024

// takeBuffer returns memory for a payload of n bytes that came in a slot.
func (c *incoming) takeBuffer(n int) *buffer {
	if n > ownBuffer {
		b, _ := c.lane.t.takeBuffer(n, &c.desc)
		return b
	}
	if c.own.bytes == nil {
		c.own = buffer{bytes: make([]byte, ownBuffer), class: ownClass}
	}
	c.own.bytes = c.own.bytes[:n]
	return &c.own
}

// maxIdle is how many are kept to be used again.
const maxIdle = 256

// takeIncoming returns an empty one. The caller has the lock.
func (t *Transport) takeIncoming() *incoming {
	if n := len(t.idle); n > 0 {
		c := t.idle[n-1]
		t.idle = t.idle[:n-1]
		return c
	}
	c := new(incoming)
	c.dispatch.Started = c.handlerStarts
	return c
}

// served reports whether a process is not frozen before this call is finished.
func (c *incoming) served() bool {
	return c.desc.Flags&bus.FlagOneway == 0 && c.desc.Node != processNode
}

// handles returns the call of the peer's caller index that is not answered, or not finished; nil when there is none.
func (l *lane) handles(index uint32) *incoming {
	if index >= uint32(len(l.handling)) {
		return nil
	}
	return l.handling[index]
}

// nowHandles notes such a call. The link has checked its index.
func (l *lane) nowHandles(index uint32, c *incoming) {
	for uint32(len(l.handling)) <= index {
		l.handling = append(l.handling, nil)
	}
	l.handling[index] = c
}

// handled notes that c is finished.
func (l *lane) handled(c *incoming) {
	if i := c.desc.Index; l.handles(i) == c {
		l.handling[i] = nil
	}
}

// handlerStarts notes what to cancel. A cancel that comes meanwhile sees that, or is seen here: then
// the handler does not start.
func (c *incoming) handlerStarts(ctx *binder.CallContext) bool {
	c.running.Store(ctx)
	return !c.cancelled.Load()
}

// cancelIncoming has the handler told that nobody waits for its answer. c is in its lane's handling.
func (t *Transport) cancelIncoming(c *incoming) {
	c.cancelled.Store(true)
	if ctx := c.running.Load(); ctx != nil {
		t.after.call(ctx.Cancel)
	}
}

// queue is calls in the order in which they were drained.
type queue struct {
	list []*incoming
	head int
}

func (q *queue) push(c *incoming) {
	if len(q.list) == cap(q.list) && q.head > len(q.list)/2 { // one that is never empty must not grow for ever
		n := copy(q.list, q.list[q.head:])
		clear(q.list[n:])
		q.list, q.head = q.list[:n], 0
	}
	q.list = append(q.list, c)
}

func (q *queue) len() int { return len(q.list) - q.head }

func (q *queue) empty() bool { return q.head == len(q.list) }

// first is what pop returns next: there is one.
func (q *queue) first() *incoming { return q.list[q.head] }

func (q *queue) pop() *incoming {
	if q.empty() {
		return nil
	}
	c := q.list[q.head]
	q.list[q.head] = nil
	q.head++
	if q.empty() {
		q.list, q.head = q.list[:0], 0
	}
	return c
}

// take applies one drained message. It only queues calls (R5). An error cuts the peer off.
func (t *Transport) take(l *lane, d *bus.Descriptor, pos uint64) error {
	switch d.Kind {
	case bus.KindCall:
		return t.takeCall(l, d, pos)
	case bus.KindReply:
		return t.takeReply(l, d, pos)
	case bus.KindCancel:
		t.takeCancel(l, d)
		return nil
	case bus.KindFrozen:
		t.takeFrozen(l)
		return nil
	case bus.KindFilling:
		t.takeFilling(l, d, pos)
		return nil
	}
	c, ok := controlOf(d)
	if !ok {
		return status.Errorf(status.Protocol, "the peer broke the protocol: it sent a message of unknown kind %d", d.Kind)
	}
	return t.table.Receive(l.id, pos, c)
}

func (t *Transport) takeCall(l *lane, d *bus.Descriptor, pos uint64) error {
	if d.Flags&bus.FlagOneway != 0 {
		return t.takeOneway(l, d, pos)
	}
	if c := l.handles(d.Index); c != nil && !c.answered.Load() {
		return status.Errorf(status.Protocol, "the peer broke the protocol: caller %d makes a second call", d.Index)
	}
	c := t.takeIncoming()
	l.nowHandles(d.Index, c)
	if err := t.arrive(&c.arrival, l, d, pos); err != nil {
		return err
	}
	if c.served() {
		t.serving++
	}
	switch {
	case d.Node == processNode:
		t.aside(c)
	case pos < l.frozenUntil:
		t.refuse(c)
	case d.Flags&bus.FlagFilled != 0 && t.giveToFollower(c):
	default:
		t.route(c)
	}
	return nil
}

// arrive makes a of a drained call. An error cuts the peer off.
func (t *Transport) arrive(a *arrival, l *lane, d *bus.Descriptor, pos uint64) error {
	a.lane, a.desc, a.position = l, *d, pos
	if d.Entries|d.Files != 0 {
		if a.entries, a.refused = t.takeEntries(l, d); status.CodeOf(a.refused) == status.Protocol {
			t.dropEntries(a.entries)
			return a.refused
		}
	}
	a.pin = t.table.Pin(l.holder, d.Node, d.By)
	if a.target, _ = a.pin.Object().(*binder.Node); a.target == nil && !a.ofProcess() {
		a.refused = errNotHeld
	}
	l.uses++
	t.pool.heat(l)
	return nil
}

// ofProcess reports whether the process itself is called.
func (a *arrival) ofProcess() bool { return a.desc.Node == processNode && !a.oneway() }

func (a *arrival) oneway() bool { return a.desc.Flags&bus.FlagOneway != 0 }

var errNotHeld = status.Errorf(status.Denied, "the caller does not hold the object that it calls")

// route gives a sync call to its chain, or the loopers.
func (t *Transport) route(c *incoming) {
	if p := t.chains.innermost(c.desc.Chain); p != nil && !p.done.Load() {
		p.nested = append(p.nested, c)
		p.hasWork.Store(true)
		if t.drainer != p {
			t.after.wake(p)
		}
		return
	}
	t.queue.push(c)
}

func (t *Transport) takeCancel(l *lane, d *bus.Descriptor) {
	c := l.handles(d.Index)
	if c == nil || c.position != d.Node {
		return // answered meanwhile
	}
	t.cancelIncoming(c)
}

// abandonHandling tells handlers that their caller's process is gone.
func (t *Transport) abandonHandling(l *lane) {
	for _, c := range l.handling {
		if c != nil {
			t.cancelIncoming(c)
		}
	}
}

// run handles one call on the calling goroutine: copy, free the slot, dispatch, answer. finish
// follows, with the lock; before it handlerExited, if the goroutine ends. lp is nil for a call that came back to a chain.
func (t *Transport) run(c *incoming, lp *looper) {
	d, l := &c.desc, c.lane
	c.looper = lp
	killpoint.At("handle: taken")
	slot, copied := &c.ahead, c.copied != nil
	switch {
	case copied:
		*slot = buffer{bytes: c.copied, class: ownClass}
	case c.followed != nil:
		slot, c.followed = c.followed, nil
	default:
		slot = c.takeBuffer(int(d.Length))
		slot.read(l.link, d)
	}
	slot.secret = d.Flags&bus.FlagClearBuf != 0
	buf, err := t.open(c, slot)
	killpoint.At("handle: opened")
	if buf == slot && !copied {
		l.link.Free(d)
	}
	if err == nil {
		c.payload = buf
		err = t.handle(c)
		killpoint.At("handle: handler returned")
		c.payload = nil
	}
	if buf != slot {
		c.freeBulk()
	}
	t.settle(c, err)
	killpoint.At("handle: settled")
	buf.Free()
}

// settle answers a call, and gives back what its handler left.
func (t *Transport) settle(c *incoming, err error) {
	if !c.oneway() {
		t.answer(c, err)
	}
	c.call.Done()
}

// handlerExited answers for a handler that has ended its goroutine (runtime.Goexit), if c is with one. Its memory is
// not used again: small payloads are left to the garbage collector, large ones are unmapped.
func (t *Transport) handlerExited(c *incoming) {
	buf := c.payload
	if buf == nil {
		return
	}
	c.payload = nil
	if bulk, _ := bulkOf(c.entries); bulk > 0 {
		c.freeBulk()
	}
	t.settle(c, errGoexit)
	buf.leave()
	c.own.bytes = nil
}

// open makes the call that the handler sees. The payload is in buf, or else in the buffer that is returned.
// On error its content is dropped.
func (t *Transport) open(c *incoming, buf *buffer) (*buffer, error) {
	d, call := &c.desc, &c.call
	call.Code, call.Flags, call.Interface = d.Code, binder.Flags(d.Flags&flagsMask), d.Interface
	call.Target, call.Caller = c.target, c.lane.peer
	call.Encoding = binder.Encoding(d.Encoding)
	if d.Entries|d.Files == 0 && d.Length < smallestKept && c.refused == nil {
		call.Payload = buf.bytes
		return buf, nil
	}
	var fds []sys.FD
	err := c.refused
	if d.Files > 0 {
		buf, fds, err = c.openFiles(buf)
	}
	call.Payload = buf.bytes
	if err != nil {
		c.uncountBulk()
		t.mu.Lock()
		t.dropEntries(c.entries)
		t.unlock()
		return buf, err
	}
	if len(buf.bytes) >= smallestKept {
		call.SetKeeper(buf.keeperOf())
	}
	call.Attachments = t.attachments(c.entries, fds)
	for _, r := range c.entries {
		if r.note != nil {
			call.AddNote(*r.note)
		}
	}
	return buf, nil
}

// openFiles takes the files of a call; what is in one of them, the payload, is read. On error none is left open.
func (c *incoming) openFiles(buf *buffer) (*buffer, []sys.FD, error) {
	fds, err := c.lane.link.Files(c.position, int(c.desc.Files))
	if c.refused != nil {
		sys.CloseAll(fds)
		return buf, nil, c.refused
	}
	if err == nil {
		buf, fds, err = c.lane.readBulk(&c.desc, c.entries, fds, buf)
	}
	return buf, fds, fileError(err)
}

func (t *Transport) handle(c *incoming) error {
	if c.desc.Node == processNode {
		return t.handleProcess(c)
	}
	in := &c.dispatch
	in.Timeout = time.Duration(c.desc.Timeout)
	if c.oneway() {
		in.Chain = binder.Chain{}
	} else {
		in.Chain = binder.Chain{Token: c.desc.Chain, Via: c.lane, Index: c.desc.Index}
	}
	if r := c.call.Target.NiceRange(); r != nil {
		return t.dispatchNicely(c, r)
	}
	return t.process.Dispatch(&c.call, in)
}

// finish gives back what a call held. The caller has the lock.
func (t *Transport) finish(c *incoming) {
	if c.served() {
		t.serving--
	}
	if c.target != nil {
		t.table.Unpin(c.pin)
	}
	c.lane.handled(c) // it is used again: a late cancel must not find it
	c.lane.finished()
	c.lane, c.looper, c.target, c.pin, c.filling = nil, nil, nil, reftab.Pin{}, false
	if c.entries != nil || c.refused != nil {
		c.entries, c.refused = nil, nil
	}
	c.cancelled.Store(false)
	c.answered.Store(false)
	c.call.Reset()
	if len(t.idle) < maxIdle {
		t.idle = append(t.idle, c)
	}
}

// discard gives back what came with a call that nobody will handle. The caller has the lock.
func (t *Transport) discard(a *arrival) {
	t.dropEntries(a.entries)
	t.dropFiles(a.lane, a.position, &a.desc)
	a.uncountBulk()
	if a.copied == nil {
		a.lane.link.Free(&a.desc)
	} else if a.desc.Flags&bus.FlagClearBuf != 0 {
		clear(a.copied)
	}
}

// discardQueue discards all calls that were not begun.
func (t *Transport) discardQueue() {
	for c := t.queue.pop(); c != nil; c = t.queue.pop() {
		if c.line != nil {
			c.line.busy = false
			continue
		}
		if !c.filling {
			t.discard(&c.arrival)
		}
		t.finish(c)
	}
	for _, line := range t.lines.byNode {
		t.discardOneways(line.calls)
		line.calls = nil
		t.lines.tidy(line)
	}
	t.discardOneways(t.freezing.held)
	t.freezing.held = nil
}

// forgetIdle lets go of what is kept for calls, none of which will come. A handler that has kept its call would keep all
// of the process with it.
func (t *Transport) forgetIdle() {
	for _, c := range t.idle {
		*c = incoming{}
	}
	for _, line := range t.lines.spare {
		*line = onewayLine{}
	}
	t.idle, t.lines.spare = nil, nil
}
