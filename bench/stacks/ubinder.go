package stacks

import (
	"context"

	"ubinder/bench/benchpb"
	"ubinder/bench/benchpb/echopb"
	"ubinder/bench/stack"
	"ubinder/runtime/binder"
)

// ubinderStack is ubinder as a user has it: generated code, default settings but for options.
type ubinderStack struct {
	name    string
	options []binder.ProcessOption
}

func (s ubinderStack) Name() string { return s.name }

func (s ubinderStack) Serve(env stack.Env, h *stack.Handler, ready func()) error {
	return serveBus(env, s.options, ready, func(p *binder.Process) (*binder.Node, error) {
		return echopb.ExportEchoService(p, &ubinderEcho{h: h, process: p})
	})
}

type ubinderEcho struct {
	h       *stack.Handler
	process *binder.Process
	gifts
}

func (e *ubinderEcho) Call(_ context.Context, in *benchpb.Echo) (*benchpb.Echo, error) {
	return &benchpb.Echo{Data: e.h.Echo(in.Data), N: in.N}, nil
}

func (e *ubinderEcho) Count(_ context.Context, in *benchpb.Echo) error {
	e.h.Count(in.Data)
	return nil
}

func (s ubinderStack) Dial(env stack.Env) ([]stack.Caller, error) {
	h, err := dialBus(env, s.options)
	if err != nil {
		return nil, err
	}
	client := echopb.NewEchoServiceClient(h)
	return dialEach(env, func() (stack.Caller, error) { return &ubinderCaller{client: client, process: h.Process()}, nil })
}

type ubinderCaller struct {
	client  *echopb.EchoServiceClient
	n       uint64
	process *binder.Process
	mine    *binder.Node // for Repeat
}

func (c *ubinderCaller) Call(req []byte) ([]byte, error) {
	c.n++
	answer, err := c.client.Call(context.Background(), &benchpb.Echo{Data: req, N: c.n})
	if err != nil {
		return nil, err
	}
	return answer.Data, checkN(answer.N, c.n)
}

func (c *ubinderCaller) Send(req []byte) error {
	c.n++
	return c.client.Count(context.Background(), &benchpb.Echo{Data: req, N: c.n})
}

// ubinderRaw is ubinder without an encoding: bytes in, bytes out.
type ubinderRaw struct{}

const (
	rawCall = iota + 1
	rawCount
	rawGive
	rawGiven
	rawRepeat
	rawJoin
	rawNest
)

func (ubinderRaw) Name() string { return "ubinder-raw" }

func (ubinderRaw) Serve(env stack.Env, h *stack.Handler, ready func()) error {
	g := new(gifts)
	return serveBus(env, nil, ready, func(p *binder.Process) (*binder.Node, error) {
		return p.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
			switch c.Code {
			case rawCall:
				c.Reply.Payload = h.Echo(c.Payload)
			case rawCount:
				h.Count(c.Payload)
			default:
				g.serve(c)
			}
			return nil
		})), nil
	})
}

func (ubinderRaw) Dial(env stack.Env) ([]stack.Caller, error) {
	h, err := dialBus(env, nil)
	if err != nil {
		return nil, err
	}
	return dialEach(env, func() (stack.Caller, error) { return &ubinderRawCaller{handle: h}, nil })
}

type ubinderRawCaller struct {
	handle *binder.Handle
	t      binder.Transaction
	r      binder.Reply
	mine   *binder.Node        // for Repeat
	passed []binder.Attachment // mine
}

func (c *ubinderRawCaller) Call(req []byte) ([]byte, error) {
	c.t.Payload = req
	err := c.transact(rawCall, nil)
	return c.r.Payload, err
}

func (c *ubinderRawCaller) transact(code uint32, objects []binder.Attachment) error {
	c.r.Release()
	c.t.Code, c.t.Flags, c.t.Attachments = code, 0, objects
	return c.handle.Transact(context.Background(), &c.t, &c.r)
}

func (c *ubinderRawCaller) Send(req []byte) error {
	c.t.Code, c.t.Flags, c.t.Payload = rawCount, binder.Oneway, req
	return c.handle.Transact(context.Background(), &c.t, nil)
}
