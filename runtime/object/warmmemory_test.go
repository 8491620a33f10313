package object

import (
	"reflect"
	"runtime"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/internal/sys"
)

func takeWarm(t testing.TB, m *warmMemory, n int) *buffer {
	b, err := m.take(n, false)
	require.NoError(t, err)
	require.Len(t, b.bytes, n)
	return b
}

func TestWarmMemoryIsUsedAgain(t *testing.T) {
	leaktest.Check(t)
	for _, n := range []int{largestPooled + 1, bus.MaxMessage, bus.MaxMessage + 1, 9 << 20} {
		var m warmMemory
		first := takeWarm(t, &m, n)
		other := takeWarm(t, &m, n)
		require.NotSame(t, &first.bytes[0], &other.bytes[0])
		place := &first.bytes[0]
		other.Free()
		first.Free()
		less := takeWarm(t, &m, n-n/16)
		require.Same(t, place, &less.bytes[0], "that of %d bytes was used last", n)
		less.Free()
		few := takeWarm(t, &m, n/4)
		require.NotSame(t, place, &few.bytes[0], "it would waste %d bytes", n)
		few.Free()
		if n <= bus.MaxMessage {
			few, _ = m.take(n/4*3, true)
			require.NotSame(t, place, &few.bytes[0], "a message would hold %d bytes", n)
		}
		m.close()
		few.Free()
	}
}

// Memory is in the caches if who had it has given it back himself.
func TestMemoryThatIsLentIsCold(t *testing.T) {
	leaktest.Check(t)
	var m warmMemory
	defer m.close()
	b, err := m.take(1<<20, true)
	require.NoError(t, err)
	require.True(t, b.cold, "it is new")
	place := &b.bytes[0]
	b.Free()
	b, err = m.take(1<<20, true)
	require.NoError(t, err)
	require.Same(t, place, &b.bytes[0])
	require.False(t, b.cold, "it was used just now")
	m.lent += cap(b.bytes)
	m.comesBack(b.bytes)
	b, err = m.take(1<<20, true)
	require.NoError(t, err)
	require.Same(t, place, &b.bytes[0])
	require.True(t, b.cold, "the garbage collector has found it")
	require.False(t, takeWarm(t, &m, 1<<20).cold, "it comes back at once")
}

func TestWarmSizesWasteLittle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(largestPooled+1, bus.MaxPayload).Draw(t, "n")
		size := warmSize(n)
		require.GreaterOrEqual(t, size, n)
		require.LessOrEqual(t, size-n, n/8)
		require.LessOrEqual(t, size, bus.MaxPayload)
		require.Equal(t, n <= bus.MaxMessage, size <= bus.MaxMessage)
	})
}

// What a process keeps is bounded, whatever its peers have sent.
func TestWarmMemoryIsBounded(t *testing.T) {
	leaktest.Check(t)
	var m warmMemory
	defer m.close()
	largest := takeWarm(t, &m, bus.MaxPayload) // no page of it is touched
	large := []*buffer{takeWarm(t, &m, bus.MaxPayload/2), takeWarm(t, &m, bus.MaxPayload/2), takeWarm(t, &m, 3<<20)}
	_, all := sys.Open()
	largest.Free()
	require.Equal(t, bus.MaxPayload, m.bytes)
	for _, b := range large {
		b.Free()
		require.LessOrEqual(t, m.bytes, bus.MaxPayload)
	}
	_, kept := sys.Open()
	require.EqualValues(t, 2, all-kept, "the largest, and the first half, were used longest ago")
	var small []*buffer
	for range maxWarmBuffers + 1 {
		small = append(small, takeWarm(t, &m, largestPooled+1))
	}
	for _, b := range small {
		b.Free()
	}
	require.Len(t, m.idle, maxWarmBuffers)
	_, kept = sys.Open()
	require.EqualValues(t, 4, all-kept)
}

