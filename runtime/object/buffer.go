package object

import (
	"math/bits"
	"sync"
	"sync/atomic"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/sys"
)

// buffer is private memory that a payload was copied into; it is used again.
type buffer struct {
	bytes  []byte
	class  int
	secret bool        // wipe it before it is used again
	kept   bool        // somebody may point to it for as long as he likes
	lent   atomic.Bool // somebody reads a reply in it; of a caller's alone

	// Of large ones.
	keeper *warmMemory
	mapped sys.Memory // else the garbage collector's
	recent bool       // used since the keeper looked last
	cold   bool       // in no cache: the garbage collector has given it back, and all others come first
}

// Buffers of 256 bytes, 1 KiB, 4 KiB, 16 KiB and 64 KiB, each in its own pool. What is larger a process keeps for
// itself, see warmMemory.
const (
	smallestBuffer = 8 // bits
	bufferStep     = 2 // bits
	bufferClasses  = 5
	largestPooled  = 1 << (smallestBuffer + (bufferClasses-1)*bufferStep)
)

var bufferPools [bufferClasses]sync.Pool

const (
	ownClass  = -1 // marks memory that is part of something else and stays with it
	warmClass = -2 // marks memory that has a keeper
	// callerClass marks memory that is a caller's. A program may keep the reply in it when the process has ended: it knows
	// nothing of either.
	callerClass = -3
)

// takeBuffer returns memory for the n bytes of a message. It cannot fail for what fits a slot.
func (t *Transport) takeBuffer(n int, d *bus.Descriptor) (*buffer, error) {
	keepable := n >= smallestKept && d.Encoding == uint8(binder.Protobuf)
	if n > largestPooled || keepable {
		return t.memory.take(n, keepable)
	}
	class := classOf(n)
	b, ok := bufferPools[class].Get().(*buffer)
	if !ok {
		b = &buffer{bytes: make([]byte, 1<<(smallestBuffer+class*bufferStep)), class: class}
	}
	b.bytes = b.bytes[:n]
	return b, nil
}

// classOf returns the class of buffers for n bytes.
func classOf(n int) int {
	if n <= 1<<smallestBuffer {
		return 0
	}
	return (bits.Len(uint(n-1)) - smallestBuffer + bufferStep - 1) / bufferStep
}

// smallestKept is from which size on the payloads of protobuf messages are in memory that can be left to
// the message. What is smaller takes less time to copy than to be found by the garbage collector.
const smallestKept = 16 << 10

// keeper returns what can leave the memory to whoever points to it, if that is possible.
func (b *buffer) keeperOf() binder.Keeper {
	if b.class != warmClass || b.secret || b.mapped.Bytes() != nil {
		return nil
	}
	return b
}

// Size implements binder.Keeper.
func (b *buffer) Size() int { return cap(b.bytes) }

// Keep implements binder.Keeper.
func (b *buffer) Keep() { b.kept = true }

// Free gives the memory back; nothing may point to it any more, unless it is kept.
func (b *buffer) Free() {
	b.wipe()
	switch {
	case b.class >= 0:
		bufferPools[b.class].Put(b)
	case b.class == callerClass:
		b.lent.Store(false)
	case b.kept:
		b.keeper.lend(b)
	case b.class == warmClass:
		b.keeper.keep(b)
	}
}

// read copies d's payload, which has its length, out of the link.
func (b *buffer) read(l *bus.Link, d *bus.Descriptor) {
	if b.cold {
		l.PayloadPart(b.bytes, d, 0, true)
	} else {
		l.Payload(b.bytes, d)
	}
}

// leave is Free for memory that somebody may still point to: it is left to the garbage collector, if that
// knows it.
func (b *buffer) leave() {
	b.wipe()
	b.drop()
}

// drop gives back memory that is kept no longer.
func (b *buffer) drop() {
	b.bytes = nil
	b.mapped.Unmap()
}

// wipe clears a secret.
func (b *buffer) wipe() {
	if b.secret {
		clear(b.bytes)
		b.secret = false
	}
}
