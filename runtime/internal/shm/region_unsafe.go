// Package shm gives typed access to memory that another process may be writing. Offsets are of this
// process's own making (layout constants, or numbers checked before); one that is out of range or
// misaligned is a bug here and panics. Every read happens once: callers work on the copy.
package shm

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"ubinder/runtime/internal/copying"
)

// Region is a view of shared memory. The memory must outlive it.
type Region struct {
	base unsafe.Pointer
	size int
}

// Of returns the region that b spans; b must be aligned to 8 bytes.
func Of(b []byte) Region {
	p := unsafe.Pointer(unsafe.SliceData(b))
	if uintptr(p)&7 != 0 {
		panic("shm: memory is not aligned to 8 bytes")
	}
	return Region{p, len(b)}
}

// Size returns the region's size in bytes.
func (r Region) Size() int { return r.size }

func (r Region) at(off, n, align int) unsafe.Pointer {
	if off < 0 || n < 0 || off > r.size-n || off&(align-1) != 0 {
		r.outOfRange(off, n)
	}
	return unsafe.Add(r.base, off)
}

//go:noinline
func (r Region) outOfRange(off, n int) {
	panic(fmt.Sprintf("shm: access to %d bytes at %d in a region of %d", n, off, r.size))
}

// Uint32 returns the word at off.
func (r Region) Uint32(off int) *atomic.Uint32 { return (*atomic.Uint32)(r.at(off, 4, 4)) }

// Uint32s returns the n words at off.
func (r Region) Uint32s(off, n int) []atomic.Uint32 {
	return unsafe.Slice((*atomic.Uint32)(r.at(off, 4*n, 4)), n)
}

// Uint64 returns the word at off.
func (r Region) Uint64(off int) *atomic.Uint64 { return (*atomic.Uint64)(r.at(off, 8, 8)) }

// Bytes returns n bytes at off, for their writer.
func (r Region) Bytes(off, n int) []byte { return unsafe.Slice((*byte)(r.at(off, n, 1)), n) }

// CopyOut copies len(dst) bytes at off into private memory.
func (r Region) CopyOut(dst []byte, off int) {
	if len(dst) > 0 {
		copying.Copy(dst, r.Bytes(off, len(dst)))
	}
}
