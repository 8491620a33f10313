package stacks

import (
	"context"
	"sync"

	"ubinder/bench/stack"
	"ubinder/runtime/binder"
	"ubinder/runtime/connect"
)

// opened is what this OS process has on the bus.
var opened struct {
	sync.Mutex
	processes []*binder.Process
}

// openBus connects this OS process to the bus of the run.
func openBus(ctx context.Context, env stack.Env, options []binder.ProcessOption) (*binder.Process, error) {
	p, err := connect.Open(ctx, "bus:"+env.BusSocket(), options...)
	if err != nil {
		return nil, err
	}
	opened.Lock()
	defer opened.Unlock()
	opened.processes = append(opened.processes, p)
	return p, nil
}

func openedWakeups() (sum uint64) {
	opened.Lock()
	defer opened.Unlock()
	for _, p := range opened.processes {
		sum += p.Wakeups().Sum()
	}
	return sum
}

// Wakeups implements stack.WakeupCounter.
func (ubinderStack) Wakeups() uint64 { return openedWakeups() }

// Wakeups implements stack.WakeupCounter.
func (ubinderRaw) Wakeups() uint64 { return openedWakeups() }
