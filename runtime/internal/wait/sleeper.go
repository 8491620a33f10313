package wait

import (
	"runtime"
	"sync/atomic"
	"time"
)

// Sleeper lets the own process end a sleep on words that only the peer can change: a poke between
// the sleeper's last check and its sleep would change nothing that the kernel compares, so the poker
// wakes until the sleeper says that it is up. That window is a few instructions, and pokes are rare.
type Sleeper struct {
	asleep atomic.Bool
	poked  atomic.Uint32
	bell   atomic.Pointer[atomic.Uint32] // what it sleeps on alone; nil: a set that holds poked
}

// Sleep sleeps on one bell until rung, poked or timed out. It may return early.
func (s *Sleeper) Sleep(p Parker, bell *atomic.Uint32, val uint32, timeout time.Duration) {
	s.bell.Store(bell)
	s.asleep.Store(true)
	if s.poked.Load() == 0 {
		p.Wait(bell, val, timeout)
	}
	s.asleep.Store(false)
	s.poked.Store(0)
}

// SleepAny sleeps on several bells. The set must have room for one more word.
func (s *Sleeper) SleepAny(p Parker, set *Set) {
	s.bell.Store(nil)
	set.Add(&s.poked, 0)
	s.asleep.Store(true)
	p.WaitAny(set)
	s.asleep.Store(false)
	s.poked.Store(0)
}

// Poke ends the sleep that is under way or the next one. Safe for concurrent use.
func (s *Sleeper) Poke(p Parker) {
	s.poked.Store(1)
	for i := 0; s.asleep.Load() && s.poked.Load() != 0; i++ {
		bell := s.bell.Load()
		if bell == nil {
			p.WakeAll(&s.poked)
			return
		}
		p.WakeAll(bell)
		backOff(i)
	}
}

func backOff(i int) {
	if i < 4 {
		runtime.Gosched()
		return
	}
	time.Sleep(20 * time.Microsecond)
}
