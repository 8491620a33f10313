package object

import (
	"sync/atomic"
	"time"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/status"
)

// incoming is a call that was drained and waits for a looper, or is handled. Its slot stays the
// sender's credit until it is handled.
type incoming struct {
	lane     *lane
	looper   *looper // that handles it; nil: a caller does, in its chain
	desc     bus.Descriptor
	position uint64
	entries  []received
	refused  error // why the handler must not see it

	cancelled atomic.Bool
	running   atomic.Pointer[binder.CallContext] // of the handler, while it runs

	// Kept between calls, so that they do not allocate.
	call     binder.IncomingCall
	dispatch binder.Incoming
	answer   bus.Descriptor
	own      buffer  // for a small payload
	scratch  scratch // for a small reply
}

// ownBuffer is the size of an incoming's own buffer; most calls are smaller.
const ownBuffer = 1024

// takeBuffer returns memory for a payload of n bytes that came in a slot.
func (c *incoming) takeBuffer(n int) *buffer {
	if n > ownBuffer {
		b, _ := c.lane.t.takeBuffer(n)
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

// handles returns the call of the peer's caller index that is not answered; nil when there is none.
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

// handled notes that c is answered, or never will be.
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
		t.after.fails = append(t.after.fails, ctx.Cancel)
	}
}

// queue is calls in the order in which they were drained.
type queue struct {
	list []*incoming
	head int
}

func (q *queue) push(c *incoming) { q.list = append(q.list, c) }

func (q *queue) empty() bool { return q.head == len(q.list) }

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
	}
	c, ok := controlOf(d)
	if !ok {
		return status.Errorf(status.Protocol, "the peer broke the protocol: it sent a message of unknown kind %d", d.Kind)
	}
	return t.table.Receive(l.id, pos, c)
}

func (t *Transport) takeCall(l *lane, d *bus.Descriptor, pos uint64) error {
	c := t.takeIncoming()
	c.lane, c.desc, c.position = l, *d, pos
	oneway := d.Flags&bus.FlagOneway != 0
	if !oneway {
		if l.handles(d.Index) != nil {
			return status.Errorf(status.Protocol, "the peer broke the protocol: caller %d makes a second call", d.Index)
		}
		l.nowHandles(d.Index, c)
	}
	var err error
	if c.entries, err = t.takeEntries(l, d); status.CodeOf(err) == status.Protocol {
		t.dropEntries(c.entries)
		return err
	}
	if c.served() {
		t.serving++
	}
	target, ok := t.table.Pin(l.id, d.Node, d.By).(*binder.Node)
	ofProcess := d.Node == processNode && !oneway
	switch {
	case !ok && !ofProcess:
		c.refused = errNotHeld
	case err != nil:
		c.refused = err
	}
	c.call.Target = target
	l.link.Hold()
	t.pool.heat(l)
	switch {
	case ofProcess:
		t.aside(c)
	case oneway && t.freezing.on:
		t.hold(c)
	case !oneway && pos < l.frozenUntil:
		t.refuse(c)
	default:
		t.route(c, oneway)
	}
	return nil
}

var errNotHeld = status.Errorf(status.Denied, "the caller does not hold the object that it calls")

