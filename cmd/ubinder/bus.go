package main

import (
	"context"
	"path/filepath"

	"ubinder/runtime/binder"
	"ubinder/runtime/connect"
	"ubinder/runtime/status"
	"ubinder/servicemanager"
)

// busFlags says which bus a command is for.
type busFlags struct{ path string }

// connect joins the bus and finds its service manager. The caller ends both with leave.
func (b *busFlags) connect(ctx context.Context) (names *servicemanager.Client, leave func(), err error) {
	path, err := filepath.Abs(b.path)
	if err != nil {
		return nil, nil, err
	}
	p, err := connect.Open(ctx, "bus:"+path, binder.WithContextManager())
	if err != nil {
		return nil, nil, err
	}
	names, err = servicemanager.Connect(ctx, p)
	if err != nil {
		p.Close()
		return nil, nil, err
	}
	return names, func() {
		names.Release()
		p.Close()
	}, nil
}

// managerName is what commands call the service manager, as Android does: it is in no registry.
const managerName = "manager"

// find returns the service of that name; its absence is an error that says what to do.
func find(ctx context.Context, names *servicemanager.Client, name string) (binder.Object, error) {
	o, err := names.CheckService(ctx, name)
	if err == nil && o == nil && name == managerName {
		return names.Process().ContextManager(ctx)
	}
	if err == nil && o == nil {
		err = status.Errorf(status.UnknownTarget, "no service is registered as %q: \"ubinder service list\" shows those that are", name)
	}
	return o, err
}
