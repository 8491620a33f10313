package stacks

import (
	"errors"
	"net"
	"net/rpc"
	"strings"

	"ubinder/bench/stack"
)

// netrpc is the standard library's net/rpc with gob. A connection for each caller was faster than
// one for all.
type netrpc struct{}

// GobEcho is the message of benchpb.Echo for gob.
type GobEcho struct {
	Data []byte
	N    uint64
}

// GobBench is the service.
type GobBench struct{ h *stack.Handler }

// Call answers with what it was given.
func (b *GobBench) Call(req *GobEcho, answer *GobEcho) error {
	answer.Data, answer.N = b.h.Echo(req.Data), req.N
	return nil
}

func (netrpc) Name() string { return "netrpc" }

func (netrpc) Refuse(env stack.Env) error {
	if strings.HasSuffix(env.Case, "oneway") {
		return errors.New("net/rpc answers every call")
	}
	return nil
}

func (netrpc) Serve(env stack.Env, h *stack.Handler, ready func()) error {
	server := rpc.NewServer()
	if err := server.RegisterName("Bench", &GobBench{h}); err != nil {
		return err
	}
	l, err := net.Listen("unix", env.Socket())
	if err != nil {
		return err
	}
	ready()
	server.Accept(l)
	return errors.New("listener closed")
}

func (netrpc) Dial(env stack.Env) ([]stack.Caller, error) {
	return dialEach(env, func() (stack.Caller, error) {
		client, err := rpc.Dial("unix", env.Socket())
		return &netrpcCaller{client: client}, err
	})
}

type netrpcCaller struct {
	client *rpc.Client
	n      uint64
}

func (c *netrpcCaller) Call(req []byte) ([]byte, error) {
	c.n++
	var answer GobEcho
	if err := c.client.Call("Bench.Call", &GobEcho{Data: req, N: c.n}, &answer); err != nil {
		return nil, err
	}
	return answer.Data, checkN(answer.N, c.n)
}
