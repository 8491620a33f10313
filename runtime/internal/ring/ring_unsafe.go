package ring

import (
	"sync/atomic"
	"unsafe"

	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/shm"
)

// Compile-time check that a descriptor is what the protocol says.
var _ [Size]byte = [unsafe.Sizeof(Descriptor{})]byte{}

// Writer is the end of a ring that its owner writes. Not safe for concurrent use.
type Writer struct {
	slots []Descriptor
	tail  *atomic.Uint64 // shared; position behind the last published descriptor
	next  uint64
}

// NewWriter makes a writer over n descriptors (a power of two) at off, whose published position is
// the word at tail.
func NewWriter(r shm.Region, off, n, tail int) Writer {
	return Writer{slots: descriptors(r, off, n), tail: r.Uint64(tail)}
}

func descriptors(r shm.Region, off, n int) []Descriptor {
	if n <= 0 || n&(n-1) != 0 {
		panic("ring: size is not a power of two")
	}
	b := r.Bytes(off, n*Size)
	r.Uint64(off) // alignment
	return unsafe.Slice((*Descriptor)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

// Next is the position that the next Put gets: 0, 1, 2, ... never wrapped.
func (w *Writer) Next() uint64 { return w.next }

// Put writes d and publishes it. The caller has made sure that the reader is less than the ring's
// size behind.
func (w *Writer) Put(d *Descriptor) uint64 {
	pos := w.next
	killpoint.At("publish")
	w.slots[pos&uint64(len(w.slots)-1)] = *d
	killpoint.At("publish: descriptor written")
	w.next = pos + 1
	w.tail.Store(w.next) // release: and, being sequentially consistent, ordered before a look at sleepers
	killpoint.At("publish: tail stored")
	return pos
}

// Reader is the end of a ring that the other process writes. Not safe for concurrent use.
type Reader struct {
	slots []Descriptor
	tail  *atomic.Uint64
	next  uint64
}

// NewReader makes a reader; its arguments are NewWriter's.
func NewReader(r shm.Region, off, n, tail int) Reader {
	return Reader{slots: descriptors(r, off, n), tail: r.Uint64(tail)}
}

// Next is the position of the descriptor that the next Get returns.
func (r *Reader) Next() uint64 { return r.next }

// Published loads the position behind the last descriptor that the writer has published.
func (r *Reader) Published() uint64 { return r.tail.Load() }

// HasNext reports whether the writer has published a descriptor that Get has not returned.
func (r *Reader) HasNext() bool { return r.tail.Load() != r.next }

// Size returns how many descriptors the ring holds.
func (r *Reader) Size() uint64 { return uint64(len(r.slots)) }

// Get copies the next descriptor into d. The caller has seen it published.
func (r *Reader) Get(d *Descriptor) {
	*d = r.slots[r.next&uint64(len(r.slots)-1)]
	r.next++
}
