package stacks

import (
	"context"
	"fmt"

	"ubinder/bench/stack"
	"ubinder/runtime/binder"
	"ubinder/runtime/broker"
	"ubinder/servicemanager"
)

// serveBus puts a node on the bus, where clients find it, and serves until the process is killed. A broker is in the
// process of the server, of the first one if there are several, where it is off the path of every call.
func serveBus(env stack.Env, options []binder.ProcessOption, ready func(), node func(*binder.Process) (*binder.Node, error)) error {
	failed := make(chan error, 1)
	if env.Server == 0 {
		b, err := broker.Listen(broker.Config{Path: env.BusSocket()})
		if err != nil {
			return err
		}
		go func() { failed <- b.Serve() }()
	}
	ctx := context.Background()
	p, err := openBus(ctx, env, options)
	if err != nil {
		return err
	}
	n, err := node(p)
	if err != nil {
		return err
	}
	publish := p.BecomeContextManager
	if env.Servers > 1 {
		publish = func(ctx context.Context, n *binder.Node) error { return register(ctx, env, p, n) }
	}
	if err := publish(ctx, n); err != nil {
		return err
	}
	ready()
	return <-failed
}

// register gives the node of one of several servers a name. The first one also has a service manager, which is a
// process of the bus by itself.
func register(ctx context.Context, env stack.Env, p *binder.Process, n *binder.Node) error {
	if env.Server == 0 {
		manager, err := openBus(ctx, env, nil)
		if err != nil {
			return err
		}
		if _, err := servicemanager.Start(ctx, manager, servicemanager.Config{}); err != nil {
			return err
		}
	}
	names, err := servicemanager.Connect(ctx, p)
	if err != nil {
		return err
	}
	return names.AddService(ctx, serviceName(env), n)
}

func serviceName(env stack.Env) string { return fmt.Sprintf("echo%d", env.Server) }

// dialBus connects one process, which all callers share, and returns what the server has put there.
func dialBus(env stack.Env, options []binder.ProcessOption) (*binder.Handle, error) {
	ctx := context.Background()
	if env.Servers > 1 {
		return dialNamed(ctx, env, options)
	}
	p, err := openBus(ctx, env, options)
	if err != nil {
		return nil, err
	}
	return p.ContextManager(ctx)
}

// names is the service manager as the client of several servers knows it, since it dialled the first one.
var names *servicemanager.Client

func dialNamed(ctx context.Context, env stack.Env, options []binder.ProcessOption) (*binder.Handle, error) {
	if env.Server == 0 {
		p, err := openBus(ctx, env, options)
		if err != nil {
			return nil, err
		}
		if names, err = servicemanager.Connect(ctx, p); err != nil {
			return nil, err
		}
	}
	o, err := names.GetService(ctx, serviceName(env))
	if err != nil {
		return nil, err
	}
	h, ok := o.(*binder.Handle)
	if !ok {
		return nil, fmt.Errorf("no service %s", serviceName(env))
	}
	return h, nil
}
