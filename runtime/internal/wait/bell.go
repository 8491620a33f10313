package wait

import "sync/atomic"

// Mode is how a waiter waits, in the low bits of its armed word.
type Mode uint32

// The modes.
const (
	Absent  Mode = 0 // nobody: somebody else must look at the lane
	OnFutex Mode = 1 // asleep on the bell
	OnPoll  Mode = 2 // waits elsewhere: ring the lane's poll bell for it
	Awake   Mode = 3 // awake: it looks at the lane before it sleeps and before it goes

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

// Present publishes that the waiter is awake and will look at the lane again.
func (w *Waiter) Present() { w.armed.Store(uint32(Awake)) }

// Leave publishes that nobody waits. The caller looks at the lane once more afterwards.
func (w *Waiter) Leave() { w.armed.Store(uint32(Absent)) }

// Disarm is Leave for a waiter that was not rung; whoever rang knows already.
func (w *Waiter) Disarm() {
	if w.Armed() {
		w.Leave()
	}
}

// Armed reports whether the waiter has armed and has not been rung since.
func (w *Waiter) Armed() bool {
	a := w.armed.Load()
	m := Mode(a & modeMask)
	return (m == OnFutex || m == OnPoll) && w.bell.Load() != a
}

// Ringer is the waking side of a pair. Safe for concurrent use.
type Ringer struct {
	armed *atomic.Uint32 // peer's outbox
	bell  *atomic.Uint32 // own outbox
}

// NewRinger makes the waking side.
func NewRinger(armed, bell *atomic.Uint32) Ringer { return Ringer{armed, bell} }

// Ring claims the right to wake the waiter. For OnFutex the caller wakes a sleeper on Bell, for
// OnPoll it rings the poll bell. Awake also stands for a waiter that was rung and is on its way.
//
// It is called after what the waiter waits for was published.
func (r *Ringer) Ring() Mode {
	for tries := 0; ; tries++ {
		a := r.armed.Load()
		m := Mode(a & modeMask)
		if m == Absent || m == Awake {
			return m
		}
		b := r.bell.Load()
		if a == b {
			return Awake
		}
		if r.bell.CompareAndSwap(b, a) || tries == mostTries {
			return m
		} // else somebody rang, perhaps for an earlier arming: look again
	}
}

// mostTries is more than threads of one side get in each other's way. A peer can write the bell too.
const mostTries = 100

// Mode returns how the waiter waits, whether or not it was rung.
func (r *Ringer) Mode() Mode { return Mode(r.armed.Load() & modeMask) }

// Bell is the word to wake.
func (r *Ringer) Bell() *atomic.Uint32 { return r.bell }
