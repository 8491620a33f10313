package stacks

import (
	"context"

	"ubinder/bench/benchpb"
	"ubinder/bench/benchpb/echopb"
	"ubinder/bench/stack"
	"ubinder/runtime/binder"
)

// ringMember is a process of a ring on one bus. Its calls nest by the context that they are handled
// under: who waits serves what comes back to it.
type ringMember struct {
	next echopb.RingService // set before the first call
}

func (m *ringMember) Join(ctx context.Context, next echopb.RingService) error {
	if m.next != nil {
		return m.next.Join(ctx, next)
	}
	m.next = next
	return nil
}

func (m *ringMember) Nest(ctx context.Context, in *benchpb.Echo) (*benchpb.Echo, error) {
	if in.N == 0 {
		return in, nil
	}
	in.N--
	return m.next.Nest(ctx, in)
}

// ServeRing implements stack.Ringer: the first process besides the client is behind handle 0, and
// those that come later join behind it.
func (s ubinderStack) ServeRing(env stack.Env, i int, ready func()) error {
	if i == 1 {
		return serveBus(env, s.options, ready, func(p *binder.Process) (*binder.Node, error) {
			return echopb.ExportRingService(p, new(ringMember))
		})
	}
	if _, err := joinRing(env, s.options, new(ringMember)); err != nil {
		return err
	}
	ready()
	select {}
}

// DialRing implements stack.Ringer.
func (s ubinderStack) DialRing(env stack.Env) (stack.Caller, error) {
	m := new(ringMember)
	first, err := joinRing(env, s.options, m)
	m.next = first
	return ringCaller{first}, err
}

// joinRing connects a process whose object is m, and returns the one behind handle 0.
func joinRing(env stack.Env, options []binder.ProcessOption, m *ringMember) (echopb.RingService, error) {
	h, err := dialBus(env, options)
	if err != nil {
		return nil, err
	}
	first := echopb.NewRingServiceClient(h)
	return first, first.Join(context.Background(), m)
}

type ringCaller struct{ first echopb.RingService }

// Call implements stack.Caller.
func (c ringCaller) Call(req []byte) ([]byte, error) {
	out, err := c.first.Nest(context.Background(), &benchpb.Echo{Data: req, N: stack.Hops(req)})
	if err != nil {
		return nil, err
	}
	stack.SetHops(out.Data, out.N)
	return out.Data, nil
}

// rawRingMember is ringMember without an encoding: the payload says how many calls are to follow.
type rawRingMember struct{ next binder.Object }

func (m *rawRingMember) Transact(ctx context.Context, c *binder.IncomingCall) error {
	if c.Code == rawJoin {
		o := c.TakeObject(0)
		if m.next == nil {
			m.next = o
			return nil
		}
		defer binder.Release(o)
		return rawJoinTo(m.next, o)
	}
	left := stack.Hops(c.Payload)
	if left == 0 {
		c.Reply.Payload = c.Payload
		return nil
	}
	stack.SetHops(c.Payload, left-1)
	t := binder.Transaction{Code: rawNest, Data: binder.Data{Payload: c.Payload}}
	var r binder.Reply
	defer r.Release()
	err := m.next.Transact(ctx, &t, &r)
	c.Reply.Payload = append(c.Payload[:0], r.Payload...)
	return err
}

func rawJoinTo(first, o binder.Object) error {
	t := binder.Transaction{Code: rawJoin, Data: binder.Data{Attachments: []binder.Attachment{{Object: o}}}}
	return first.Transact(context.Background(), &t, new(binder.Reply))
}

// ServeRing implements stack.Ringer.
func (ubinderRaw) ServeRing(env stack.Env, i int, ready func()) error {
	if i == 1 {
		return serveBus(env, nil, ready, func(p *binder.Process) (*binder.Node, error) {
			return p.NewNode(new(rawRingMember)), nil
		})
	}
	h, err := dialBus(env, nil)
	if err != nil {
		return err
	}
	if err := rawJoinTo(h, h.Process().NewNode(new(rawRingMember))); err != nil {
		return err
	}
	ready()
	select {}
}

// DialRing implements stack.Ringer.
func (ubinderRaw) DialRing(env stack.Env) (stack.Caller, error) {
	h, err := dialBus(env, nil)
	if err != nil {
		return nil, err
	}
	return &rawRingCaller{ubinderRawCaller{handle: h}}, rawJoinTo(h, h.Process().NewNode(&rawRingMember{next: h}))
}

type rawRingCaller struct{ ubinderRawCaller }

// Call implements stack.Caller.
func (c *rawRingCaller) Call(req []byte) ([]byte, error) {
	c.t.Payload = req
	err := c.transact(rawNest, nil)
	return c.r.Payload, err
}
