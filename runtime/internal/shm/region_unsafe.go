// Package shm gives typed access to memory that another process may be writing. Offsets are of this
// process's own making (layout constants, or numbers checked before); one that is out of range or
// misaligned is a bug here and panics. Every read happens once: callers work on the copy.
package shm

import (
	"sync/atomic"
	"unsafe"

	"ubinder/runtime/internal/copying"
)

// Region is a view of shared memory. The memory must outlive it.
type Region struct{ memory []byte }

// Of returns the region that b spans; b must be aligned to 8 bytes.
func Of(b []byte) Region {
	if uintptr(unsafe.Pointer(unsafe.SliceData(b)))&7 != 0 {
		panic("shm: memory is not aligned to 8 bytes")
	}
	return Region{b[:len(b):len(b)]} // what lies behind is out of range too
}

// Size returns the region's size in bytes.
func (r Region) Size() int { return len(r.memory) }

// words returns where n words of size bytes, a power of two, lie at off.
func (r Region) words(off, n, size int) unsafe.Pointer {
	if off&(size-1) != 0 {
		panic("shm: a word is not aligned to its size")
	}
	return unsafe.Pointer(&r.memory[off : off+n*size][0])
}

// Uint32 returns the word at off.
func (r Region) Uint32(off int) *atomic.Uint32 { return (*atomic.Uint32)(r.words(off, 1, 4)) }

// Uint32s returns the n words at off.
func (r Region) Uint32s(off, n int) []atomic.Uint32 {
	return unsafe.Slice((*atomic.Uint32)(r.words(off, n, 4)), n)
}

// Uint64 returns the word at off.
func (r Region) Uint64(off int) *atomic.Uint64 { return (*atomic.Uint64)(r.words(off, 1, 8)) }

// Bytes returns n bytes at off, for their writer.
func (r Region) Bytes(off, n int) []byte { return r.memory[off : off+n : off+n] }

// CopyIn copies src to off, for its writer.
func (r Region) CopyIn(off int, src []byte) { copy(r.memory[off:off+len(src)], src) }

// CopyOut copies len(dst) bytes at off into private memory.
func (r Region) CopyOut(dst []byte, off int) { copying.Copy(dst, r.memory[off:off+len(dst)]) }

// CopyOutCold is CopyOut into memory that is in no cache.
func (r Region) CopyOutCold(dst []byte, off int) { copying.CopyCold(dst, r.memory[off:off+len(dst)]) }
