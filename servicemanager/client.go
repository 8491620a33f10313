package servicemanager

import (
	"context"
	"sync"

	"ubinder/runtime/binder"
	"ubinder/servicemanager/smpb"
)

// Client is a program's connection to the service manager of its bus. It is safe for concurrent use,
// and is what generated code takes as stub.Registrar and stub.Resolver.
//
// When the service manager ends, calls fail with status.Dead until there is a new one; the client
// then adds to that what it had added, and goes on with its watches.
type Client struct {
	process *binder.Process
	ctx     context.Context // ends with Release
	cancel  context.CancelFunc

	mu       sync.Mutex
	manager  *smpb.ServiceManagerClient
	death    *binder.DeathLink
	services map[string]*registration
	watches  map[*Watch]bool
}

// registration is what it takes to add a service again.
type registration struct {
	request *smpb.AddServiceRequest
	service binder.Object // a reference of its own
}

// Connect finds the service manager of p's bus; status.UnknownTarget means that there is none now.
func Connect(ctx context.Context, p *binder.Process) (*Client, error) {
	c := &Client{process: p, services: make(map[string]*registration), watches: make(map[*Watch]bool)}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	if err := c.find(ctx); err != nil {
		c.cancel()
		return nil, err
	}
	return c, nil
}

// find takes the service manager that is there now, and has the client look for the next one when
// it ends.
func (c *Client) find(ctx context.Context) error {
	h, err := c.process.ContextManager(ctx)
	if err != nil {
		return err
	}
	m := smpb.NewServiceManagerClient(h)
	c.mu.Lock()
	c.manager = m // the one before may be in use by a call: the garbage collector releases it
	c.mu.Unlock()
	death, err := m.LinkToDeath(ctx, c.routineRestore)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.manager == m { // else it has died, and the next one was found meanwhile
		c.death = death
	}
	return nil
}

func (c *Client) current() *smpb.ServiceManagerClient {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.manager
}

// Process returns the connection that the client uses.
func (c *Client) Process() *binder.Process { return c.process }

// Release gives back the references that the client holds; what was registered stays. The client
// must not be used afterwards.
func (c *Client) Release() {
	c.cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.death != nil {
		c.death.Unlink()
	}
	c.manager.Release()
	for name, r := range c.services {
		binder.Release(r.service)
		delete(c.services, name)
	}
}

// LinkToDeath calls fn once when the service manager of now has ended.
func (c *Client) LinkToDeath(ctx context.Context, fn func()) (*binder.DeathLink, error) {
	return c.current().LinkToDeath(ctx, fn)
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
	manager := c.current()
	out, err := manager.AddService(ctx, in, service)
	if err != nil {
		return err
	}
	in.RestoredOrder = out.GetOrder()
	c.remember(&registration{in, dup(service)})
	if now := c.current(); now != manager { // it may have been restored without this service
		_, err = now.AddService(ctx, in, service)
	}
	return err
}

func (c *Client) remember(r *registration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if before := c.services[r.request.Name]; before != nil {
		binder.Release(before.service)
	}
	c.services[r.request.Name] = r
}

func (c *Client) forget(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.services[name]; r != nil {
		binder.Release(r.service)
		delete(c.services, name)
	}
}

// RemoveService takes a name back that this process added.
func (c *Client) RemoveService(ctx context.Context, name string) error {
	err := c.current().RemoveService(ctx, &smpb.RemoveServiceRequest{Name: name})
	if err == nil {
		c.forget(name)
	}
	return err
}

// CheckService returns the service of that name, nil when there is none. The caller releases it.
func (c *Client) CheckService(ctx context.Context, name string) (binder.Object, error) {
	return c.current().CheckService(ctx, &smpb.CheckServiceRequest{Name: name})
}

// GetService is CheckService, but starts a service that is declared, lazy, and does not run.
func (c *Client) GetService(ctx context.Context, name string) (binder.Object, error) {
	return c.current().GetService(ctx, &smpb.GetServiceRequest{Name: name})
}

// ListServices returns the names, sorted, of the services whose dump priority is in the mask.
func (c *Client) ListServices(ctx context.Context, mask DumpPriority) ([]string, error) {
	out, err := c.current().ListServices(ctx, &smpb.ListServicesRequest{DumpPriority: uint32(mask)})
	return out.GetNames(), err
}

// IsDeclared reports whether a service of that name may come.
func (c *Client) IsDeclared(ctx context.Context, name string) (bool, error) {
	out, err := c.current().IsDeclared(ctx, &smpb.IsDeclaredRequest{Name: name})
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
	out, err := c.current().GetServiceDebugInfo(ctx)
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
