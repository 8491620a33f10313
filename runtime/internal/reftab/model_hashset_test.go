package reftab_test

import "hash/maphash"

var seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

func hashOf(s *state) [2]uint64 {
	return [2]uint64{maphash.Comparable(seeds[0], *s), maphash.Comparable(seeds[1], *s)}
}

// hashSet is a set of hashes. The hash that is zero is not a member of any.
type hashSet struct {
	slots [][2]uint64
	n     int
}

// add reports whether h was not there.
func (x *hashSet) add(h [2]uint64) bool {
	if x.n*3 >= len(x.slots)*2 {
		x.grow()
	}
	mask := uint64(len(x.slots) - 1)
	for i := h[0] & mask; ; i = (i + 1) & mask {
		switch x.slots[i] {
		case h:
			return false
		case [2]uint64{}:
			x.slots[i] = h
			x.n++
			return true
		}
	}
}

func (x *hashSet) grow() {
	old := x.slots
	x.slots, x.n = make([][2]uint64, max(1024, 2*len(old))), 0
	for _, h := range old {
		if h != ([2]uint64{}) {
			x.add(h)
		}
	}
}
