package wait

import "sync/atomic"

// Mode is how a waiter waits, in the low bits of its armed word.
type Mode uint32

// The modes.
const (
	Running Mode = 0 // awake: it looks at the lane before it sleeps
	OnFutex Mode = 1 // asleep on the bell
	OnPoll  Mode = 2 // waits elsewhere: ring the lane's poll bell for it

	modeBits = 2
	modeMask = 1<<modeBits - 1
)

// Waiter is the sleeping side of a pair. One thread at a time uses it.
type Waiter struct {
	armed *atomic.Uint32 // own outbox
	bell  *atomic.Uint32 // peer's outbox
	count uint32
}

// NewWaiter makes the waiting side.
func NewWaiter(armed, bell *atomic.Uint32) Waiter { return Waiter{armed: armed, bell: bell} }

// Arm publishes that the waiter is about to wait, and returns the bell and the value that it has as
// long as nobody rang. The waiter checks its condition between Arm and its sleep.
func (w *Waiter) Arm(m Mode) (bell *atomic.Uint32, val uint32) {
	val = w.bell.Load()
	w.count++
	w.armed.Store(w.count<<modeBits | uint32(m))
	return w.bell, val
}

// Disarm publishes that the waiter is awake, unless whoever rang knows already.
func (w *Waiter) Disarm() {
	if a := w.armed.Load(); a&modeMask != 0 && w.bell.Load() != a {
		w.armed.Store(0)
	}
}

// Armed reports whether the waiter has armed and has not been rung since.
func (w *Waiter) Armed() bool {
	a := w.armed.Load()
	return a&modeMask != 0 && w.bell.Load() != a
}

// Ringer is the waking side of a pair. Safe for concurrent use.
type Ringer struct {
	armed *atomic.Uint32 // peer's outbox
	bell  *atomic.Uint32 // own outbox
}

// NewRinger makes the waking side.
func NewRinger(armed, bell *atomic.Uint32) Ringer { return Ringer{armed, bell} }

// Ring claims the right to wake the waiter. It returns Running when there is nobody to wake: the
// waiter is awake, or was rung already. For OnFutex the caller wakes a sleeper on Bell.
//
// It is called after what the waiter waits for was published.
func (r Ringer) Ring() Mode {
	a := r.armed.Load()
	b := r.bell.Load()
	if a&modeMask == 0 || a == b || !r.bell.CompareAndSwap(b, a) {
		return Running
	}
	return Mode(a & modeMask)
}

// Bell is the word to wake.
func (r Ringer) Bell() *atomic.Uint32 { return r.bell }
