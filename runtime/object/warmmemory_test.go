package object

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ubinder/runtime/bus"
	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/internal/sys"
)

func takeWarm(t testing.TB, m *warmMemory, n int) *buffer {
	b, err := m.take(n)
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
		m.close()
		few.Free()
	}
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
