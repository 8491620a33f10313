//go:build amd64

package copying

import "unsafe"

// smallestStream is from which size on to go past the caches pays.
const smallestStream = 16 << 10

// stream copies src to dst, past the caches.
func stream(dst, src []byte) {
	if len(src) < smallestStream {
		copy(dst, src)
		return
	}
	head := -int(uintptr(unsafe.Pointer(&dst[0]))) & (streamed - 1)
	copy(dst[:head], src)
	dst, src = dst[head:], src[head:]
	n := len(src) &^ (streamed - 1)
	streamLines(&dst[0], &src[0], n)
	copy(dst[n:], src[n:])
}

// streamed is how many bytes streamLines writes at once: a cache line, which so goes to memory whole.
const streamed = 64

// streamLines copies n bytes, at least one line and whole ones, to dst, which is aligned to them.
//
//go:noescape
func streamLines(dst, src *byte, n int)
