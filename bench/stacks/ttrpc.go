package stacks

import (
	"context"
	"net"

	"github.com/containerd/ttrpc"

	"ubinder/bench/benchpb"
	"ubinder/bench/stack"
)

// ttrpcStack is containerd's ttrpc. A connection for each caller was faster than one for all;
// one-way messages are those of a client stream.
type ttrpcStack struct{}

func (ttrpcStack) Name() string { return "ttrpc" }

func (ttrpcStack) Serve(env stack.Env, h *stack.Handler, ready func()) error {
	server, err := ttrpc.NewServer()
	if err != nil {
		return err
	}
	benchpb.RegisterTtrpcBenchService(server, &ttrpcBench{h})
	l, err := net.Listen("unix", env.Socket())
	if err != nil {
		return err
	}
	ready()
	return server.Serve(context.Background(), l)
}

type ttrpcBench struct{ h *stack.Handler }

func (b *ttrpcBench) Call(_ context.Context, req *benchpb.Echo) (*benchpb.Echo, error) {
	return &benchpb.Echo{Data: b.h.Echo(req.Data), N: req.N}, nil
}

func (b *ttrpcBench) Pour(_ context.Context, stream benchpb.TtrpcBench_PourServer) (*benchpb.Echo, error) {
	for {
		req, err := stream.Recv()
		if err != nil {
			return nil, err
		}
		b.h.Count(req.Data)
	}
}

func (ttrpcStack) Dial(env stack.Env) ([]stack.Caller, error) {
	return dialEach(env, func() (stack.Caller, error) {
		conn, err := net.Dial("unix", env.Socket())
		if err != nil {
			return nil, err
		}
		return &ttrpcCaller{client: benchpb.NewTtrpcBenchClient(ttrpc.NewClient(conn))}, nil
	})
}

type ttrpcCaller struct {
	client benchpb.TtrpcBenchClient
	stream benchpb.TtrpcBench_PourClient // opened by the first Send
	n      uint64
}

func (c *ttrpcCaller) Call(req []byte) ([]byte, error) {
	c.n++
	answer, err := c.client.Call(context.Background(), &benchpb.Echo{Data: req, N: c.n})
	if err != nil {
		return nil, err
	}
	return answer.Data, checkN(answer.N, c.n)
}

func (c *ttrpcCaller) Send(req []byte) (err error) {
	if c.stream == nil {
		if c.stream, err = c.client.Pour(context.Background()); err != nil {
			return err
		}
	}
	c.n++
	return c.stream.Send(&benchpb.Echo{Data: req, N: c.n})
}
