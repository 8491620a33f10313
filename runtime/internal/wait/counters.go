package wait

import "sync/atomic"

// Counters are of what one process did to sleep and to wake others. They are counted beside the system
// calls, so calls that need none of them pay nothing. Safe for concurrent use; only ever growing.
type Counters struct {
	Sleeps     atomic.Uint64 // threads that slept on words
	Wakes      atomic.Uint64 // threads, of whichever process, that were asleep on words and were woken
	PollSleeps atomic.Uint64 // goroutines that slept until a lane's socket was readable
	PollRings  atomic.Uint64 // packets sent to wake such a goroutine of a peer
	_          [32]byte      // nothing else on their cache line
}

func (c *Counters) slept(yes bool) {
	if yes {
		c.Sleeps.Add(1)
	}
}

func (c *Counters) woke(n int) {
	if n > 0 {
		c.Wakes.Add(uint64(n))
	}
}
