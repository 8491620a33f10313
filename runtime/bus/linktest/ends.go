package linktest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/bus"
	"ubinder/runtime/status"
)

func hangupOnBothSides(t *testing.T, a, b actor) {
	require.Nil(t, a.Do(Op{Do: Err}).Err)
	a.must(Op{Do: Close})
	here, there := a.fails(status.Dead, Op{Do: Hangup}), b.fails(status.Dead, Op{Do: Hangup})
	require.Contains(t, here.Message, "closed here")
	require.Contains(t, there.Message, "has ended")
	a.fails(status.Dead, Op{Do: Err})
	b.fails(status.Dead, Op{Do: Err})
	a.must(Op{Do: Close}) // nothing more happens
}

func drainedAfterDeath(t *testing.T, a, b actor) {
	b.must(Op{Do: Hold})
	for i := range uint64(5) {
		a.call(i)
	}
	a.must(Op{Do: Control, Message: Message{Kind: bus.KindFence, Node: 5}})
	a.close()
	b.Do(Op{Do: Hangup})
	require.EqualValues(t, 6, b.must(Op{Do: Published}).Position)
	for i := range uint64(6) {
		r := b.must(Op{Do: Next})
		require.Equal(t, i, r.Message.Node)
		if i < 5 {
			require.Equal(t, Pattern(i, 16), b.must(Op{Do: Take, Position: r.Position}).Message.Payload)
			b.free(r.Position)
		}
	}
	b.fails(status.Dead, Op{Do: Next})
	b.must(Op{Do: Drop})
}

func failTellsWhy(t *testing.T, a, b actor) {
	a.must(Op{Do: Hold})
	b.call(1)
	a.must(Op{Do: Fail})
	require.Contains(t, a.fails(status.Protocol, Op{Do: Hangup}).Message, "failed by the test")
	a.fails(status.Protocol, Op{Do: Err})
	a.fails(status.Protocol, Op{Do: Next}) // what it published is not looked at
	b.fails(status.Dead, Op{Do: Hangup})
	a.must(Op{Do: Close})
	a.fails(status.Protocol, Op{Do: Err}) // the first reason stays
	a.must(Op{Do: Drop})
}

func holdKeepsMemory(t *testing.T, a, b actor) {
	a.call(9)
	r := b.must(Op{Do: Next})
	require.True(t, b.must(Op{Do: Hold}).OK)
	slot := a.reserve(bus.ClassCall, 100, 4)
	a.close()
	b.Do(Op{Do: Hangup})
	require.Equal(t, Pattern(9, 16), b.must(Op{Do: Take, Position: r.Position}).Message.Payload)
	b.free(r.Position)
	b.must(Op{Do: Drop})
	a.must(Op{Do: Abandon, Slot: slot}) // it was writable until here
	awaitGone(t, a)
	awaitGone(t, b)
}

// awaitGone waits until nobody holds the memory, not even the link's own goroutine.
func awaitGone(t testing.TB, a actor) {
	for a.must(Op{Do: Hold}).OK {
		a.must(Op{Do: Drop})
	}
}

func nothingAfterTheEnd(t *testing.T, a, b actor) {
	slot := a.reserve(bus.ClassCall, 10, 0)
	b.close()
	a.Do(Op{Do: Hangup})
	a.fails(status.Dead, Op{Do: Post, Slot: slot, Message: Message{Kind: bus.KindCall}})
	sendNothing := func() {
		a.fails(status.Dead, Op{Do: Reserve, Class: bus.ClassCall, Size: 10})
		a.fails(status.Dead, Op{Do: Control, Message: Message{Kind: bus.KindDrop}})
		a.fails(status.Dead, Op{Do: Room})
		a.must(Op{Do: RingLooper})
		require.False(t, a.must(Op{Do: RingCaller}).OK)
	}
	sendNothing()
	awaitGone(t, a)
	sendNothing()
}
