package object

import "runtime/metrics"

// uncounted is memory of the garbage collector's that it might have back if it looked, and does not count: it counts
// what is allocated, and this was used again, and then lent to a message or given up. Left alone, a process that rests after
// large messages keeps it for minutes. So somebody looks now and then whether the collector would have run by now if all
// of this had been allocated.
type uncounted struct {
	fresh, old int    // bytes, since the last look and before
	cycles     uint64 // of the collector, at the last look
}

// look reports whether the collector is to run, or else whether to look again when nothing happens meanwhile.
func (u *uncounted) look() (due, again bool) {
	if u.fresh|u.old == 0 {
		return false, false
	}
	cycles, live, goal := collector()
	if cycles != u.cycles { // what is old it has seen, and of the rest it may have seen some
		*u = uncounted{old: u.fresh, cycles: cycles}
		return false, u.old > 0
	}
	u.old, u.fresh = u.old+u.fresh, 0
	if live+uint64(u.old) <= goal {
		return false, false
	}
	u.old = 0
	return true, false
}

// collector returns how often the garbage collector has run, how many bytes it has found in use then, and at how many it
// runs next.
func collector() (cycles, live, goal uint64) {
	s := [...]metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/goal:bytes"}}
	metrics.Read(s[:])
	return s[0].Value.Uint64(), s[1].Value.Uint64(), s[2].Value.Uint64()
}
