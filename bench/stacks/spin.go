package stacks

import (
	"fmt"

	"ubinder/bench/stack"
)

// spin is futex whose threads look at the memory again and again instead of sleeping: the limit of a
// mode that spins. A thread that has waited for long sleeps all the same: the stacks take turns.
type spin struct{ futex }

func (spin) Name() string { return "spin" }

// Refuse implements stack.Refuser: who spins on the CPU of the one that it waits for waits for the end
// of its time slice.
func (spin) Refuse(env stack.Env) error {
	need := 2 * env.Conc
	if env.Ring > 0 {
		need = env.Ring*env.Scale + 1 // all that wait on the way, and who runs
	}
	if env.CPUs < need {
		return fmt.Errorf("both sides spin: that needs %d CPUs, and there are %d", need, env.CPUs)
	}
	return nil
}

func (spin) Serve(env stack.Env, h *stack.Handler, ready func()) error {
	return serveLanes(env, h, ready, spinLimit)
}

func (spin) Dial(env stack.Env) ([]stack.Caller, error) { return dialLanes(env, spinLimit) }

// spinLimit is how many looks a thread takes before it sleeps: some tens of microseconds, many times a
// round trip. It bounds what is lost where something else has the other side's CPU.
const spinLimit = 1 << 15
