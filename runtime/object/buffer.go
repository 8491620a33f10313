package object

import (
	"math/bits"
	"sync"

	"ubinder/runtime/internal/sys"
)

// buffer is private memory that a payload was copied into; it is used again.
type buffer struct {
	bytes  []byte
	class  int
	secret bool // wipe it before it is used again
	mapped sys.Memory
}

// Buffers of 256 bytes, 1 KiB, 4 KiB ... up to 16 MiB, each in its own pool. What is larger gets memory of its
// own, which costs up to half more and is gone at once.
const (
	smallestBuffer = 8 // bits
	bufferStep     = 2 // bits
	bufferClasses  = 9
	largestBuffer  = 1 << (smallestBuffer + (bufferClasses-1)*bufferStep)
)

var bufferPools [bufferClasses]sync.Pool

func takeBuffer(n int) *buffer {
	class := 0
	if n > 1<<smallestBuffer {
		class = (bits.Len(uint(n-1)) - smallestBuffer + bufferStep - 1) / bufferStep
	}
	b, ok := bufferPools[class].Get().(*buffer)
	if !ok {
		b = &buffer{bytes: make([]byte, 1<<(smallestBuffer+class*bufferStep)), class: class}
	}
	b.bytes = b.bytes[:n]
	return b
}

const (
	ownClass    = -1 // marks memory that is part of something else and stays with it
	mappedClass = -2 // marks memory that no pool has and the garbage collector does not know
)

// Free gives the memory back; nothing may point to it any more.
func (b *buffer) Free() {
	b.wipe()
	if b.class >= 0 {
		bufferPools[b.class].Put(b)
	} else if b.class == mappedClass {
		b.unmap()
	}
}

// leave is Free for memory that somebody may still point to: it is left to the garbage collector, if that
// knows it.
func (b *buffer) leave() {
	b.wipe()
	if b.class == mappedClass {
		b.unmap()
	}
}

func (b *buffer) unmap() {
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
