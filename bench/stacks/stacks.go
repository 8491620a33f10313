// Package stacks holds the means of communication that are compared, one a file.
package stacks

import "ubinder/bench/stack"

// All lists the stacks in the order in which they are shown.
func All() []stack.Stack {
	return []stack.Stack{
		ubinderStack{name: "ubinder"},
		ubinderRaw{},
		newUbinderSpin(),
		ubinderBorrow{ubinderStack{name: "ubinder-borrow"}},
		memory{},
		spin{},
		futex{},
		futexNaps{},
		uds{},
		shmipcStack{},
		zeromq{},
		netrpc{},
		ttrpcStack{},
		grpcStack{},
		dbusStack{},
		dbusBroker{},
	}
}

// dialEach dials once for each caller.
func dialEach(env stack.Env, dial func() (stack.Caller, error)) ([]stack.Caller, error) {
	callers := make([]stack.Caller, env.Conc)
	for i := range callers {
		c, err := dial()
		if err != nil {
			return nil, err
		}
		callers[i] = c
	}
	return callers, nil
}
