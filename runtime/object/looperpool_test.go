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
