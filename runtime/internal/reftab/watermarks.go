package reftab

// Watermarks say of which numbers of objects of one other process, that this one holds strongly, somebody wants to know.
type Watermarks struct {
	Low, Warning, High int
	// Reached is called at Warning and at High, once each until there are no more than Low.
	Reached func(owner uint64, held int, high bool)
}

// SetWatermarks has w told from now on; nil stands for none.
func (t *Table) SetWatermarks(w *Watermarks) { t.watermarks = w }

// counted looks at how many objects of p are held now.
func (t *Table) counted(p *peer) {
	w, n := t.watermarks, len(p.refs)
	if w == nil {
		return
	}
	before := p.mark
	switch {
	case n <= w.Low:
		p.mark = 0
	case n >= w.High:
		p.mark = 2
	case n >= w.Warning:
		p.mark = max(before, 1)
	}
	if p.mark > before {
		w.Reached(p.id, n, p.mark == 2)
	}
}
