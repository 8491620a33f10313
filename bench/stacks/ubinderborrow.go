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
	if env.Case != "sync" || env.Size < 4096 {
		return errors.New("it differs from ubinder in what large calls cost")
	}
	return nil
}

func (s ubinderBorrow) Serve(env stack.Env, h *stack.Handler, ready func()) error {
	return serveBus(env, s.options, ready, func(p *binder.Process) (*binder.Node, error) {
		return echopb.ExportEchoService(p, &ubinderEcho{h: h, process: p}, stub.WithBorrowedRequests())
	})
}
