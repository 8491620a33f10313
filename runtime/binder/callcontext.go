package binder

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// CallContext is the context of one handled transaction; transports cancel it. Its channel and timer are made only when
// somebody asks for them.
type CallContext struct {
	scope    scope
	chain    Chain
	deadline time.Time   // zero: none
	ended    atomic.Bool // the handler has returned
	watched  atomic.Bool // somebody waits for the end

	mu    sync.Mutex
	err   error
	done  chan struct{}
	timer *time.Timer
	after []*afterFunc
}

type afterFunc struct{ fn func() }

// Deadline implements context.Context.
func (c *CallContext) Deadline() (time.Time, bool) { return c.deadline, !c.deadline.IsZero() }

// Value implements context.Context.
func (c *CallContext) Value(key any) any {
	if key == (scopeKey{}) {
		return &c.scope
	}
	return nil
}

// Err implements context.Context.
func (c *CallContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.noteEnd()
	if c.err == nil && !c.deadline.IsZero() && !time.Now().Before(c.deadline) {
		return context.DeadlineExceeded
	}
	return c.err
}

// Done implements context.Context.
func (c *CallContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		c.noteEnd()
		if c.err != nil {
			close(c.done)
		}
		c.watchDeadline()
	}
	return c.done
}

// AfterFunc lets package context wait for this context without a goroutine.
func (c *CallContext) AfterFunc(fn func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.noteEnd()
	if c.err != nil {
		go fn()
		return func() bool { return false }
	}
	a := &afterFunc{fn}
	c.after = append(c.after, a)
	c.watchDeadline()
	return func() bool { return c.forget(a) }
}

func (c *CallContext) forget(a *afterFunc) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, x := range c.after {
		if x == a {
			c.after = append(c.after[:i], c.after[i+1:]...)
			return true
		}
	}
	return false
}

func (c *CallContext) watchDeadline() {
	if c.timer == nil && c.err == nil && !c.deadline.IsZero() {
		c.timer = time.AfterFunc(time.Until(c.deadline), func() { c.end(context.DeadlineExceeded) })
	}
}

// finish ends the context because the handler has returned. Who asks later finds ended set.
func (c *CallContext) finish() {
	c.ended.Store(true)
	if c.watched.Load() {
		c.Cancel()
	}
}

// noteEnd is for whoever looks at err: from now on finish tells him. Whoever is the first may be late for
// that. The caller has the lock.
func (c *CallContext) noteEnd() {
	if first := !c.watched.Swap(true); first && c.err == nil && c.ended.Load() {
		c.err = context.Canceled
	}
}

// Cancel ends the context, at any time and any number of times.
func (c *CallContext) Cancel() { c.end(context.Canceled) }

// end ends the context; only the first call counts.
func (c *CallContext) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.err = err
	if c.timer != nil {
		c.timer.Stop()
	}
	if c.done != nil {
		close(c.done)
	}
	for _, a := range c.after {
		go a.fn()
	}
	c.after = nil
}
