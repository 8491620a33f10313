// Package wait is how threads of two processes sleep and wake each other with at most one system
// call on each side, and none when the other is awake.
//
// Each way of waiting on a lane has a pair of words. The waiter writes the armed word, in its own
// outbox: how it waits, and a count that makes each wait distinct. The other side writes the bell
// word, in its outbox, which it sets to the armed word that it rings for. The waiter sleeps on the
// bell. So each word has one writer, and a waiter is rung once for each time that it armed.
package wait

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"ubinder/runtime/internal/sys"
)

// Parker puts threads to sleep on words and wakes them. All calls may return early.
type Parker interface {
	// Wait sleeps while *w == val and *poked == 0. With a nap that is not zero it is for at most so long, on a thread
	// that keeps its processor of the Go scheduler.
	Wait(w *atomic.Uint32, val uint32, poked *atomic.Uint32, nap time.Duration)
	// WaitAny sleeps while every word of s has its value.
	WaitAny(s *Set)
	// Wake wakes one sleeper on w, WakeAll every one.
	Wake(w *atomic.Uint32)
	WakeAll(w *atomic.Uint32)
	// Interrupt ends the Wait on w of a sleeper whose poked word was set. It returns when the
	// sleeper will not sleep on, or is gone.
	Interrupt(w *atomic.Uint32, gone func() bool)
	// Counters are of all these calls.
	Counters() *Counters
}

// Set is a list of words to sleep on together; it is kept between sleeps so that they do not
// allocate. Not safe for concurrent use.
type Set struct {
	words   []*atomic.Uint32
	vals    []uint32
	futexes []sys.FutexWaiter
}

// MaxSet is how many words a Set takes.
const MaxSet = sys.MaxFutexWaiters

// Reset empties the set.
func (s *Set) Reset() { s.words, s.vals = s.words[:0], s.vals[:0] }

// Add adds a word. The caller adds no more than MaxSet.
func (s *Set) Add(w *atomic.Uint32, val uint32) {
	s.words = append(s.words, w)
	s.vals = append(s.vals, val)
}

// Futex is the Parker for words that two processes share.
type Futex struct{ counters Counters }

// Counters implements Parker.
func (f *Futex) Counters() *Counters { return &f.counters }

// Wait implements Parker.
func (f *Futex) Wait(w *atomic.Uint32, val uint32, poked *atomic.Uint32, nap time.Duration) {
	switch {
	case poked.Load() != 0:
	case nap > 0:
		f.counters.slept(sys.FutexNap(w, val, nap))
	default:
		f.counters.slept(sys.FutexWait(w, val))
	}
}

// Interrupt implements Parker. Between the sleeper's look at poked and its sleep nothing changes that
// the kernel compares, so it wakes until the sleeper is up; that window is a few instructions. A peer can have the
// kernel move the sleeper to a word of its own: then it has to be brought back.
func (f *Futex) Interrupt(w *atomic.Uint32, gone func() bool) {
	for i := 1; !gone(); i++ {
		f.WakeAll(w)
		if i < 4 {
			runtime.Gosched()
			continue
		}
		if i%movedAfter == 0 {
			sys.NudgeThreads()
		}
		time.Sleep(20 * time.Microsecond)
	}
}

// movedAfter is after how many looks a sleeper has perhaps been moved: tens of milliseconds, in which a thread gets a CPU.
const movedAfter = 50

// WaitAny implements Parker.
func (f *Futex) WaitAny(s *Set) {
	if cap(s.futexes) < len(s.words) {
		s.futexes = make([]sys.FutexWaiter, MaxSet)
	}
	s.futexes = s.futexes[:len(s.words)]
	for i, w := range s.words {
		s.futexes[i].Set(w, s.vals[i])
	}
	slept, err := sys.FutexWaitv(s.futexes)
	if err != nil {
		slept = waitAnyPolling(s) // a kernel before 5.16
	}
	f.counters.slept(slept)
}

// waitAnyPolling stands in for futex_waitv where the kernel has none: it sleeps on one word at a
// time, each for a moment. It reports whether it slept at all.
func waitAnyPolling(s *Set) (slept bool) {
	const moment = 500 * time.Microsecond
	for {
		for i, w := range s.words {
			if w.Load() != s.vals[i] {
				return slept
			}
		}
		slept = sys.FutexWaitFor(s.words[0], s.vals[0], moment) || slept
	}
}

// Wake implements Parker.
func (f *Futex) Wake(w *atomic.Uint32) { f.counters.woke(sys.FutexWake(w, 1)) }

// WakeAll implements Parker.
func (f *Futex) WakeAll(w *atomic.Uint32) { f.counters.woke(sys.FutexWakeAll(w)) }

// Channels is the Parker for words inside one process. It sleeps on channels, so that it works
// under testing/synctest.
type Channels struct {
	mu       sync.Mutex
	parked   map[*atomic.Uint32][]chan struct{}
	counters Counters
}

// Counters implements Parker.
func (c *Channels) Counters() *Counters { return &c.counters }

// Wait implements Parker.
func (c *Channels) Wait(w *atomic.Uint32, val uint32, poked *atomic.Uint32, nap time.Duration) {
	ch := make(chan struct{}, 1)
	if !c.park(ch, w, val, poked) {
		return
	}
	c.counters.slept(true)
	if nap <= 0 {
		<-ch
	} else {
		t := time.NewTimer(nap)
		defer t.Stop()
		select {
		case <-ch:
		case <-t.C:
		}
	}
	c.unpark(ch, w)
}

// WaitAny implements Parker.
func (c *Channels) WaitAny(s *Set) {
	ch := make(chan struct{}, len(s.words))
	parked := 0
	for parked < len(s.words) && c.park(ch, s.words[parked], s.vals[parked], nil) {
		parked++
	}
	if parked == len(s.words) {
		c.counters.slept(true)
		<-ch
	}
	for _, w := range s.words[:parked] {
		c.unpark(ch, w)
	}
}

// park registers ch unless one of the words has changed; the lock makes that atomic against a wake.
func (c *Channels) park(ch chan struct{}, w *atomic.Uint32, val uint32, poked *atomic.Uint32) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.Load() != val || poked != nil && poked.Load() != 0 {
		return false
	}
	if c.parked == nil {
		c.parked = make(map[*atomic.Uint32][]chan struct{})
	}
	c.parked[w] = append(c.parked[w], ch)
	return true
}

func (c *Channels) unpark(ch chan struct{}, w *atomic.Uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := c.parked[w]
	for i := range list {
		if list[i] == ch {
			list = append(list[:i], list[i+1:]...)
			break
		}
	}
	if len(list) == 0 {
		delete(c.parked, w)
	} else {
		c.parked[w] = list
	}
}

// Wake implements Parker.
func (c *Channels) Wake(w *atomic.Uint32) { c.wake(w, 1) }

// WakeAll implements Parker.
func (c *Channels) WakeAll(w *atomic.Uint32) { c.wake(w, -1) }

// Interrupt implements Parker.
func (c *Channels) Interrupt(w *atomic.Uint32, _ func() bool) { c.wake(w, -1) }

func (c *Channels) wake(w *atomic.Uint32, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := c.parked[w]
	if n < 0 || n > len(list) {
		n = len(list)
	}
	c.counters.woke(n)
	for _, ch := range list[:n] {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
	if n == len(list) {
		delete(c.parked, w)
	} else {
		c.parked[w] = list[n:]
	}
}
