package object

import "time"

// pace is how often calls come, by which a looper naps. It is pure; Transport.mu guards it.
type pace struct {
	since time.Time // when it was looked last
	calls uint64    // until then
	often bool      // they come often: it need not be looked as often
	naps  bool      // they come now and then
	last  uint64    // calls before the last nap
	done  int       // naps since
}

// A looper naps where calls come now and then. Where they come often they do before the scheduler's monitor has looked,
// or are spun for; where they are rare all naps would be in vain.
const (
	shortestNapGap = 150 * time.Microsecond // between two calls, on average
	longestNapGap  = 9 * time.Millisecond
	paceAfter      = 4 * restAfter // sleeps of loopers from one look at the clock to the next, where calls come often
	looperNaps     = 2             // after a call: the first ends early if the goroutine has had most of its time slice
)

// look is called now and then, with how many calls have come so far.
func (p *pace) look(now time.Time, calls uint64) {
	n := max(calls-p.calls, 1)
	took := now.Sub(p.since)
	p.since, p.calls = now, calls
	p.often = took <= time.Duration(n)*shortestNapGap
	p.naps = !p.often && took < time.Duration(n)*longestNapGap
}

// nap reports, while there are naps at all, whether a looper that is about to sleep is to nap.
func (p *pace) nap(calls uint64) bool {
	if calls != p.last {
		p.last, p.done = calls, 0
	}
	p.done++
	return p.done <= looperNaps
}
