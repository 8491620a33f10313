package stacks

import (
	"context"
	"encoding/binary"
	"errors"
	"sync/atomic"

	"ubinder/bench/benchpb"
	"ubinder/runtime/binder"
)

// gifts makes objects that the client is given, and counts those that it holds.
type gifts struct{ held atomic.Int64 }

func (g *gifts) give(p *binder.Process) *binder.Node {
	g.held.Add(1)
	return p.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error { return nil }),
		binder.OnRelease(func() { g.held.Add(-1) }))
}

// Collects implements stack.Collecting.
func (ubinderStack) Collects() {}

// Collects implements stack.Collecting.
func (ubinderRaw) Collects() {}

func (e *ubinderEcho) Give(context.Context) (binder.Object, error) { return e.give(e.process), nil }

func (e *ubinderEcho) Given(context.Context) (*benchpb.Echo, error) {
	return &benchpb.Echo{N: uint64(e.held.Load())}, nil
}

// Repeat leaves its reference to the garbage collector, as services do.
func (e *ubinderEcho) Repeat(_ context.Context, o binder.Object) (binder.Object, error) {
	return o, nil
}

func (c *ubinderCaller) Repeat() error {
	if c.mine == nil {
		c.mine = new(gifts).give(c.process)
	}
	o, err := c.client.Repeat(context.Background(), c.mine)
	if err != nil {
		return err
	}
	return checkHome(o, c.mine)
}

func (c *ubinderCaller) Collect(n int) error {
	held := make([]binder.Object, 0, n)
	for range n {
		o, err := c.client.Give(context.Background())
		if err != nil {
			return err
		}
		held = append(held, o)
	}
	return giveBack(held, func() (uint64, error) {
		given, err := c.client.Given(context.Background())
		return given.GetN(), err
	})
}

func checkHome(o binder.Object, mine *binder.Node) error {
	if o != mine {
		return errors.New("another object came back")
	}
	return nil
}

// giveBack releases objects and waits until their owner has been told of each.
func giveBack(held []binder.Object, given func() (uint64, error)) error {
	binder.ReleaseAll(held...)
	for {
		if n, err := given(); n == 0 || err != nil {
			return err
		}
	}
}

// serve answers the calls of the raw stack that are about objects.
func (g *gifts) serve(c *binder.IncomingCall) {
	switch c.Code {
	case rawGive:
		c.Reply.Attachments = []binder.Attachment{{Object: g.give(c.Target.Process())}}
	case rawGiven:
		c.Reply.Payload = binary.NativeEndian.AppendUint64(nil, uint64(g.held.Load()))
	case rawRepeat:
		c.Reply.Attachments = c.Attachments
	}
}

func (c *ubinderRawCaller) Repeat() error {
	if c.mine == nil {
		c.mine = new(gifts).give(c.handle.Process())
		c.passed = []binder.Attachment{{Object: c.mine}}
	}
	if err := c.transact(rawRepeat, c.passed); err != nil {
		return err
	}
	return checkHome(c.r.TakeObject(0), c.mine)
}

func (c *ubinderRawCaller) Collect(n int) error {
	held := make([]binder.Object, 0, n)
	for range n {
		if err := c.transact(rawGive, nil); err != nil {
			return err
		}
		held = append(held, c.r.TakeObject(0))
	}
	return giveBack(held, func() (uint64, error) {
		if err := c.transact(rawGiven, nil); err != nil {
			return 0, err
		}
		return binary.NativeEndian.Uint64(c.r.Payload), nil
	})
}
