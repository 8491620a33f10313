// Package copying copies large payloads in the way that is the fastest for memory that is read next.
package copying

import "slices"

// Copy copies len(src) bytes of a payload; dst has that length. On amd64 a copy of 1 MiB or more goes past the
// caches (runtime.memmove), though whoever reads dst next would find it there, and takes twice as long for that. So
// what fits the caches is copied in pieces below it, and the rest in pieces of it: the garbage collector may have to
// stop this goroutine, which it cannot within one.
func Copy(dst, src []byte) {
	if len(src) <= cachedPiece {
		copy(dst, src)
		return
	}
	copyPieces(dst, src)
}

const (
	cachedPiece = 256 << 10
	streamPiece = 1 << 20
	// largestCached is up to which size a payload and its copies fit the caches: bench/README.md has the measurement.
	largestCached = 4 << 20
)

func copyPieces(dst, src []byte) {
	piece := cachedPiece
	if len(src) > largestCached {
		piece = streamPiece
	}
	for len(src) > piece {
		copy(dst[:piece], src[:piece])
		dst, src = dst[piece:], src[piece:]
	}
	copy(dst, src)
}

// CopyCold is Copy for dst that is in no cache: where it can it goes past them, so that what is there is not read
// before it is written over, and that others stay in the caches.
func CopyCold(dst, src []byte) {
	for len(src) > streamPiece {
		stream(dst[:streamPiece], src[:streamPiece])
		dst, src = dst[streamPiece:], src[streamPiece:]
	}
	stream(dst, src)
}

// Append is append of all of src in the way of Copy. If somebody watches dst's memory he is told, and neither what is in dst
// nor what is appended is to be written again: a length, say, which is known only later.
func Append(dst, src []byte) []byte {
	if len(src) < watchedPiece {
		return append(dst, src...)
	}
	return appendPieces(dst, src)
}

func appendPieces(dst, src []byte) []byte {
	n := len(dst)
	dst = slices.Grow(dst, len(src))[:n+len(src)]
	if w := watcherOf(dst); w != nil {
		copyWatched(dst, n, src, w)
		return dst
	}
	copyPieces(dst[n:], src)
	return dst
}
