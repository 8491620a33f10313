package copying

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Watcher is told how many bytes are written of memory: what is told of is not written again.
type Watcher interface{ Written(n int) }

// watched is who is told of which memory. It knows memory by its first byte: between who watches and who appends are
// codecs, in generated code, that pass on a slice and nothing else.
var watched struct {
	sync.Mutex
	number atomic.Int32 // of list
	list   []watch      // a few: of each link one payload at a time is worth it
}

type watch struct {
	first *byte
	by    Watcher
}

// watchedPiece is small enough for who copies it onwards on another CPU not to wait for long, and to find it in a cache.
const watchedPiece = 64 << 10

// Watch has Append tell w of memory, which is empty and has room for all that follows: before it copies the first large
// piece, and after each. It tells on the goroutine that appends. Unwatch ends that.
func Watch(memory []byte, w Watcher) {
	watched.Lock()
	defer watched.Unlock()
	watched.list = append(watched.list, watch{&memory[:1][0], w})
	watched.number.Store(int32(len(watched.list)))
}

// Unwatch ends Watch.
func Unwatch(memory []byte) {
	watched.Lock()
	defer watched.Unlock()
	i := indexWatched(&memory[:1][0])
	watched.list = slices.Delete(watched.list, i, i+1)
	watched.number.Store(int32(len(watched.list)))
}

func indexWatched(first *byte) int {
	return slices.IndexFunc(watched.list, func(w watch) bool { return w.first == first })
}

// watcherOf returns who watches memory, or nil.
func watcherOf(memory []byte) Watcher {
	if watched.number.Load() == 0 {
		return nil
	}
	watched.Lock()
	defer watched.Unlock()
	if i := indexWatched(&memory[0]); i >= 0 {
		return watched.list[i].by
	}
	return nil
}

// copyWatched copies src behind the first n bytes of dst. Pieces end where a cache line does, if dst begins with one.
func copyWatched(dst []byte, n int, src []byte, w Watcher) {
	w.Written(n)
	for len(src) > 0 {
		piece := copy(dst[n:], src[:min(len(src), watchedPiece-n%watchedPiece)])
		n, src = n+piece, src[piece:]
		w.Written(n)
	}
}
