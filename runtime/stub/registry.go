package stub

import (
	"context"

	"ubinder/runtime/binder"
)

// Registrar is where generated code registers a service under a name; servicemanager.Client is one.
type Registrar interface {
	Process() *binder.Process
	AddService(ctx context.Context, name string, service binder.Object) error
}

// Resolver is where generated code looks a service up by name; servicemanager.Client is one.
// CheckService answers at once, WaitService when the service is there or ctx has ended.
type Resolver interface {
	CheckService(ctx context.Context, name string) (binder.Object, error)
	WaitService(ctx context.Context, name string) (binder.Object, error)
}

// AddService exports impl and registers it. The node is returned so that the caller can keep it;
// the registry holds it too.
func AddService(ctx context.Context, r Registrar, name string, i *Interface, impl any) (*binder.Node, error) {
	n, err := Export(r.Process(), i, impl)
	if err != nil {
		return nil, err
	}
	return n, r.AddService(ctx, name, n)
}
