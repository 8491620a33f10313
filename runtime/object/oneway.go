package object

import (
	"bytes"
	"sync/atomic"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
)

// onewayLine is the oneway calls on one node, in the order in which they were drained: they are handled
// one at a time. A looper takes all at once, and runs them without the lock. Guarded by Transport.mu,
// but for left.
type onewayLine struct {
	node  *binder.Node
	calls []arrival    // that no looper has taken
	call  incoming     // the one that is handled; in the loopers' queue it stands for calls
	busy  bool         // call is in the queue, or a looper runs some
	kept  int          // by so many loopers that have run calls of it last
	left  atomic.Int32 // calls that a looper has taken and that wait for the one that it runs
}

// lines is the lines of a process: of each node with oneway calls under way, or for which a looper
// expects more.
type lines struct {
	byNode map[*binder.Node]*onewayLine
	recent *onewayLine // of byNode, the one that was looked for last
	spare  []*onewayLine
}

const maxSpareLines = 16

// of returns the line of a node, made if there is none.
func (s *lines) of(n *binder.Node) *onewayLine {
	if s.recent != nil && s.recent.node == n {
		return s.recent
	}
	line := s.byNode[n]
	if line == nil {
		line = s.make()
		line.node = n
		s.byNode[n] = line
	}
	s.recent = line
	return line
}

func (s *lines) make() *onewayLine {
	if k := len(s.spare); k > 0 {
		line := s.spare[k-1]
		s.spare = s.spare[:k-1]
		return line
	}
	line := new(onewayLine)
	line.call.line = line
	return line
}

// tidy forgets a line that nobody needs.
func (s *lines) tidy(line *onewayLine) {
	if line.busy || line.kept > 0 {
		return
	}
	delete(s.byNode, line.node)
	line.node, s.recent = nil, nil
	if len(s.spare) < maxSpareLines {
		s.spare = append(s.spare, line)
	}
}

// takeOneway takes a oneway call. An error cuts the peer off.
func (t *Transport) takeOneway(l *lane, d *bus.Descriptor, pos uint64) error {
	var a arrival
	if err := t.arrive(&a, l, d, pos); err != nil {
		return err
	}
	if t.freezing.on {
		t.hold(&a)
	} else {
		t.stand(&a)
	}
	return nil
}

// stand puts a oneway call in the line of its node, or what is refused in the queue.
func (t *Transport) stand(a *arrival) {
	if a.target == nil {
		c := t.takeIncoming()
		c.arrival = *a
		t.queue.push(c)
		return
	}
	line := t.lines.of(a.target)
	line.calls = append(line.calls, *a)
	if !line.busy {
		line.busy = true
		t.queue.push(&line.call)
	}
}

// onewayRun is the calls of a line that a looper runs one after the other.
type onewayRun struct {
	line   *onewayLine // that it has run last, and looks for more of; nil: none
	lanes  []*lane     // held: whose peers need not ring for more
	calls  []arrival
	begun  int      // how many of calls
	copied int      // of how many the payloads were copied
	memory []byte   // for these
	slots  []uint32 // of those, but for the first's
	first  *bus.Descriptor
}

// takeLine has lp run what is in the line that its call stands for. It has left another one. The caller has
// the lock.
func (t *Transport) takeLine(lp *looper) {
	line, r := lp.call.line, &lp.oneways
	t.pool.patient.Add(1)
	if r.line == nil {
		r.line = line
		line.kept++
	}
	r.calls, line.calls = line.calls, r.calls
	line.left.Store(int32(len(r.calls) - 1))
	for i := range r.calls {
		if l := r.calls[i].lane; l.attendant == nil {
			t.attend(lp, l)
		}
	}
}

// attend tells the peer of a lane that lp looks there for oneway calls on a node before it does anything
// but handle such.
func (t *Transport) attend(lp *looper, l *lane) {
	if l.dead || !l.link.Hold() {
		return
	}
	l.attendant = lp
	l.link.Attend(lp.oneways.line.node.NodeID())
	lp.oneways.lanes = append(lp.oneways.lanes, l)
}

// leaveLine has lp promise no more that it looks for calls of the line that it has run last. What was
// published on the strength of the promise is taken now. The caller has the lock.
func (t *Transport) leaveLine(lp *looper) {
	r := &lp.oneways
	if r.line == nil {
		return
	}
	for i, l := range r.lanes {
		l.attendant = nil
		l.link.Attend(processNode)
		t.drain(l)
		l.link.Drop()
		r.lanes[i] = nil
	}
	r.lanes = r.lanes[:0]
	r.line.kept--
	t.lines.tidy(r.line)
	r.line = nil
}

