package copying_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ubinder/runtime/internal/copying"
)

func TestCopyInPieces(t *testing.T) {
	for _, n := range []int{0, 1, 256<<10 - 1, 256 << 10, 256<<10 + 1, 1<<20 + 7} {
		src, dst := bytes.Repeat([]byte{3, 1, 4, 1, 5}, n), make([]byte, 5*n)
		copying.Copy(dst, src)
		require.True(t, bytes.Equal(src, dst), n)
		cold := make([]byte, 5*n)
		copying.CopyCold(cold, src)
		require.True(t, bytes.Equal(src, cold), n)
		head := append(make([]byte, 0, 8), 2, 7) // with room that is too small, or just right
		require.True(t, bytes.Equal(append([]byte{2, 7}, src...), copying.Append(head, src)), n)
		dst = append(make([]byte, 0, 2+len(src)), 2, 7)
		out := copying.Append(dst, src)
		require.True(t, bytes.Equal(append([]byte{2, 7}, src...), out), n)
		require.Same(t, &dst[0], &out[0], "it is written in place")
	}
}

// Wherever it begins and ends, what is copied past the caches is all of it and nothing else.
func TestCopyColdAnywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 100<<10).Draw(t, "n")
		from, to := rapid.IntRange(0, 130).Draw(t, "from"), rapid.IntRange(0, 130).Draw(t, "to")
		src := bytes.Repeat([]byte{3, 1, 4, 1, 5}, (from+n)/5+1)
		dst := bytes.Repeat([]byte{9}, to+n+100)
		want := bytes.Clone(dst)
		copy(want[to:], src[from:from+n])
		copying.CopyCold(dst[to:to+n], src[from:from+n])
		require.True(t, bytes.Equal(want, dst))
	})
}

// Who watches is told of what is written, piece by piece, and of nothing else.
func TestWatch(t *testing.T) {
	const large = 64 << 10
	src := bytes.Repeat([]byte{3, 1, 4, 1, 5}, large)
	memory := make([]byte, 0, 3+len(src)+10)
	var told tale
	copying.Watch(memory, &told)
	out := copying.Append(append(memory, 2, 7, 1), src)
	want := tale{3, large, 2 * large, 3 * large, 4 * large, 5 * large, 5*large + 3}
	require.Equal(t, want, told)
	out = copying.Append(out, src[:10])
	copying.Append(nil, src)
	require.Equal(t, want, told, "that is little, and the other another's")
	require.True(t, bytes.Equal(append(append([]byte{2, 7, 1}, src...), src[:10]...), out))
	copying.Unwatch(memory)
	copying.Append(memory, src)
	require.Equal(t, want, told)
}

type tale []int

func (t *tale) Written(n int) { *t = append(*t, n) }
