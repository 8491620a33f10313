package stacks

import (
	"errors"

	"ubinder/bench/stack"
)

// futexNaps is futex whose callers nap before they sleep: the Go scheduler is not told of it, so that a thread keeps
// its processor. It is the limit of what processes written in Go can do that way, where waits last.
type futexNaps struct{ futex }

func (futexNaps) Name() string { return "futex-nap" }

// Refuse implements stack.Refuser.
func (futexNaps) Refuse(env stack.Env) error {
	if !env.Many() {
		return errors.New("it differs from futex where waits last, because many call or are called")
	}
	return nil
}

// Dial has callers nap so often: ten time slices of Go's scheduler.
func (futexNaps) Dial(env stack.Env) ([]stack.Caller, error) {
	return dialLanes(env, waiting{naps: 10})
}