// runOneways runs what takeLine has taken, until somebody wants the looper.
func (t *Transport) runOneways(lp *looper) {
	r, c := &lp.oneways, lp.call
	for r.begun < len(r.calls) {
		if r.begun == r.copied {
			r.copyAhead()
		}
		c.arrival = r.calls[r.begun]
		r.begun++
		r.line.left.Store(int32(len(r.calls) - r.begun))
		t.run(c, lp)
		c.call.Reset()
		if t.hurry.Load() || lp.spoiled {
			return
		}
	}
}

// finishOneways finishes what lp has run. What it has not begun goes back to the head of the line. The
// caller has the lock.
func (t *Transport) finishOneways(lp *looper) {
	r, line := &lp.oneways, lp.call.line
	t.finishArrivals(r.calls[:r.begun])
	clear(r.calls[:r.begun])
	line.call.call.Reset() // a handler that has ended its goroutine left it
	line.call.arrival = arrival{}
	line.left.Store(0)
	if r.begun < len(r.calls) {
		r.keepCopied()
		rest := append(r.calls, line.calls...)[r.begun:]
		clear(line.calls)
		r.calls, line.calls = line.calls, rest
	}
	r.calls, r.begun, r.copied = r.calls[:0], 0, 0
	if len(line.calls) > 0 {
		t.queue.push(&line.call)
	} else {
		line.busy = false
	}
}

// keepCopied has payloads that were copied for calls that lp does not run in memory of their own.
func (r *onewayRun) keepCopied() {
	for i := r.begun; i < r.copied; i++ {
		a := &r.calls[i]
		if a.copied == nil {
			continue
		}
		own := bytes.Clone(a.copied)
		if a.desc.Flags&bus.FlagClearBuf != 0 {
			clear(a.copied)
		}
		a.copied = own
	}
}

// finishArrivals gives back what oneway calls held.
func (t *Transport) finishArrivals(list []arrival) {
	for i := range list {
		a := &list[i]
		if a.target != nil {
			t.table.Unpin(a.pin)
		}
		a.lane.finished()
	}
}

// discardOneways gives back oneway calls that nobody will handle. The caller has the lock.
func (t *Transport) discardOneways(list []arrival) {
	for i := range list {
		t.discard(&list[i])
	}
	t.finishArrivals(list)
}

// The payloads of a few calls are copied, and acknowledged, at once, before the first of them is handled.
const (
	aheadCalls = 16
	aheadBytes = 1024 // of each
)

// copyAhead copies the payloads of the next few calls that are small and plain.
func (r *onewayRun) copyAhead() {
	if r.memory == nil {
		r.memory = make([]byte, 0, aheadCalls*aheadBytes)
	}
	memory := r.memory
	end := min(r.copied+aheadCalls, len(r.calls))
	var from *lane
	for ; r.copied < end; r.copied++ {
		a := &r.calls[r.copied]
		if a.desc.Files > 0 || a.desc.Length > aheadBytes || a.copied != nil {
			continue
		}
		if a.lane != from {
			r.free(from)
			from = a.lane
		}
		n := len(memory) + int(a.desc.Length)
		a.copied = memory[len(memory):n:n]
		memory = memory[:n]
		a.lane.link.Payload(a.copied, &a.desc)
		if r.first == nil {
			r.first = &a.desc
		} else {
			r.slots = append(r.slots, a.desc.Slot)
		}
	}
	r.free(from)
}

// free acknowledges calls of a lane whose payloads were copied.
func (r *onewayRun) free(l *lane) {
	if r.first != nil {
		l.link.FreeAll(r.first, r.slots)
		r.first, r.slots = nil, r.slots[:0]
	}
}

// noteHurry notes whether loopers are to see after each oneway call what else there is to do: calls are
// not begun once the process is closed, who freezes it waits until none is left, and loopers may be too
// many, or too few. The caller has the lock.
func (t *Transport) noteHurry() {
	p := &t.pool
	if h := t.closed || t.freezing.waiting > 0 || p.count > p.max || !p.starved.IsZero(); h != t.hurry.Load() {
		t.hurry.Store(h)
	}
}
