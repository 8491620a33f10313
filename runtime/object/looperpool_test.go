package object

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheLooperThatPeersLookAtFirstMaySpin(t *testing.T) {
	parked, asleep := &looper{index: 1}, &looper{index: 3}
	parked.parked.Store(true)
	p := looperPool{idle: []*looper{parked, asleep}}
	assert.True(t, p.maySpin(&looper{index: 0}))
	assert.True(t, p.maySpin(&looper{index: 2}), "peers do not see who is parked")
	assert.False(t, p.maySpin(&looper{index: 4}))
	p.spinner = asleep
	assert.False(t, p.maySpin(&looper{index: 0}), "one spins already")
}

// TestEveryBusyLaneHasItsTurn: of more lanes than can be hot none is left out for ever, and they do not take turns at each call.
func TestEveryBusyLaneHasItsTurn(t *testing.T) {
	const lanes, rounds = 2 * maxHot, 2 * maxHot * warmFor
	var p looperPool
	all := make([]lane, lanes)
	served, changes := make([]int, lanes), 0
	for range rounds {
		for i := range all {
			before := all[i].hot
			p.heat(&all[i])
			if all[i].hot {
				served[i]++
			}
			if all[i].hot && !before {
				changes++
			}
		}
	}
	assert.Len(t, p.hot, maxHot)
	assert.LessOrEqual(t, changes, lanes*rounds/warmFor+maxHot)
	for i, n := range served {
		assert.Greater(t, n, rounds/4, "lane %d", i)
	}
}
