package object

import "time"

// How long who waits spins if nobody has said so.
const (
	// spinMost is about what it costs both sides to put a thread to sleep and to wake it on a CPU that is
	// awake: to spin for longer costs more than it can save.
	spinMost  = 20 * time.Microsecond
	spinLeast = spinMost / 4

	// callerTrial is enough for a peer that sleeps to come up on a CPU that sleeps too, answer, and find
	// its caller awake. What comes then shows whether it pays.
	callerTrial = 150 * time.Microsecond
)

// spinRule is how a waiter tries whether spinning pays.
type spinRule struct {
	trial time.Duration // how long a trial spins
	gap   uint16        // waits from a trial in vain to the next, at first
	most  uint16        // each trial in vain doubles them, up to this
}

// A caller begins: it spins now and then for long enough to wake its peer. A looper follows: it counts
// only waits for a caller that it found awake, which are few unless callers spin.
var (
	callerRule = spinRule{trial: callerTrial, gap: 64, most: 4096}
	looperRule = spinRule{trial: spinMost, gap: 1, most: 16}
)

// spinHistory says for how long a waiter spins by what its last spins brought. While they bring
// something it goes on, each in vain halves the next, and after the shortest one it rests. It is pure;
// one goroutine at a time uses it.
type spinHistory struct {
	limit time.Duration // of the next spin; 0: it rests
	rest  uint16        // waits without a spin until a trial
	gap   uint16        // the rest after the next trial in vain; 0: there was none
}

// next returns for how long to spin before the sleep that is due.
func (h *spinHistory) next(r *spinRule) time.Duration {
	switch {
	case h.limit > 0:
		return h.limit
	case h.rest > 0:
		h.rest--
		return 0
	}
	return r.trial
}

// ended notes whether a spin, which next had allowed, ended with a message.
func (h *spinHistory) ended(r *spinRule, came bool) {
	switch {
	case came:
		h.limit = min(max(2*h.limit, 2*spinLeast), spinMost)
		h.gap -= min(h.gap, 1)
	case h.limit/2 >= spinLeast:
		h.limit /= 2
	default:
		h.limit = 0
		h.gap = min(max(2*h.gap, r.gap), r.most)
		h.rest = h.gap
	}
}
