package object

import (
	"context"
	"math"
	"time"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/status"
)

// freezing is what a process knows of its own freezing. Guarded by Transport.mu.
//
// The state is told by a word in each outbox, which callers read before they post and again when they
// have posted; so it is known while the process is stopped. A call from the position on that the word
// names is never begun, and its caller knows it: before the word is stored the lane is drained up to
// that position, and afterwards once more, for calls whose callers cannot have seen the word.
type freezing struct {
	on      bool      // frozen, or on the way there
	settled bool      // what was under way at first has ended
	waiting int       // freezers that are at it
	round   uint64    // counts freezings and thaws
	held    []arrival // oneway calls that came since, in order
	info    binder.FrozenInfo
}

var errFrozen = status.Errorf(status.Frozen, "the process is frozen")

// freeze freezes this process. givenUp tells that nobody waits for that any more.
func (t *Transport) freeze(timeout time.Duration, givenUp func() bool) error {
	t.mu.Lock()
	f := &t.freezing
	f.info = binder.FrozenInfo{}
	if !f.on {
		t.chill()
	}
	f.waiting++
	t.after.due = true
	t.noteHurry()
	round := f.round
	t.unlock()
	defer func() {
		t.mu.Lock()
		f.waiting--
		t.noteHurry()
		t.mu.Unlock()
	}()
	t.tellBroker()
	late := time.NewTimer(timeout)
	defer late.Stop()
	inTime := timeout > 0
	for {
		t.mu.Lock()
		n := t.underWay()
		switch {
		case t.closed:
			t.unlock()
			return errTransportClosed
		case f.round != round:
			t.unlock()
			return status.Errorf(status.Cancelled, "the process was unfrozen meanwhile")
		case n.all() == 0 && !givenUp():
			t.settleFreeze()
			t.unlock()
			return nil
		case !inTime || givenUp():
			if f.waiting == 1 { // else somebody gives it more time
				t.thaw()
			}
			t.unlock()
			t.tellBroker()
			return n.err()
		}
		ch := t.progressChannel()
		t.mu.Unlock() // not unlock, which says that there is progress
		select {
		case <-ch:
		case <-late.C:
			inTime = false
		}
	}
}

// underWay is what a process has to end before it is frozen.
type underWay struct{ sync, oneway, own int }

func (n underWay) all() int { return n.sync + n.oneway + n.own }

func (n underWay) err() error {
	return &status.Error{
		Code: status.Full,
		Message: status.Errorf(status.Full, "%d calls are under way: %d handled or queued, %d oneway queued, %d made by the process itself; freeze it again later",
			n.all(), n.sync, n.oneway, n.own).Message,
		Limit: status.Limit{Resource: "calls under way in a process to be frozen", Used: uint64(n.all())},
	}
}

// underWay counts. A call whose caller has ended is handled all the same, and one is under way until
// its reply is posted: once the process is stopped nobody posts it.
func (t *Transport) underWay() underWay {
	n := underWay{sync: t.serving, own: int(t.calling.Load())}
	for _, l := range t.lanes {
		n.sync += len(l.owed)
	}
	for _, c := range t.queue.list[t.queue.head:] {
		if c.line == nil && c.oneway() {
			n.oneway++
		}
	}
	for _, line := range t.lines.byNode {
		n.oneway += len(line.calls) + int(line.left.Load())
	}
	return n
}

// chill tells every peer, and takes what could not know.
func (t *Transport) chill() {
	t.freezing.on = true
	t.freezing.round++
	for _, l := range t.lanes {
		if l.link != nil {
			t.drain(l)
			l.chill()
		}
	}
	for _, l := range t.lanes {
		t.drain(l)
	}
}

// chill tells the peer of l that this process is about to be frozen, and whom of its callers waits for
// room that nothing comes of that.
func (l *lane) chill() {
	l.frozenFrom, l.frozenUntil = l.link.Position(), math.MaxUint64
	l.refusedBefore = l.words.PeerRefused.Load()
	l.words.Mine.Store(bus.FrozenFrom(l.frozenFrom, false))
	l.t.after.call(l.link.RingRoom)
	l.tellFrozen()
}

