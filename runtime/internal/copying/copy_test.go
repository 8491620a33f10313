package copying_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

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
