package bus

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/internal/wait"
)

func TestAPayloadThatIsBeingWritten(t *testing.T) {
	a, b := quietPair(t)
	from, to := a, b
	const size = 1 << 20
	begin := func() (slot Slot, d Descriptor, told bool) {
		slot, err := from.Reserve(Need{Class: ClassCall, Size: size})
		require.NoError(t, err)
		d = Descriptor{Kind: KindCall, Encoding: 2, Index: 3, Length: size}
		told = from.BeginFilling(&slot, &d, size)
		return slot, d, told
	}
	slot, _, told := begin()
	require.False(t, told, "nobody is there for it")
	from.Abandon(slot)

	to.Looper(0).Arm(wait.OnFutex)
	slot, d, told := begin()
	require.True(t, told)
	other, _, told := begin()
	require.False(t, told, "one at a time")
	from.Abandon(other)
	var got Descriptor
	next := func() uint64 {
		ok, err := to.Next(&got)
		require.NoError(t, err)
		require.True(t, ok)
		return to.Position() - 1
	}
	pos := next()
	require.Equal(t, Descriptor{Kind: KindFilling, Code: KindCall, Encoding: 2, Index: 3, Offset: slot.offset / slotUnit, Length: size}, got)
	progress := func(pos uint64, want uint32, last bool) {
		n, ok := to.Progress(pos)
		require.Equal(t, last, ok)
		if last {
			require.Equal(t, want, n)
		}
	}
	progress(pos, 0, true)
	copy(slot.Bytes, "abcdef")
	from.Filled(6)
	progress(pos, 6, true)
	part := make([]byte, 3)
	to.PayloadPart(part, &got, 2, false)
	require.Equal(t, "cde", string(part))
	to.Follow()
	_, err := from.Post(&d, slot, nil)
	require.NoError(t, err)
	require.True(t, from.Followed())
	to.EndFollow()
	require.False(t, from.Followed())
	next()
	require.EqualValues(t, KindCall, got.Kind)
	require.NotZero(t, got.Flags&FlagFilled)
	to.Free(&got)
	to.Drained()

	slot, _, told = begin()
	require.True(t, told, "the one before is posted")
	from.Abandon(slot)
	slot, d, told = begin()
	require.True(t, told, "that is abandoned")
	next()
	progress(pos, 0, false)
	_, err = from.Post(&d, slot, nil)
	require.NoError(t, err)
	for range 2 {
		next()
	}
	to.Free(&got)
}