// settleFreeze is the moment from which the process counts as frozen.
func (t *Transport) settleFreeze() {
	if t.freezing.settled {
		return
	}
	t.freezing.settled = true
	for _, l := range t.lanes {
		if l.link != nil {
			l.words.Mine.Store(bus.FrozenFrom(l.frozenFrom, true))
			l.tellFrozen()
		}
	}
}

// thaw lets the process go on. What lies on a lane when its word is cleared may have been seen there by
// a caller that was refused, so no sync call of that is begun; oneway calls go first in the order in
// which they came.
func (t *Transport) thaw() {
	f := &t.freezing
	if !f.on {
		return
	}
	f.round++
	for _, l := range t.lanes {
		if l.link != nil {
			l.words.Mine.Store(0)
			l.frozenUntil = l.link.Published()
			l.tellFrozen()
		}
	}
	for _, l := range t.lanes {
		t.drain(l)
	}
	f.on, f.settled = false, false
	for i := range f.held {
		t.stand(&f.held[i])
	}
	f.held = nil
}

// refuse answers a sync call that came while the process was frozen.
func (t *Transport) refuse(c *incoming) {
	t.freezing.info.SyncReceived = true
	if c.refused == nil {
		c.refused = errFrozen
	}
	t.aside(c)
}

// hold keeps a oneway call until the process goes on.
func (t *Transport) hold(a *arrival) {
	f := &t.freezing
	f.info.AsyncReceived = true
	if i := f.outdated(a); i >= 0 {
		t.discardOneways(f.held[i : i+1])
		f.held = append(f.held[:i], f.held[i+1:]...)
	}
	f.held = append(f.held, *a)
}

// outdated finds the call that a replaces: the driver's rule for TF_UPDATE_TXN.
func (f *freezing) outdated(a *arrival) int {
	if binder.Flags(a.desc.Flags)&binder.UpdateTxn == 0 || a.position >= a.lane.frozenUntil {
		return -1
	}
	for i := range f.held {
		old := &f.held[i]
		if old.lane == a.lane && old.target == a.target &&
			old.desc.Code == a.desc.Code && old.desc.Flags == a.desc.Flags {
			return i
		}
	}
	return -1
}

// frozenInfo tells what came since the process was frozen. Callers that did not post are known by
// their own word.
func (t *Transport) frozenInfo() binder.FrozenInfo {
	t.mu.Lock()
	defer t.unlock()
	for _, l := range t.lanes {
		t.drain(l)
		t.noteRefused(l)
	}
	info := t.freezing.info
	info.Frozen = t.freezing.settled
	info.Pending = t.underWay().all()
	return info
}

// noteRefused looks whether callers of l were refused since the process was frozen.
func (t *Transport) noteRefused(l *lane) {
	if t.freezing.on && l.link != nil && l.words.PeerRefused.Load() != l.refusedBefore {
		t.freezing.info.SyncReceived = true
	}
}

// tellBroker has the broker know whether this process is frozen, for those who have no lane to it. Who
// comes last tells what holds then. Without a broker nobody comes who has none.
func (t *Transport) tellBroker() {
	t.telling.Lock()
	defer t.telling.Unlock()
	t.mu.Lock()
	frozen, closed := t.freezing.on, t.closed
	t.mu.Unlock()
	if closed {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), brokerTimeout)
	defer cancel()
	t.bus.SetFrozen(ctx, frozen)
}

// findFrozen returns an error for a process that is frozen and that a call would have to wait for. Its
// own word is on the lane; before that is open, the broker has it.
func (t *Transport) findFrozen(ctx context.Context, owner uint64) error {
	if l := t.findLane(owner); l != nil {
		select {
		case <-l.opened:
			t.mu.Lock()
			defer t.mu.Unlock()
			if !l.writable {
				return nil
			}
			return l.refuses(processNode + 1)
		default:
		}
	}
	if frozen, err := t.bus.Approach(ctx, owner); err == nil && frozen {
		return status.Errorf(status.Frozen, "process %d is frozen", owner)
	}
	return nil // what else there may be, the wait finds out
}
