package reftab

// index is sets of processes by process. There are no empty ones.
type index map[uint64]map[uint64]struct{}

func (x index) add(of, p uint64) {
	if x[of] == nil {
		x[of] = make(map[uint64]struct{})
	}
	x[of][p] = struct{}{}
}

func (x index) remove(of, p uint64) {
	delete(x[of], p)
	if len(x[of]) == 0 {
		delete(x, of)
	}
}
