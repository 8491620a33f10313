package servicemanager

import (
	"context"

	"ubinder/runtime/binder"
	"ubinder/servicemanager/smpb"
)

// Client is a program's connection to the service manager of its bus. It is safe for concurrent use,
// and is what generated code takes as stub.Registrar and stub.Resolver.
type Client struct {
	process *binder.Process
	manager *smpb.ServiceManagerClient
}

// Connect finds the service manager of p's bus; status.UnknownTarget means that there is none now.
func Connect(ctx context.Context, p *binder.Process) (*Client, error) {
	h, err := p.ContextManager(ctx)
	if err != nil {
		return nil, err
	}
	return &Client{process: p, manager: smpb.NewServiceManagerClient(h)}, nil
}

// Process returns the connection that the client uses.
func (c *Client) Process() *binder.Process { return c.process }

// Release gives back the reference to the service manager; what was registered stays. The client
// must not be used afterwards.
func (c *Client) Release() { c.manager.Release() }

// LinkToDeath calls fn once when the service manager has ended.
func (c *Client) LinkToDeath(ctx context.Context, fn func()) (*binder.DeathLink, error) {
	return c.manager.LinkToDeath(ctx, fn)
}

// AddOption says more about a service than its name.
type AddOption func(*smpb.AddServiceRequest)

// AllowIsolated lets isolated processes find the service.
func AllowIsolated(in *smpb.AddServiceRequest) { in.AllowIsolated = true }

// WithDumpPriority says when the service is dumped in a bug report; DumpDefault otherwise.
func WithDumpPriority(p DumpPriority) AddOption {
	return func(in *smpb.AddServiceRequest) { in.DumpPriority = uint32(p) }
}

// AddService registers an object under a name, in place of the one there, if any. The reference
// stays the caller's. The name is free again when the object has died.
func (c *Client) AddService(ctx context.Context, name string, service binder.Object) error {
	return c.AddServiceWith(ctx, name, service)
}

// AddServiceWith is AddService with options.
func (c *Client) AddServiceWith(ctx context.Context, name string, service binder.Object, options ...AddOption) error {
	in := &smpb.AddServiceRequest{Name: name}
	for _, o := range options {
		o(in)
	}
	return c.manager.AddService(ctx, in, service)
}

// RemoveService takes a name back that this process added.
func (c *Client) RemoveService(ctx context.Context, name string) error {
	return c.manager.RemoveService(ctx, &smpb.RemoveServiceRequest{Name: name})
}

// CheckService returns the service of that name, nil when there is none. The caller releases it.
func (c *Client) CheckService(ctx context.Context, name string) (binder.Object, error) {
	return c.manager.CheckService(ctx, &smpb.CheckServiceRequest{Name: name})
}

// GetService is CheckService, but starts a service that is declared, lazy, and does not run.
func (c *Client) GetService(ctx context.Context, name string) (binder.Object, error) {
	return c.manager.GetService(ctx, &smpb.GetServiceRequest{Name: name})
}

// ListServices returns the names, sorted, of the services whose dump priority is in the mask.
func (c *Client) ListServices(ctx context.Context, mask DumpPriority) ([]string, error) {
	out, err := c.manager.ListServices(ctx, &smpb.ListServicesRequest{DumpPriority: uint32(mask)})
	return out.GetNames(), err
}

// IsDeclared reports whether a service of that name may come.
func (c *Client) IsDeclared(ctx context.Context, name string) (bool, error) {
	out, err := c.manager.IsDeclared(ctx, &smpb.IsDeclaredRequest{Name: name})
	return out.GetDeclared(), err
}

// ServiceInfo tells where a service lives.
type ServiceInfo struct {
	Name          string
	Owner         binder.Identity // of the process that added it; without groups and label
	AllowIsolated bool
	Priority      DumpPriority
}

// Services returns every service and who added it, sorted by name.
func (c *Client) Services(ctx context.Context) ([]ServiceInfo, error) {
	out, err := c.manager.GetServiceDebugInfo(ctx)
	if err != nil {
		return nil, err
	}
	var infos []ServiceInfo
	for _, s := range out.GetServices() {
		infos = append(infos, ServiceInfo{
			Name: s.GetName(), AllowIsolated: s.GetAllowIsolated(), Priority: DumpPriority(s.GetDumpPriority()),
			Owner: binder.Identity{Process: binder.ProcessID(s.GetProcess()), PID: s.GetPid(), UID: s.GetUid()},
		})
	}
	return infos, nil
}
