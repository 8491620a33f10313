package stacks

import (
	"context"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"ubinder/bench/benchpb"
	"ubinder/bench/stack"
)

// grpcStack is gRPC over a Unix socket. One connection for all callers was faster than one each;
// one-way messages are those of a client stream.
type grpcStack struct{}

const (
	// Room for the largest payloads in flight, so that HTTP/2 windows never hold a call back.
	grpcStreamWindow = 8 << 20
	grpcConnWindow   = 64 << 20
	grpcMaxMessage   = 64 << 20
	grpcBuffer       = 128 << 10
)

func (grpcStack) Name() string { return "grpc" }

func (grpcStack) Serve(env stack.Env, h *stack.Handler, ready func()) error {
	l, err := net.Listen("unix", env.Socket())
	if err != nil {
		return err
	}
	server := grpc.NewServer(
		grpc.InitialWindowSize(grpcStreamWindow),
		grpc.InitialConnWindowSize(grpcConnWindow),
		grpc.MaxRecvMsgSize(grpcMaxMessage),
		grpc.NumStreamWorkers(uint32(env.Conc)),
		grpc.ReadBufferSize(grpcBuffer),
		grpc.WriteBufferSize(grpcBuffer),
	)
	benchpb.RegisterBenchServer(server, &grpcBench{h: h})
	ready()
	return server.Serve(l)
}

type grpcBench struct {
	benchpb.UnimplementedBenchServer
	h *stack.Handler
}

func (b *grpcBench) Call(_ context.Context, req *benchpb.Echo) (*benchpb.Echo, error) {
	return &benchpb.Echo{Data: b.h.Echo(req.Data), N: req.N}, nil
}

func (b *grpcBench) Pour(stream grpc.ClientStreamingServer[benchpb.Echo, benchpb.Echo]) error {
	for {
		req, err := stream.Recv()
		if err != nil {
			return err
		}
		b.h.Count(req.Data)
	}
}

func (grpcStack) Dial(env stack.Env) ([]stack.Caller, error) {
	conn, err := grpc.NewClient("unix://"+env.Socket(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithInitialWindowSize(grpcStreamWindow),
		grpc.WithInitialConnWindowSize(grpcConnWindow),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(grpcMaxMessage)),
		grpc.WithReadBufferSize(grpcBuffer),
		grpc.WithWriteBufferSize(grpcBuffer),
		grpc.WithNoProxy(),
		grpc.WithDisableServiceConfig(),
	)
	if err != nil {
		return nil, err
	}
	client := benchpb.NewBenchClient(conn)
	return dialEach(env, func() (stack.Caller, error) { return &grpcCaller{client: client}, nil })
}

type grpcCaller struct {
	client benchpb.BenchClient
	stream grpc.ClientStreamingClient[benchpb.Echo, benchpb.Echo] // opened by the first Send
	n      uint64
}

func (c *grpcCaller) Call(req []byte) ([]byte, error) {
	c.n++
	answer, err := c.client.Call(context.Background(), &benchpb.Echo{Data: req, N: c.n})
	if err != nil {
		return nil, err
	}
	return answer.Data, checkN(answer.N, c.n)
}

func (c *grpcCaller) Send(req []byte) (err error) {
	if c.stream == nil {
		if c.stream, err = c.client.Pour(context.Background()); err != nil {
			return err
		}
	}
	c.n++
	return c.stream.Send(&benchpb.Echo{Data: req, N: c.n})
}
