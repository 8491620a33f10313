package object

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSpinHistory(t *testing.T) {
	const us = time.Microsecond
	r := &spinRule{limit: 20 * us, trial: 100 * us, gap: 2, most: 8}
	type wait struct {
		spins time.Duration
		came  bool
	}
	in, paid := func(d time.Duration) wait { return wait{d * us, false} }, func(d time.Duration) wait { return wait{d * us, true} }
	rests := func(n int) []wait { return make([]wait, n) }
	worth := append([]wait{paid(100)}, slices.Repeat([]wait{paid(20)}, worthTrial-1)...)
	for name, waits := range map[string][][]wait{
		"a trial shows that it pays":       {{paid(100), paid(20), paid(20)}},
		"a trial that came to nothing":     {{paid(100), in(20)}, rests(2), {in(100)}},
		"each trial in vain doubles rests": {{in(100)}, rests(2), {in(100)}, rests(4), {in(100)}, rests(8), {in(100)}, rests(8), {paid(100)}},
		"what paid is tried again at once": {worth, {in(20), paid(100), paid(20)}},
		"and rests if that is in vain":     {worth, {in(20), in(100)}, rests(2), {in(100)}},
		"what paid makes rests short":      {{in(100)}, rests(2), {in(100)}, rests(4), worth, {in(20), in(100)}, rests(2)},
	} {
		t.Run(name, func(t *testing.T) {
			var h spinHistory
			for i, w := range slices.Concat(waits...) {
				got := h.next(r)
				require.Equal(t, w.spins, got, "wait %d", i)
				if got > 0 {
					h.ended(r, w.came)
				}
			}
		})
	}
}

// TestSpinHistoryBounds: whatever comes, no spin is longer than its rule says, in vain it costs a bounded
// part of the waits, and where it pays it goes on.
func TestSpinHistoryBounds(t *testing.T) {
	insistingCaller, insistingLooper := insisting(time.Millisecond)
	rules := []*spinRule{&callerRule, &looperRule, &insistingCaller, &insistingLooper}
	rapid.Check(t, func(t *rapid.T) {
		r := rapid.SampledFrom(rules).Draw(t, "rule")
		var h spinHistory
		play := func(came bool) (spun time.Duration) {
			if spun = h.next(r); spun > 0 {
				h.ended(r, came)
			}
			return spun
		}
		for _, came := range rapid.SliceOfN(rapid.Bool(), 0, 2000).Draw(t, "came") {
			assert.LessOrEqual(t, play(came), max(r.limit, r.trial))
			assert.LessOrEqual(t, h.rest, r.most)
			assert.LessOrEqual(t, h.gap, r.most)
		}
		last := h
		for range 1000 * int(r.most) {
			play(false)
		}
		assert.Zero(t, h.paid)
		waits, spent := 10*(int(r.most)+1), time.Duration(0)
		for range waits {
			spent += play(false)
		}
		assert.LessOrEqual(t, spent, 10*r.trial, "a trial each %d waits, and nothing else", r.most)
		h = last
		for range int(r.most) + 3 { // a rest, a trial, and up again
			play(true)
		}
		assert.Equal(t, r.limit, h.next(r))
	})
}
