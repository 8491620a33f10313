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
	r := &spinRule{limit: 20 * us, trial: 100 * us, saves: 5 * us, quick: 4 * us, gap: 2, most: 8}
	type wait struct {
		spins time.Duration // at most, in microseconds
		took  time.Duration // 0: in vain
	}
	rests := func(n int) []wait { return make([]wait, n) }
	pay := func(n int) []wait { return append([]wait{{100, 50}}, slices.Repeat([]wait{{20, 1}}, n)...) }
	vain, trialVain := wait{20, 0}, wait{100, 0}
	for name, waits := range map[string][][]wait{
		"it goes on as long as it pays":        {pay(5)},
		"a trial that came to nothing":         {{{100, 50}, vain}, rests(2), {trialVain}},
		"each trial in vain doubles rests":     {{trialVain}, rests(2), {trialVain}, rests(4), {trialVain}, rests(8), {trialVain}, rests(8), pay(1)},
		"what saved its cost is tried at once": {pay(4), {vain}, pay(4), {vain, trialVain}, rests(2)},
		"what saved less is not":               {pay(3), {vain}, rests(2), pay(1)},
		"what is slow saves nothing":           {{{100, 50}, {20, 5}, {20, 5}, {20, 5}, {20, 5}, {20, 5}, vain}, rests(2)},
		"no more is saved than the most":       {pay(10 * maxSaved), slices.Repeat([]wait{vain, {100, 50}}, maxSaved/4), {vain}, rests(2)},
		"what saves much makes rests short":    {{trialVain}, rests(2), {trialVain}, rests(4), pay(maxSaved), {vain, trialVain, trialVain, trialVain, trialVain}, rests(2), {trialVain}},
	} {
		t.Run(name, func(t *testing.T) {
			var h spinHistory
			for i, w := range slices.Concat(waits...) {
				got := h.next(r)
				require.Equal(t, w.spins*us, got, "wait %d", i)
				if got > 0 {
					h.ended(r, w.took > 0, w.took*us)
				}
			}
		})
	}
}

// TestSpinHistoryBounds: whatever comes, no spin is longer than its rule says, in vain it costs a bounded
// part of the waits, and where it pays it goes on.
func TestSpinHistoryBounds(t *testing.T) {
	insistingCaller, insistingLooper, insistingStream := insisting(time.Millisecond)
	rules := []*spinRule{&callerRule, &looperRule, &insistingCaller, &insistingLooper, &streamRule, &insistingStream}
	rapid.Check(t, func(t *rapid.T) {
		r := rapid.SampledFrom(rules).Draw(t, "rule")
		var h spinHistory
		play := func(came bool) (spun time.Duration) {
			if spun = h.next(r); spun > 0 {
				h.ended(r, came, rapid.SampledFrom([]time.Duration{r.quick / 2, spun}).Draw(t, "took"))
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
		assert.False(t, h.pays)
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