// route gives a call to its chain, its node's line of oneway calls, or the loopers.
func (t *Transport) route(c *incoming, oneway bool) {
	if oneway {
		if n := c.call.Target; n != nil {
			if line, busy := t.oneway[n]; busy {
				t.oneway[n] = append(line, c)
				return
			}
			t.oneway[n] = nil
		}
		t.queue.push(c)
		return
	}
	if p := t.chains.innermost(c.desc.Chain); p != nil && !p.done.Load() {
		p.nested = append(p.nested, c)
		p.hasNested.Store(true)
		if t.drainer != p {
			t.noteWake(p)
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
// follows, with the lock. lp is nil for a call that came back to a chain.
func (t *Transport) run(c *incoming, lp *looper) {
	d, l := &c.desc, c.lane
	c.looper = lp
	killpoint.At("handle: taken")
	slot := c.takeBuffer(int(d.Length))
	slot.secret = d.Flags&bus.FlagClearBuf != 0
	l.link.Payload(slot.bytes, d)
	buf, err := t.open(c, slot)
	killpoint.At("handle: opened")
	if buf == slot {
		l.link.Free(d)
	}
	if err == nil {
		returned := false
		defer func() {
			if !returned {
				if buf != slot {
					c.freeBulk()
				}
				buf.leave()
				c.own.bytes = nil
				t.handlerExited(c)
			}
		}()
		err = t.handle(c)
		killpoint.At("handle: handler returned")
		returned = true
	}
	if buf != slot {
		c.freeBulk()
	}
	t.settle(c, err)
	killpoint.At("handle: settled")
	buf.Free()
	l.link.Drop()
}

// settle answers a call, and gives back what its handler left.
func (t *Transport) settle(c *incoming, err error) {
	c.running.Store(nil)
	if !c.call.Oneway() {
		t.answer(c, err)
	}
	c.call.Done()
}

// handlerExited answers for a handler that has ended its goroutine (runtime.Goexit). Its memory is
// left to the garbage collector.
func (t *Transport) handlerExited(c *incoming) {
	t.settle(c, errGoexit)
	link := c.lane.link
	t.mu.Lock()
	t.finish(c)
	t.unlock()
	link.Drop()
}

// open makes the call that the handler sees. The payload is in buf, or else in the buffer that is returned.
// On error its content is dropped.
func (t *Transport) open(c *incoming, buf *buffer) (*buffer, error) {
	d, call := &c.desc, &c.call
	call.Code, call.Flags, call.Interface = d.Code, binder.Flags(d.Flags&flagsMask), d.Interface
	call.Caller = c.lane.peer
	call.Encoding = binder.Encoding(d.Encoding)
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
		buf, fds, err = c.lane.readBulk(c.entries, fds, buf)
	}
	return buf, fds, fileError(err)
}

func (t *Transport) handle(c *incoming) error {
	if c.desc.Node == processNode {
		return t.handleProcess(c)
	}
	in := &c.dispatch
	in.Timeout = time.Duration(c.desc.Timeout)
	in.Chain = binder.Chain{}
	if !c.call.Oneway() {
		in.Chain = binder.Chain{Token: c.desc.Chain, Via: c.lane, Index: c.desc.Index}
	}
	if r := c.call.Target.NiceRange(); r != nil {
		return t.dispatchNicely(c, r)
	}
	return t.process.Dispatch(&c.call, in)
}

// finish gives back what a call held, and lets the next oneway call of its node go on. The caller
// has the lock.
func (t *Transport) finish(c *incoming) {
	if c.call.Oneway() {
		t.nextOneway(c.call.Target)
	}
	t.giveBack(c)
}

func (t *Transport) giveBack(c *incoming) {
	if c.served() {
		t.serving--
	}
	if n := c.call.Target; n != nil {
		t.table.Unpin(n.NodeID())
	}
	c.lane.handled(c) // it is used again: a late cancel must not find it
	c.lane, c.looper, c.entries, c.refused = nil, nil, nil, nil
	c.cancelled.Store(false)
	c.call.Reset()
	if len(t.idle) < maxIdle {
		t.idle = append(t.idle, c)
	}
}

func (t *Transport) nextOneway(n *binder.Node) {
	line, busy := t.oneway[n]
	switch {
	case !busy || n == nil:
	case len(line) == 0:
		delete(t.oneway, n)
	default:
		t.oneway[n] = line[1:]
		t.queue.push(line[0])
	}
}

// discard gives back a call that nobody will handle. The caller has the lock.
func (t *Transport) discard(c *incoming) {
	link := c.lane.link
	t.dropEntries(c.entries)
	t.dropFiles(c.lane, c.position, &c.desc)
	c.uncountBulk()
	link.Free(&c.desc)
	t.after.fails = append(t.after.fails, link.Drop)
	t.giveBack(c)
}

// discardQueue discards all calls that were not begun.
func (t *Transport) discardQueue() {
	for n, line := range t.oneway {
		for _, c := range line {
			t.queue.push(c)
		}
		t.oneway[n] = nil
	}
	for _, c := range t.freezing.held {
		t.queue.push(c)
	}
	t.freezing.held = nil
	for c := t.queue.pop(); c != nil; c = t.queue.pop() {
		t.discard(c)
	}
}
