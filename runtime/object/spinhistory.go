package object

import "time"

// spinRule is how long a waiter spins, and how it tries whether that pays.
type spinRule struct {
	limit time.Duration // of a spin that pays
	trial time.Duration // of one that is to show whether it would
	gap   uint16        // waits from a trial in vain to the next, at first
	most  uint16        // each trial in vain doubles them, up to this
}

// How long who waits spins if nobody has said so. It is about what both sides pay to put a thread to
// sleep and to wake it on a CPU that is awake: to spin for longer costs more than it can save.
const spinLimit = 20 * time.Microsecond

// A caller begins: its trial is long enough for a peer that sleeps to come up on a CPU that sleeps too,
// answer, and find its caller awake. A looper follows: it counts only waits for a caller that it found
// awake, which are few unless callers spin.
var (
	callerRule = spinRule{limit: spinLimit, trial: 150 * time.Microsecond, gap: 64, most: 4096}
	looperRule = spinRule{limit: spinLimit, trial: spinLimit, gap: 1, most: 16}
)

// insisting is the rules of a process that was told to spin up to limit: its rests are short, but two that
// keep each other from a CPU by spinning get on in them.
func insisting(limit time.Duration) (callers, loopers spinRule) {
	callers = spinRule{limit: limit, trial: max(limit, callerRule.trial), gap: 1, most: 64}
	loopers = spinRule{limit: limit, trial: limit, gap: 1, most: 16}
	return callers, loopers
}

// spinHistory says for how long a waiter spins by what its last spins brought. While they bring
// something it goes on. The first in vain calls for a trial, since what disturbs one of two that spin
// sends both to sleep; if that is in vain too, or what it began did not last, there is a rest. It is pure; one
// goroutine at a time uses it.
type spinHistory struct {
	paid uint16 // spins that paid since the last one in vain
	rest uint16 // waits without a spin until a trial
	gap  uint16 // the last rest; 0: spins were worth their trial since
}

// worthTrial is how many spins that pay save more than a trial in vain costs.
const worthTrial = 32

// next returns for how long to spin before the sleep that is due.
func (h *spinHistory) next(r *spinRule) time.Duration {
	switch {
	case h.paid > 0:
		return r.limit
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
		h.paid = min(h.paid+1, worthTrial)
	case h.paid == worthTrial:
		*h = spinHistory{}
	default:
		h.paid = 0
		h.gap = min(max(2*h.gap, r.gap), r.most)
		h.rest = h.gap
	}
}
