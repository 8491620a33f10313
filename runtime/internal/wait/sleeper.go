package wait

import (
	"sync/atomic"
	"time"
)

// Sleeper lets the own process end a sleep on words that only the peer can change.
type Sleeper struct {
	asleep atomic.Bool
	poked  atomic.Uint32
	bell   atomic.Pointer[atomic.Uint32] // what it sleeps on alone; nil: a set that holds poked
}

// Sleep sleeps on one bell until rung or poked, or, if nap is not zero, naps for at most so long. It may return early.
func (s *Sleeper) Sleep(p Parker, bell *atomic.Uint32, val uint32, nap time.Duration) {
	if s.bell.Load() != bell {
		s.bell.Store(bell)
	}
	s.asleep.Store(true)
	p.Wait(bell, val, &s.poked, nap)
	s.asleep.Store(false)
	s.TakePoke()
}

// SleepAny sleeps on several bells. The set must have room for one more word.
func (s *Sleeper) SleepAny(p Parker, set *Set) {
	s.bell.Store(nil)
	set.Add(&s.poked, 0)
	s.asleep.Store(true)
	p.WaitAny(set)
	s.asleep.Store(false)
	s.TakePoke()
}

// Poke ends the sleep that is under way or the next one. Safe for concurrent use.
func (s *Sleeper) Poke(p Parker) {
	s.poked.Store(1)
	if !s.asleep.Load() {
		return
	}
	if bell := s.bell.Load(); bell != nil {
		p.Interrupt(bell, s.up)
	} else {
		p.WakeAll(&s.poked)
	}
}

// TakePoke reports whether there was a Poke since the last sleep, and takes it: it ends no sleep then.
func (s *Sleeper) TakePoke() bool { return s.poked.Load() != 0 && s.poked.Swap(0) != 0 }

func (s *Sleeper) up() bool { return !s.asleep.Load() || s.poked.Load() == 0 }
