package stack

import "time"

// Limit is how long something may take, in time that this process has seen pass: where the machine, or this process with all
// that it waits for, is suspended, that is no time in which others could have answered. Whoever waits asks for it each Tick, or more often.
type Limit struct {
	left time.Duration
	last time.Time
}

// Tick is the most that counts between two questions.
const Tick = 500 * time.Millisecond

// NewLimit begins now.
func NewLimit(d time.Duration) *Limit { return &Limit{d, time.Now()} }

// Passed reports whether it has passed.
func (l *Limit) Passed() bool {
	now := time.Now()
	l.left -= min(now.Sub(l.last), Tick)
	l.last = now
	return l.left <= 0
}
