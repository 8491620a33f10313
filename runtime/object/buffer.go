package object

import (
	"math/bits"
	"sync"
)

// buffer is private memory that a payload was copied into; it is used again.
type buffer struct {
	bytes  []byte
	class  int
	secret bool // wipe it before it is used again
}

// Buffers of 256 bytes, 1 KiB, 4 KiB ... up to the largest message, each in its own pool.
const (
	smallestBuffer = 8 // bits
	bufferStep     = 2 // bits
	bufferClasses  = 8
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

// ownClass marks memory that is part of something else and stays with it.
const ownClass = -1

// Free gives the memory back; nothing may point to it any more.
func (b *buffer) Free() {
	b.wipe()
	if b.class != ownClass {
		bufferPools[b.class].Put(b)
	}
}

// wipe clears a secret.
func (b *buffer) wipe() {
	if b.secret {
		clear(b.bytes)
		b.secret = false
	}
}
