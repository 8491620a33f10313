package shm_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/internal/shm"
	"ubinder/runtime/internal/sys"
)

func TestAccessInRange(t *testing.T) {
	r := shm.Of(sys.PlainMemory(64))
	require.Equal(t, 64, r.Size())
	r.Uint64(56).Store(0x0102030405060708)
	require.EqualValues(t, r.Uint64(56).Load()&math.MaxUint32, r.Uint32(56).Load())
	dst := make([]byte, 8)
	r.CopyOut(dst, 56)
	require.Equal(t, r.Bytes(56, 8), dst)
	r.CopyOut(nil, 64)
	require.Empty(t, r.Bytes(64, 0))
}

func TestAccessOutOfRangePanics(t *testing.T) {
	r := shm.Of(sys.PlainMemory(128)[:64]) // more memory follows, as behind the header of an outbox
	for name, access := range map[string]func(){
		"behind":             func() { r.Uint64(64) },
		"over the end":       func() { r.Uint64(60) },
		"before":             func() { r.Uint32(-4) },
		"misaligned":         func() { r.Uint32(2) },
		"misaligned word":    func() { r.Uint64(4) },
		"too long":           func() { r.Bytes(1, 64) },
		"negative":           func() { r.Bytes(0, -1) },
		"wraps":              func() { r.Bytes(math.MaxInt, math.MaxInt) },
		"copy over the end":  func() { r.CopyOut(make([]byte, 2), 63) },
		"written over it":    func() { r.CopyIn(63, make([]byte, 2)) },
		"words over it":      func() { r.Uint32s(32, 9) },
		"memory not aligned": func() { shm.Of(sys.PlainMemory(64)[4:]) },
	} {
		require.Panics(t, access, name)
	}
}
