package object

import (
	"math"
	"runtime/metrics"
)

// uncounted is memory of the garbage collector's that it might have back if it looked, and does not count: it counts
// what is allocated, and this was used again, and then lent to a message or given up. Left alone, a process that rests after
// large messages keeps it for minutes, and one that has lent all it may allocates more. So somebody looks now and then whether
// the collector would have run by now if all of this had been allocated.
type uncounted struct {
	fresh, old int    // bytes, since the last look and before
	cycles     uint64 // of the collector, at the last look
}

// look reports whether the collector is to run, or else whether to look again when nothing happens meanwhile. Of what it
// has found in use, kept bytes were memory such as this.
func (u *uncounted) look(kept int) (due, again bool) {
	if u.fresh|u.old == 0 {
		return false, false
	}
	c := lookAtCollector()
	if c.cycles != u.cycles { // what is old it has seen, and of the rest it may have seen some
		*u = uncounted{old: u.fresh, cycles: c.cycles}
		return false, u.old > 0
	}
	u.old, u.fresh = u.old+u.fresh, 0
	if uint64(u.old) <= c.room(uint64(kept)) {
		return false, false
	}
	u.old = 0
	return true, false
}

// collector is what the garbage collector says of itself.
type collector struct {
	cycles  uint64 // how often it has run
	live    uint64 // how many bytes it has found in use then
	roots   uint64 // how many bytes of stacks and variables it has looked through for that
	percent uint64 // of what it finds may be allocated until it runs again (GOGC); math.MaxUint64: any number
}

func lookAtCollector() collector {
	s := [...]metrics.Sample{
		{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/gc/heap/live:bytes"}, {Name: "/gc/gogc:percent"},
		{Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"},
	}
	metrics.Read(s[:])
	return collector{
		cycles: s[0].Value.Uint64(), live: s[1].Value.Uint64(), percent: s[2].Value.Uint64(),
		roots: s[3].Value.Uint64() + s[4].Value.Uint64(),
	}
}

// smallestHeap is what the collector takes a smaller heap for (runtime: heapMinimum).
const smallestHeap = 4 << 20

// room is how many bytes could be allocated between two of its rounds if kept ones were not there (runtime:
// commitGCPercentGoal). Without a limit of memory, that is: with one the collector may run sooner, by itself.
func (c *collector) room(kept uint64) uint64 {
	if c.percent == math.MaxUint64 {
		return c.percent
	}
	counted := max(c.live-min(c.live, kept)+c.roots, smallestHeap)
	return uint64(float64(counted) * float64(c.percent) / 100)
}
