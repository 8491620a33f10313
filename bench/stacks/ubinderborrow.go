package stacks

import (
	"errors"

	"ubinder/bench/benchpb/echopb"
	"ubinder/bench/stack"
	"ubinder/runtime/binder"
	"ubinder/runtime/stub"
)

// ubinderBorrow is ubinder whose service borrows the bytes of its requests.
type ubinderBorrow struct{ ubinderStack }

// Refuse implements stack.Refuser.
func (ubinderBorrow) Refuse(env stack.Env) error {
	if env.Case != "sync" {
		return errors.New("it differs from ubinder in what the payloads of calls cost")
	}
	return nil
}

func (s ubinderBorrow) Serve(env stack.Env, h *stack.Handler, ready func()) error {
	return serveBus(env, s.options, ready, func(p *binder.Process) (*binder.Node, error) {
		return echopb.ExportEchoService(p, &ubinderEcho{h: h, process: p}, stub.WithBorrowedRequests())
	})
}
