package stub

import (
	"context"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// Registrar is where generated code registers a service under a name; servicemanager.Client is one.
type Registrar interface {
	Process() *binder.Process
	AddService(ctx context.Context, name string, service binder.Object) error
}

// Resolver is where generated code looks a service up by name; servicemanager.Client is one.
// CheckService answers at once, nil when there is no such service; WaitService answers when the
// service is there or ctx has ended.
type Resolver interface {
	CheckService(ctx context.Context, name string) (binder.Object, error)
	WaitService(ctx context.Context, name string) (binder.Object, error)
}

// AddService exports impl, with the options of Export, and registers it. The node is returned so that the caller can keep it;
// the registry holds it too.
func AddService(ctx context.Context, r Registrar, name string, i *Interface, impl any, options ...binder.NodeOption) (*binder.Node, error) {
	n, err := Export(r.Process(), i, impl, options...)
	if err != nil {
		return nil, err
	}
	return n, r.AddService(ctx, name, n)
}

// Check looks a service up that is there now; its absence is the error status.UnknownTarget.
func Check[T any](ctx context.Context, r Resolver, name string, as func(binder.Object) T) (T, error) {
	o, err := r.CheckService(ctx, name)
	return found(o, err, name, as)
}

// Wait looks a service up and waits for it until ctx ends.
func Wait[T any](ctx context.Context, r Resolver, name string, as func(binder.Object) T) (T, error) {
	o, err := r.WaitService(ctx, name)
	return found(o, err, name, as)
}

func found[T any](o binder.Object, err error, name string, as func(binder.Object) T) (T, error) {
	if err == nil && o == nil {
		err = status.Errorf(status.UnknownTarget, "no service is registered as %q", name)
	}
	if err != nil {
		var none T
		return none, err
	}
	return as(o), nil
}
