package bus

import (
	"context"

	"ubinder/runtime/internal/brokerwire"
	"ubinder/runtime/internal/wait"
	"ubinder/runtime/status"
)

// Membership is a process's place on a bus: a Conn to a broker, or a Member of a Hub.
type Membership interface {
	Self() *Peer
	// Approach asks for a lane to a process. When it returns without an error the handler has been told
	// of the lane, now or earlier; one that it has made is open, or has failed, unless the process is frozen. frozen is
	// what that has said by SetFrozen: while it is stopped the lane does not open.
	Approach(ctx context.Context, process uint64) (frozen bool, err error)
	// SetFrozen lets those who have no lane to this process know that it is frozen.
	SetFrozen(ctx context.Context, frozen bool) error
	// ContextManager returns the process that holds handle 0, and the node behind it. It may introduce
	// the two on the way.
	ContextManager(ctx context.Context) (process, node uint64, err error)
	BecomeContextManager(ctx context.Context, node uint64) error
	LeaveContextManager(ctx context.Context, node uint64) error
	// Find returns the first process after the given one that belongs to the OS process pid; zero: none.
	Find(ctx context.Context, pid int32, after uint64) (process uint64, err error)
	// Parker puts the threads of this process to sleep, on all its lanes.
	Parker() wait.Parker
	Done() <-chan struct{}
	Close()
}

// Introduce is Approach for who knows how the process is.
func (c *Conn) Introduce(ctx context.Context, process uint64) error {
	_, err := c.Approach(ctx, process)
	return err
}

// Approach implements Membership.
func (c *Conn) Approach(ctx context.Context, process uint64) (frozen bool, err error) {
	o, err := NewOutbox()
	if err != nil {
		return false, err
	}
	p, err := c.ask(ctx, brokerwire.Packet{Kind: brokerwire.Introduce, Value: process}, o)
	return err == nil && p.Code != 0, err
}

// SetFrozen implements Membership.
func (c *Conn) SetFrozen(ctx context.Context, frozen bool) error {
	p := brokerwire.Packet{Kind: brokerwire.SetFrozen}
	if frozen {
		p.Value = 1
	}
	_, err := c.ask(ctx, p, nil)
	return err
}

// ContextManager returns the process that holds handle 0, and the node behind it. When one is found first, the
// handler has been told of a lane to it, if there can be one.
func (c *Conn) ContextManager(ctx context.Context) (process, node uint64, err error) {
	if p, ok, err := c.answeredEarly(ctx); ok || err != nil {
		return p.ID, p.Value, err
	}
	var o *Outbox
	if !c.managed.Load() {
		if o, err = NewOutbox(); err != nil {
			return 0, 0, err
		}
	}
	p, err := c.ask(ctx, brokerwire.Packet{Kind: brokerwire.GetContextManager}, o)
	if err == nil {
		c.managed.Store(true)
	}
	return p.ID, p.Value, err
}

// answeredEarly returns the answer to the question that went with the hello, once. It is false when there is none
// that is of use.
func (c *Conn) answeredEarly(ctx context.Context) (p brokerwire.Packet, ok bool, err error) {
	r := c.early.Swap(nil)
	if r == nil {
		return p, false, nil
	}
	select {
	case p = <-r.answer:
	case <-ctx.Done():
		c.early.Store(r)
		return p, false, status.FromContext(ctx)
	}
	if p.Kind == brokerwire.Error { // there was none
		return p, false, nil
	}
	c.managed.Store(true)
	return p, true, nil
}

// BecomeContextManager makes node of this process the one behind handle 0.
func (c *Conn) BecomeContextManager(ctx context.Context, node uint64) error {
	_, err := c.ask(ctx, brokerwire.Packet{Kind: brokerwire.SetContextManager, Value: node}, nil)
	return err
}

// Find returns the lowest process id above after that belongs to the OS process pid; zero if there is
// none.
func (c *Conn) Find(ctx context.Context, pid int32, after uint64) (process uint64, err error) {
	p, err := c.ask(ctx, brokerwire.Packet{Kind: brokerwire.Find, Value: after, Identity: brokerwire.Identity{PID: pid}}, nil)
	return p.Value, err
}

// LeaveContextManager takes node of this process away from handle 0, if it is there.
func (c *Conn) LeaveContextManager(ctx context.Context, node uint64) error {
	_, err := c.ask(ctx, brokerwire.Packet{Kind: brokerwire.SetContextManager, Identity: brokerwire.Identity{ID: node}}, nil)
	return err
}
