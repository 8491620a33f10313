package run

import "ubinder/bench/stack"

// serve is the server, or process i of a ring.
func serve(s stack.Stack, env stack.Env, i int, ready func()) error {
	if env.Ring == 0 {
		return s.Serve(env, &stack.Handler{}, ready)
	}
	if r, ok := s.(stack.Ringer); ok {
		return r.ServeRing(env, i, ready)
	}
	return stack.ServeRing(s, env, i, &stack.Handler{}, ready)
}

// dialRing makes the caller of the process that serves in the ring and begins.
func dialRing(s stack.Stack, env stack.Env) (stack.Caller, error) {
	if r, ok := s.(stack.Ringer); ok {
		return r.DialRing(env)
	}
	h, ready, failed := &stack.Handler{}, make(chan struct{}), make(chan error, 1)
	go func() { failed <- stack.ServeRing(s, env, 0, h, func() { close(ready) }) }()
	select {
	case <-ready:
		return stack.DialRing(h)
	case err := <-failed:
		return nil, err
	}
}
