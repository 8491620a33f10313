package stacks

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-zeromq/zmq4"

	"ubinder/bench/stack"
)

// zeromq is github.com/go-zeromq/zmq4, ZeroMQ in Go, over Unix sockets: REQ and REP for calls, PUSH and
// PULL for one-way messages, a socket of each for each caller. REP takes one request after the other, so
// each caller has one in the server too.
type zeromq struct{}

func (zeromq) Name() string { return "zeromq" }

// Refuse implements stack.Refuser.
func (zeromq) Refuse(env stack.Env) error {
	if env.Many() {
		return errors.New("it has a socket of its own in the server for each caller, which is no way to serve many")
	}
	return nil
}

func (zeromq) Serve(env stack.Env, h *stack.Handler, ready func()) error {
	messages := zmq4.NewPull(context.Background())
	if err := messages.Listen(messagesOf(env)); err != nil {
		return err
	}
	failed := make(chan error, 1+env.Conc)
	go func() { failed <- countAll(messages, h) }()
	for i := range env.Conc {
		calls := zmq4.NewRep(context.Background())
		if err := calls.Listen(callsOf(env, i)); err != nil {
			return err
		}
		go func() { failed <- answerAll(calls, h) }()
	}
	ready()
	return <-failed
}

func messagesOf(env stack.Env) string     { return "ipc://" + env.Socket() }
func callsOf(env stack.Env, i int) string { return fmt.Sprintf("ipc://%s.%d", env.Socket(), i) }

func answerAll(s zmq4.Socket, h *stack.Handler) error {
	for {
		req, err := s.Recv()
		if err != nil {
			return err
		}
		if err := s.Send(zmq4.NewMsg(h.Echo(req.Bytes()))); err != nil {
			return err
		}
	}
}

func countAll(s zmq4.Socket, h *stack.Handler) error {
	for {
		m, err := s.Recv()
		if err != nil {
			return err
		}
		h.Count(m.Bytes())
	}
}

func (zeromq) Dial(env stack.Env) ([]stack.Caller, error) {
	i := -1
	return dialEach(env, func() (stack.Caller, error) {
		i++
		c := &zeromqCaller{zmq4.NewReq(context.Background()), zmq4.NewPush(context.Background())}
		if err := c.calls.Dial(callsOf(env, i)); err != nil {
			return nil, err
		}
		return c, c.messages.Dial(messagesOf(env))
	})
}

type zeromqCaller struct{ calls, messages zmq4.Socket }

// Call has sent the bytes of req when Send returns: zmq4 queues nothing here.
func (c *zeromqCaller) Call(req []byte) ([]byte, error) {
	if err := c.calls.Send(zmq4.NewMsg(req)); err != nil {
		return nil, err
	}
	answer, err := c.calls.Recv()
	return answer.Bytes(), err
}

func (c *zeromqCaller) Send(req []byte) error { return c.messages.Send(zmq4.NewMsg(req)) }
