package binder

import (
	"context"
	"time"
)

// DefaultLoopers is how many handlers of a process run at once unless it says otherwise; Android's
// libbinder has the same number.
const DefaultLoopers = 15

// LooperInfo is a moment in the life of a process's loopers.
type LooperInfo struct {
	Max     int // how many there may be
	Started int // how many there are: they are started as calls need them, and receivers that run a call count
	Busy    int // how many run a handler
	Waiting int // calls that wait for one, without oneway calls that wait for others of their node
	// Starved is since when calls have been waiting though all loopers that there may be are busy; zero:
	// they are not.
	Starved time.Time
}

// SetLoopers sets how many handlers of incoming transactions run at once, DefaultLoopers until
// then. Loopers are started as calls need them. With zero only calls that come back to a waiting
// chain of this process are served.
func (p *Process) SetLoopers(n int) { p.transport.SetLoopers(n) }

// Loopers tells what the loopers do now: for dumps, and to be watched.
func (p *Process) Loopers() LooperInfo { return p.transport.Loopers() }

// BlockUntilLooperAvailable waits until fewer handlers run on loopers than may; libbinder's
// blockUntilThreadAvailable. It ends with ctx, and with status.Dead when the process is closed.
func (p *Process) BlockUntilLooperAvailable(ctx context.Context) error {
	return p.transport.AwaitLooper(ctx)
}
