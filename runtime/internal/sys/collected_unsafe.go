package sys

import (
	"os"
	"runtime"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// MayAllocate reports whether the kernel would give the garbage collector n bytes, which ends the program when it does
// not get them. For that it maps as much for a moment, and touches nothing.
func MayAllocate(n int) error {
	m, err := PrivateMemory(n + heapArena)
	if err != nil {
		return err
	}
	return m.Unmap()
}

// heapArena is by how much the garbage collector's memory grows at the least, on 64-bit Linux (runtime.heapArenaBytes).
const heapArena = 64 << 20

// Uncleared returns n bytes, at least one, of the garbage collector's memory, which hold anything: it is for who
// writes all of them at once, and spares him that they are cleared first, and that each page that is missing is a fault.
func Uncleared(n int) []byte {
	var b strings.Builder // of the standard library, it alone has such memory for others
	b.Grow(n)
	b.WriteByte(0)
	out := unsafe.Slice(unsafe.StringData(b.String()), n)
	if n >= populated { // and so begins with a page
		unix.Madvise(out[:n&^(os.Getpagesize()-1)], unix.MADV_POPULATE_WRITE) // a wish; Linux 5.14
	}
	return out
}

// populated is from which size on all pages that are missing are asked for in one go.
const populated = 1 << 20

// OnUnreachable has fn called, once, when nothing points into b any more, b's own slice included: then the memory may be
// used again, and fn is given it, with all of b's capacity. b is an allocation from its beginning, and fn does not
// point into it. fn is called by the goroutine of finalizers, some time after the garbage collector has looked.
func OnUnreachable(b []byte, fn func([]byte)) {
	n := cap(b)
	runtime.SetFinalizer(unsafe.SliceData(b), func(p *byte) { fn(unsafe.Slice(p, n)) })
}
