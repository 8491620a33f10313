package stacks

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"ubinder/bench/stack"
)

// spin is futex whose threads look at the memory again and again instead of sleeping: the limit of a
// mode that spins. A thread that has waited for long sleeps all the same: the stacks take turns.
type spin struct{ futex }

var errManySpin = errors.New("many processes that spin take the CPUs from each other")

func (spin) Name() string { return "spin" }

// Refuse implements stack.Refuser: who spins on the CPU of the one that it waits for waits for the end
// of its time slice.
func (spin) Refuse(env stack.Env) error {
	if env.Ring > 0 {
		return errors.New("it would spin in every call that waits on the way")
	}
	if env.Many() {
		return errManySpin
	}
	if need := 2 * env.Conc; env.CPUs < need {
		return fmt.Errorf("both sides spin: that needs %d CPUs, and there are %d", need, env.CPUs)
	}
	return nil
}

func (spin) Serve(env stack.Env, h *stack.Handler, ready func()) error {
	if err := keepApart(0); err != nil {
		return err
	}
	return serveLanes(env, h, ready, waiting{looks: spinLimit})
}

func (spin) Dial(env stack.Env) ([]stack.Caller, error) {
	if err := keepApart(1); err != nil {
		return nil, err
	}
	return dialLanes(env, waiting{looks: spinLimit})
}

// keepApart binds this process to every second of the CPUs that it may use, so that the two sides never
// share one: the scheduler sees two busy threads, and not that one waits for the other.
func keepApart(side int) error {
	var allowed, mine unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		return err
	}
	for cpu, n := 0, 0; n < allowed.Count(); cpu++ {
		if allowed.IsSet(cpu) {
			if n%2 == side {
				mine.Set(cpu)
			}
			n++
		}
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads { // those to come inherit it
		tid, err := strconv.Atoi(t.Name())
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(tid, &mine); err != nil {
			return fmt.Errorf("binding thread %d: %w", tid, err)
		}
	}
	return nil
}

// spinLimit is how many looks a thread takes before it sleeps: some tens of microseconds, many times a
// round trip. It bounds what is lost where something else has the other side's CPU.
const spinLimit = 1 << 15