// It is given back when it was not used for a second or two, and then nothing wakes up any more.
func TestWarmMemoryIsGivenBack(t *testing.T) {
	leaktest.Check(t)
	synctest.Test(t, func(t *testing.T) {
		var m warmMemory
		_, before := sys.Open()
		kept := func() int64 {
			synctest.Wait()
			_, now := sys.Open()
			return now - before
		}
		used, unused := takeWarm(t, &m, 3<<20), takeWarm(t, &m, 9<<20)
		unused.Free()
		for range 4 {
			used.Free()
			time.Sleep(warmPatience / 2)
			require.Positive(t, kept())
			used = takeWarm(t, &m, 3<<20)
		}
		used.Free()
		require.EqualValues(t, 1, kept(), "one was not used for two seconds")
		time.Sleep(2 * warmPatience)
		require.Zero(t, kept())
		require.Nil(t, m.sweeping)

		used, unused = takeWarm(t, &m, 3<<20), takeWarm(t, &m, 3<<20)
		unused.Free()
		m.close()
		require.EqualValues(t, 1, kept())
		used.Free()
		require.Zero(t, kept(), "nobody is there to use it again")
	})
}

// collectUntil has the garbage collector look until a condition holds: what it finds is told by a goroutine of its own.
func collectUntil(t *testing.T, m *warmMemory, condition func() bool) {
	require.Eventually(t, func() bool {
		runtime.GC()
		m.mu.Lock()
		defer m.mu.Unlock()
		return condition()
	}, time.Minute, time.Millisecond)
}

func TestLentMemoryComesBackWhenNobodyHasIt(t *testing.T) {
	leaktest.Check(t)
	for _, n := range []int{smallestKept, largestPooled + 1, bus.MaxMessage + 1, 9 << 20} {
		var m warmMemory
		lent, err := m.take(n, true)
		require.NoError(t, err)
		require.Same(t, lent, lent.keeperOf())
		place := uintptr(reflect.ValueOf(lent.bytes).UnsafePointer())
		field := lent.bytes[n/2 : n/2+1]
		field[0] = 7
		lent.Keep()
		lent.Free()
		require.Empty(t, m.idle)
		require.Equal(t, warmSize(n), m.lent)
		for range 3 {
			runtime.GC()
			other, err := m.take(n, true)
			require.NoError(t, err)
			require.NotEqual(t, place, uintptr(reflect.ValueOf(other.bytes).UnsafePointer()), "a field points there")
			clear(other.bytes)
		}
		require.EqualValues(t, 7, field[0])
		field = nil
		collectUntil(t, &m, func() bool { return m.lent == 0 && len(m.idle) == 1 })
		again, err := m.take(n, true)
		require.NoError(t, err)
		require.Equal(t, place, uintptr(reflect.ValueOf(again.bytes).UnsafePointer()))
		require.False(t, again.kept)
		m.close()
	}
}

// What does not come back is the garbage collector's alone, as is what comes back too late.
func TestLentMemoryIsBounded(t *testing.T) {
	leaktest.Check(t)
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // nothing comes back before it is waited for
	for n, most := range map[int]int{1 << 20: maxLent >> 20, 32 << 20: lentPayloads} {
		var m warmMemory
		for range most + 5 {
			b, err := m.take(n, true)
			require.NoError(t, err)
			b.Keep()
			b.Free()
			require.LessOrEqual(t, m.lent, most*n)
		}
		collectUntil(t, &m, func() bool { return m.lent == 0 })
		require.LessOrEqual(t, m.bytes, most*n)
		b, err := m.take(n, true)
		require.NoError(t, err)
		b.Keep()
		b.Free()
		b = nil
		m.close()
		collectUntil(t, &m, func() bool { return m.lent == 0 })
		require.Empty(t, m.idle)
	}
}

func TestWhatCannotBeLent(t *testing.T) {
	leaktest.Check(t)
	var m warmMemory
	mapped := takeWarm(t, &m, bus.MaxMessage+1)
	require.Nil(t, mapped.keeperOf(), "it is not the garbage collector's")
	mapped.Free()
	lendable, err := m.take(bus.MaxMessage+1, true)
	require.NoError(t, err)
	require.NotNil(t, lendable.keeperOf())
	lendable.secret = true
	require.Nil(t, lendable.keeperOf(), "it is to be wiped")
	lendable.Free()
	m.close()
	small, err := (&Transport{memory: &m}).takeBuffer(smallestKept-1, &bus.Descriptor{Encoding: uint8(binder.Protobuf)})
	require.NoError(t, err)
	require.Nil(t, small.keeperOf(), "it is used again at once")
	raw, err := (&Transport{memory: &m}).takeBuffer(largestPooled, new(bus.Descriptor))
	require.NoError(t, err)
	require.Nil(t, raw.keeperOf())
}
