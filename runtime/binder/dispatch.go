package binder

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"ubinder/runtime/status"
)

// Incoming is what a transport knows of a call beyond its content.
type Incoming struct {
	Chain   Chain
	Timeout time.Duration // the caller's, from now; zero: none
	// Started receives, before the handler runs, what cancels the handler's context; nil: not
	// wanted. False means that the caller has given up already: the handler does not run.
	Started func(*CallContext) bool
}

// Dispatch runs the handler of c's target on the calling goroutine and returns what to tell the
// caller; c.Reply is filled when that is nil. c.Done follows when the reply is posted. It is for
// transports.
func (p *Process) Dispatch(c *IncomingCall, in *Incoming) error {
	ctx := c.newContext()
	ctx.scope.call, ctx.scope.caller, ctx.scope.self = ctx, c.Caller, p // of fresh memory
	ctx.chain = in.Chain
	if len(c.notes) > 0 {
		ctx.scope.take(c.notes)
	}
	if in.Timeout > 0 {
		ctx.deadline = time.Now().Add(in.Timeout)
	}
	if in.Started != nil && !in.Started(ctx) {
		return errGivenUp
	}
	err := c.Target.handle(ctx, c)
	ctx.finish()
	return err
}

var errGivenUp = status.Errorf(status.Cancelled, "the caller gave up before the handler began")

// contextBlock is how many contexts are allocated at once: a context is never used again, because a
// handler may leave it with goroutines that outlive the call.
const contextBlock = 16

func (c *IncomingCall) newContext() *CallContext {
	i := c.begun % contextBlock
	if i == 0 {
		c.contexts = new([contextBlock]CallContext)
	}
	c.begun++
	return &c.contexts[i]
}

// Reset makes c ready for another call; what serves one call after the other stays. It is for
// transports.
//
// It clears field by field what may be set: all at once would be a few hundred bytes, twice.
func (c *IncomingCall) Reset() {
	c.Code, c.Flags, c.Interface, c.Encoding = 0, 0, 0, Raw
	c.Target, c.Caller = nil, nil
	c.Payload, c.Attachments, c.notes = nil, nil, nil
	c.forget()
	c.Reply.Payload, c.Reply.Body, c.Reply.Encoding = nil, nil, Raw
	c.Reply.Attachments, c.Reply.Notes = nil, nil
}

// handle serves a call, in line with the other oneway calls of the node if it is one, and turns a
// panic into an error: one bad handler must not end every service of the process.
func (n *Node) handle(ctx context.Context, c *IncomingCall) (err error) {
	returned := false
	defer func() {
		if !returned {
			n.recovered(c, recover(), &err)
		}
	}()
	if c.Oneway() {
		n.oneway.running.Lock()
		defer n.oneway.running.Unlock()
	}
	switch {
	case n.life.destroyed.Load():
		err = errDestroyed
	case n.intercepted != nil:
		err = n.intercepted.Transact(ctx, c)
	default:
		err = n.serve(ctx, c)
	}
	returned = true
	return err
}

// recovered makes an error of what a deferred function has recovered: of a panic.
func (n *Node) recovered(c *IncomingCall, v any, err *error) {
	if v != nil {
		*err = &status.Error{
			Code:    status.Internal,
			Message: fmt.Sprintf("handler of %s panicked in transaction %d: %v", n.name(), c.Code, v),
			Err:     fmt.Errorf("%v\n%s", v, debug.Stack()),
		}
	}
}

// serveIntercepted is serve for interceptors: to them a panic is an error like others.
func (n *Node) serveIntercepted(ctx context.Context, c *IncomingCall) (err error) {
	defer func() { n.recovered(c, recover(), &err) }()
	return n.serve(ctx, c)
}

// serve answers a meta transaction, checks that another call is meant for this interface, and hands it
// to the handler.
func (n *Node) serve(ctx context.Context, c *IncomingCall) error {
	if c.Code > LastCode {
		if answered, err := n.serveMeta(ctx, c); answered {
			return err
		}
	}
	if c.Interface != 0 && n.iface != 0 && c.Interface != n.iface {
		return status.Errorf(status.UnknownMethod, "the object implements %s, the call was meant for another interface", n.name())
	}
	return n.handler.Transact(ctx, c)
}

func (n *Node) name() string {
	if n.descriptor == "" {
		return fmt.Sprintf("node %d", n.id)
	}
	return n.descriptor
}

// ErrorText is what of err may cross the wire: its code, message and service number.
func ErrorText(err error) (code status.Code, service int32, text string) {
	var e *status.Error
	if errors.As(err, &e) {
		return e.Code, e.Service, e.Message
	}
	return status.CodeOf(err), 0, err.Error()
}
