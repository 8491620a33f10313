package reftab

import (
	"testing"

	"pgregory.net/rapid"
)

// What a table has by the other process stays what a walk over its peers finds, whoever asks, grants and ends, in
// whatever order.
func TestIndexesAreWhatAWalkFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := New(self, &void{})
		peers := rapid.Uint64Range(self+1, self+5)
		for p := self + 1; p <= self+5; p++ {
			table.Opened(uint64(p))
		}
		var refs []*Ref
		steps := map[string]func(p, q uint64){
			"hold":   func(p, _ uint64) { refs = append(refs, table.Received(p, 1)) },
			"take":   func(p, q uint64) { refs = append(refs, table.Passed(p, q, 1, 1)) },
			"ask":    func(p, q uint64) { table.Receive(p, 0, Control{Kind: Fence, Peer: q}) },
			"die":    func(p, _ uint64) { table.Died(p) },
			"breach": func(p, _ uint64) { table.CutOff(p) },
			"grant": func(p, _ uint64) {
				if len(refs) > 0 && table.Known(p) {
					table.Pass(rapid.SampledFrom(refs).Draw(t, "of"), p)
				}
			},
			"release": func(uint64, uint64) {
				if len(refs) > 0 {
					table.Release(refs[0])
					refs = refs[1:]
				}
			},
		}
		names := []string{"hold", "take", "take", "ask", "ask", "grant", "grant", "release", "die", "breach"}
		for range 40 {
			p, q := peers.Draw(t, "p"), peers.Draw(t, "q")
			step := rapid.SampledFrom(names).Draw(t, "step")
			if p != q && (table.Known(p) || step == "release") {
				steps[step](p, q)
				requireIndexes(t, table)
			}
		}
	})
}
