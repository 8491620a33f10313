package linktest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/bus"
	"ubinder/runtime/internal/wait"
)

const (
	onFutex = uint32(wait.OnFutex)
	onPoll  = uint32(wait.OnPoll)
)

func (a actor) arm(w Waiter, mode uint32) { a.must(Op{Do: Arm, Waiter: w, Mode: mode}) }

func (a actor) isArmed(w Waiter) bool { return a.must(Op{Do: Armed, Waiter: w}).OK }

func looperOncePerArming(t *testing.T, a, b actor) {
	first, second := Waiter{Index: 0}, Waiter{Index: bus.Loopers - 1}
	for range 100 {
		b.arm(first, onFutex)
		b.arm(second, onFutex)
		sleepFirst, sleepSecond := b.start(Op{Do: Sleep, Waiter: first}), b.start(Op{Do: Sleep, Waiter: second})
		a.must(Op{Do: RingLooper})
		<-sleepFirst
		require.False(t, b.isArmed(first))
		a.must(Op{Do: RingLooper})
		require.True(t, b.isArmed(second), "the first is awake and will look")
		b.must(Op{Do: Leave, Waiter: first})
		a.must(Op{Do: RingLooper})
		<-sleepSecond
		require.False(t, b.isArmed(second))
		b.must(Op{Do: Leave, Waiter: second})
	}
}

func awakeLooperIsNotRung(t *testing.T, a, b actor) {
	awake, asleep := Waiter{Index: 0}, Waiter{Index: 1}
	b.must(Op{Do: Present, Waiter: awake})
	b.arm(asleep, onFutex)
	a.must(Op{Do: RingLooper})
	require.True(t, b.isArmed(asleep))
	b.must(Op{Do: Leave, Waiter: awake})
	a.must(Op{Do: RingLooper})
	b.must(Op{Do: Sleep, Waiter: asleep})
	require.False(t, b.isArmed(asleep))
}

func pollerIsRung(t *testing.T, a, b actor) {
	for range 20 {
		seen := b.must(Op{Do: Count}).Count
		b.arm(Waiter{}, onFutex)
		sleep := b.start(Op{Do: Sleep})
		a.must(Op{Do: RingLooper}) // the looper
		<-sleep
		b.must(Op{Do: Leave})
		a.must(Op{Do: RingLooper}) // nobody else is there
		b.must(Op{Do: Readable, Count: seen})
	}
}

func callerOncePerArming(t *testing.T, a, b actor) {
	for _, i := range []int{0, 7, bus.Callers - 1} {
		w := Waiter{Caller: true, Index: i}
		ring := Op{Do: RingCaller, Index: uint32(i)}
		require.False(t, a.must(ring).OK, "nobody waits there")
		b.must(Op{Do: Present, Waiter: w})
		require.True(t, a.must(ring).OK, "it is awake")
		for range 100 {
			b.arm(w, onFutex)
			require.True(t, b.isArmed(w))
			sleep := b.start(Op{Do: Sleep, Waiter: w})
			require.True(t, a.must(ring).OK)
			require.Nil(t, (<-sleep).Err)
			require.False(t, b.isArmed(w))
			require.True(t, a.must(ring).OK, "it was rung already")
		}
		b.must(Op{Do: Leave, Waiter: w})
		require.False(t, a.must(ring).OK)
	}
}

func callerByPoller(t *testing.T, a, b actor) {
	w := Waiter{Caller: true, Index: 3}
	for range 20 {
		seen := b.must(Op{Do: Count}).Count
		b.arm(w, onPoll)
		require.True(t, a.must(Op{Do: RingCaller, Index: 3}).OK)
		b.must(Op{Do: Readable, Count: seen})
		require.False(t, b.isArmed(w))
	}
}

// ringPastFiles rings when the way of rings and files is as full as it gets.
func ringPastFiles(t *testing.T, a, b actor) {
	n := 0
	for range 4 * bus.Callers {
		m := Message{Kind: bus.KindReply, Index: uint32(n % bus.Callers), Files: contents(1, n)}
		slot := a.reserve(bus.ClassReply, 10, 0)
		if a.Do(Op{Do: Post, Slot: slot, Message: m}).Err != nil {
			break
		}
		if n++; n == bus.Callers {
			break
		}
	}
	a.must(Op{Do: RingLooper})
	for range n {
		pos := b.must(Op{Do: Next}).Position
		require.Len(t, b.must(Op{Do: Files, Position: pos}).Files, 1)
		b.free(pos)
	}
}
