package object

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"ubinder/runtime/bus"
	"ubinder/runtime/internal/reftab"
	"ubinder/runtime/internal/wait"
)

// Usage returns what the reference table keeps.
func (t *Transport) Usage() reftab.Usage {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.table.Usage()
}

// Owed is how many replies wait for room.
func (t *Transport) Owed() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range t.lanes {
		n += len(l.owed)
	}
	return n
}

// TakeOne takes one message of each lane after publish, before anybody else does.
func (t *Transport) TakeOne(publish func()) {
	t.mu.Lock()
	defer t.unlock()
	for _, l := range t.lanes {
		publish()
		t.takeNext(l)
	}
}

// Lanes is how many lanes there are.
func (t *Transport) Lanes() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.lanes)
}

// Resting reports whether loopers rest.
func (t *Transport) Resting() bool { return t.pool.resting.Load() }

// WarmFor and MaxHot are the loopers' own.
const (
	WarmFor = warmFor
	MaxHot  = maxHot
)

// Hot is how many lanes the loopers sleep on.
func (t *Transport) Hot() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.pool.hot)
}

// SpinAlways has every waiter spin before each sleep, whatever that brings, on one CPU too.
func (t *Transport) SpinAlways(limit time.Duration) {
	always := spinRule{limit: limit, trial: limit, saves: limit, quick: limit}
	t.spinning.most = 1 << 10
	t.spinning.set(&always, &always, &always)
}

// ForgetMemory gives back the memory that is kept for large payloads.
func (t *Transport) ForgetMemory() { t.memory.forget() }

// MostNaps is how many of the program's threads may nap.
func (t *Transport) MostNaps() int { return int(t.spinning.naps.most.Load()) }

// NeverNap has none of them nap for this process.
func (t *Transport) NeverNap() {
	t.spinning.naps.allowed = false
	t.spinning.naps.most.Store(0)
}

// Spinners is how many threads of this program spin.
func Spinners() int { return int(spinners.Load()) }

// Left tells what is left of calls, messages and dead processes when nothing is under way and all
// handles are released but for those that the processes in living hold of each other's: nil when
// nothing is.
func (t *Transport) Left(living ...uint64) error { return t.LeftBut(0, living...) }

// LeftBut is Left, asked by as many calls that are being handled, each with a pin.
func (t *Transport) LeftBut(calls int, living ...uint64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	known := make(map[uint64]bool)
	for _, id := range living {
		known[id] = true
	}
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if n := t.calling.Load(); n != 0 || t.chains.count != 0 || len(t.lines.byNode) != 0 || !t.queue.empty() {
		add("%d calls, %d chains, %d lines of oneway calls, queue empty: %v", n, t.chains.count, len(t.lines.byNode), t.queue.empty())
	}
	if t.pool.waking != 0 {
		add("%d loopers on their way", t.pool.waking)
	}
	for id, l := range t.lanes {
		if !known[id] {
			add("a lane to process %d", id)
		} else if err := l.left(calls); err != nil {
			add("lane to process %d: %w", id, err)
		}
	}
	for _, l := range t.pool.hot {
		if t.lanes[l.id] != l {
			add("a looper looks at the lane to process %d, which is gone", l.id)
		}
	}
	u := t.table.Usage()
	if u.Pins != calls || u.Orphans != 0 || u.Fences != 0 || u.Unmerged != 0 {
		add("references: %+v", u)
	}
	for id, p := range u.Peers {
		settled := reftab.PeerUsage{Held: p.Held, Refs: p.Refs}
		if !known[id] || p != settled {
			add("references with process %d: %+v", id, p)
		}
	}
	return errors.Join(errs...)
}

func (l *lane) left(asking int) error {
	calls, handled := 0, 0
	for _, p := range l.callers.list {
		if p.busy {
			calls++
		}
	}
	for _, c := range l.handling {
		if c != nil {
			handled++
		}
	}
	if calls != 0 || handled != asking || len(l.callers.idle) != len(l.callers.list) || len(l.owed) != 0 || l.owedLen != 0 || l.owing || len(l.cancels) != 0 {
		return fmt.Errorf("%d calls, %d handled, %d indices free, %d replies owed (%d bytes, %v), %d cancels",
			calls, handled, len(l.callers.idle), len(l.owed), l.owedLen, l.owing, len(l.cancels))
	}
	if l.link == nil || !l.writable {
		return errors.New("it is not open")
	}
	if l.link.Published() != l.link.Position() {
		return errors.New("messages that nobody has taken")
	}
	u, err := l.link.Usage()
	if err == nil && u != (bus.Usage{}) {
		err = fmt.Errorf("%+v", u)
	}
	return err
}

// SetLargestInSlot has payloads larger than n travel as bulk memory.
func SetLargestInSlot(n int) { largestInSlot = n }

// SetSmallestFollowed has peers told of payloads of n bytes and more while they are written.
func SetSmallestFollowed(n int) (before int) {
	before, smallestFollowed = smallestFollowed, n
	return before
}

// SetFollowPatience is how long who copies what is being written waits for more.
func SetFollowPatience(d time.Duration) (before time.Duration) {
	before = followRule.limit
	followRule.limit, followRule.trial = d, d
	return before
}

// Follow copies what a peer is writing, which it has told of at a position, without waiting for long in all.
func (t *Transport) Follow(peer uint64, d bus.Descriptor, pos uint64) (payload []byte, whole bool) {
	t.mu.Lock()
	f := following{lane: t.lanes[peer], desc: d, pos: pos}
	t.unlock()
	f.buf = &buffer{bytes: make([]byte, d.Length), class: ownClass}
	whole = f.copy(time.Millisecond)
	return f.buf.bytes, whole
}

// SetSurelyFits has replies of up to n bytes wait for room in the outbox.
func SetSurelyFits(n int) (before int) {
	before, surelyFits = surelyFits, n
	return before
}

// Napping is how many threads of this program nap.
func Napping() int { return int(wait.Napping()) }

// WarmBuffers is how many payloads' memory is kept for the next ones; WarmWith reports whether one has something in it.
func (t *Transport) WarmBuffers() int {
	t.memory.mu.Lock()
	defer t.memory.mu.Unlock()
	return len(t.memory.idle)
}

// WarmWith reports whether what is kept has these bytes somewhere.
func (t *Transport) WarmWith(b []byte) bool {
	t.memory.mu.Lock()
	defer t.memory.mu.Unlock()
	return slices.ContainsFunc(t.memory.idle, func(k *buffer) bool { return bytes.Contains(k.bytes[:cap(k.bytes)], b) })
}
