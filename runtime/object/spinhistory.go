package object

import "time"

// spinRule is how long a waiter spins, and how it tries whether that pays.
type spinRule struct {
	limit time.Duration // of a spin while they pay
	trial time.Duration // of one that is to show whether they would
	saves time.Duration // what one that pays is taken to save
	quick time.Duration // how soon something comes if one pays
	gap   uint16        // waits from a trial in vain to the next, at first
	most  uint16        // each trial in vain doubles them, up to this

	yields bool          // others may have the CPU meanwhile
	late   time.Duration // if it comes later than that it was in vain: these wanted the CPU for more; 0: never
}

// How long who waits spins if nobody has said so: about what both sides pay to put a thread to sleep and
// to wake it on a CPU that is awake. To spin for longer costs more than it can save.
const (
	spinLimit = 20 * time.Microsecond
	spinSaves = 5 * time.Microsecond
	spinQuick = 5 * time.Microsecond // what takes longer had to be woken, perhaps on another CPU, and costs more than on this one
)

// A caller begins: its trial is long enough for a peer that sleeps to come up on a CPU that sleeps too,
// answer, and find its caller awake. A looper follows: it spins for a caller that it found awake,
// which are few unless callers spin, so it is to be ready when one begins.
var (
	callerRule = spinRule{limit: spinLimit, trial: 150 * time.Microsecond, saves: spinSaves, quick: spinQuick, gap: 8, most: 4096}
	looperRule = spinRule{limit: spinLimit, trial: spinLimit, saves: spinSaves, quick: spinQuick, gap: 1, most: 64}
)

// Who has had a large payload copied while it was written spins for as long as the copies take: if the peer does too,
// neither has to be woken for the next.
var largeRule = spinRule{limit: 100 * time.Microsecond, trial: 200 * time.Microsecond, saves: 20 * time.Microsecond, quick: time.Second, gap: 1, most: 64}

// Oneway calls come in streams, and one of the two ends is faster: the looper waits for the next call, or the
// sender for room. A thread that slept, and is woken for every few calls, costs more than all of them; on one
// CPU it would take turns with the other for each. As long as both are at it they only yield.
var streamRule = spinRule{limit: streamLimit, trial: streamLimit, saves: 2 * spinSaves, quick: streamLimit, gap: 1, most: 256, yields: true, late: streamLate}

const (
	streamLimit = 50 * time.Microsecond // what it takes to wake a thread on a CPU that sleeps
	streamLate  = time.Millisecond
)

// insisting is the rules of a process that was told to spin up to limit: its rests are short, but two that
// keep each other from a CPU by spinning get on in them.
func insisting(limit time.Duration) (callers, loopers, streams spinRule) {
	saves := max(limit/10, 1)
	callers = spinRule{limit: limit, trial: max(limit, callerRule.trial), saves: saves, quick: limit, gap: 1, most: 64}
	loopers = spinRule{limit: limit, trial: limit, saves: saves, quick: limit, gap: 1, most: 16}
	streams = streamRule
	streams.limit, streams.trial = max(limit, streams.limit), max(limit, streams.trial)
	return callers, loopers, streams
}

// spinHistory says for how long a waiter spins by what its last spins brought. While they bring
// something it goes on. One in vain calls for a trial, since what disturbs one of two that spin sends
// both to sleep. There is a rest when spins in vain have cost more than the others have saved. It is
// pure; one goroutine at a time uses it.
type spinHistory struct {
	pays  bool
	saved uint16 // spins that paid, less what those in vain cost; at most maxSaved
	rest  uint16 // waits without a spin until a trial
	gap   uint16 // the last rest; 0: as much as can be was saved since
}

// maxSaved bounds what spins in vain may cost before there is a rest.
const maxSaved = 64

// next returns for how long to spin before the sleep that is due.
func (h *spinHistory) next(r *spinRule) time.Duration {
	switch {
	case h.pays:
		return r.limit
	case h.rest > 0:
		h.rest--
		return 0
	}
	return r.trial
}

// ended notes whether a spin, which next had allowed, ended with a message, and how long that took.
func (h *spinHistory) ended(r *spinRule, came bool, took time.Duration) {
	if came && !(r.late > 0 && took > r.late) {
		h.pays = true
		if took > r.quick {
			return
		}
		if h.saved++; h.saved >= maxSaved {
			h.saved, h.gap = maxSaved, 0
		}
		return
	}
	cost := r.trial / r.saves
	if h.pays {
		cost = r.limit / r.saves
	}
	h.pays = false
	if cost <= time.Duration(h.saved) {
		h.saved -= uint16(cost)
		return
	}
	h.saved = 0
	h.gap = min(max(2*h.gap, r.gap), r.most)
	h.rest = h.gap
}
