package stacks

import (
	"time"

	"ubinder/bench/stack"
	"ubinder/runtime/binder"
)

// ubinderSpin is ubinder whose processes spin for longer than by themselves, and have CPUs of their own
// if there is one for each caller and one for who serves it.
type ubinderSpin struct{ ubinderStack }

func newUbinderSpin() ubinderSpin {
	// many times what a message takes to come if both sides spin
	return ubinderSpin{ubinderStack{"ubinder-spin", []binder.ProcessOption{binder.WithSpin(50 * time.Microsecond)}}}
}

// Refuse implements stack.Refuser.
func (ubinderSpin) Refuse(env stack.Env) error {
	if env.Many() {
		return errManySpin
	}
	return nil
}

func (s ubinderSpin) Serve(env stack.Env, h *stack.Handler, ready func()) error {
	if env.CPUs >= 2*env.Conc {
		if err := keepApart(0); err != nil {
			return err
		}
	}
	return s.ubinderStack.Serve(env, h, ready)
}

func (s ubinderSpin) Dial(env stack.Env) ([]stack.Caller, error) {
	if env.CPUs >= 2*env.Conc {
		if err := keepApart(1); err != nil {
			return nil, err
		}
	}
	return s.ubinderStack.Dial(env)
}
