package servicemanager

import (
	"context"
	"sync"
	"time"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
	"ubinder/runtime/stub"
	"ubinder/servicemanager/smpb"
)

// Config says how a service manager runs. The zero Config is ready for use.
type Config struct {
	Policy   Policy   // nil: AllowAll
	Declared []string // names of services that may come
	Log      func(format string, args ...any)
}

// Server is a service manager. It waits for no client: what it tells them is oneway, and sent by a
// goroutine of the one that is told.
type Server struct {
	smpb.UnimplementedServiceManager
	config   Config
	declared map[string]bool
	process  *binder.Process
	node     *binder.Node
	ctx      context.Context // ends with Close
	cancel   context.CancelFunc
	routines sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	registry *Registry
	deaths   map[*Entry]*binder.DeathLink // of the entries in the registry, once linked
}

// Start puts a service manager behind handle 0 of p's bus; it serves until Close or until p is
// closed. It fails with status.Denied when the bus has one.
func Start(ctx context.Context, p *binder.Process, c Config) (*Server, error) {
	if c.Policy == nil {
		c.Policy = AllowAll{}
	}
	if c.Log == nil {
		c.Log = func(string, ...any) {}
	}
	s := &Server{config: c, declared: make(map[string]bool), process: p,
		registry: NewRegistry(uint64(time.Now().UnixNano())), deaths: make(map[*Entry]*binder.DeathLink)}
	for _, name := range c.Declared {
		s.declared[name] = true
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	var err error
	if s.node, err = smpb.ExportServiceManager(p, s); err == nil {
		err = p.BecomeContextManager(ctx, s.node)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Serve is Start, then waiting until ctx ends or the bus is lost.
func Serve(ctx context.Context, p *binder.Process, c Config) error {
	s, err := Start(ctx, p, c)
	if err != nil {
		return err
	}
	defer s.Close()
	select {
	case <-ctx.Done():
		return nil
	case <-p.Done():
		return status.Errorf(status.Dead, "the bus has ended")
	}
}

// Close ends what the server has running. Its process stays the context manager until that is closed.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.routines.Wait()
}

// verifyTimeout bounds what the server waits for before it takes an object in: a lane to the
// object's owner, and that the owner confirms what a third process passed on.
const verifyTimeout = 5 * time.Second

func (s *Server) caller(ctx context.Context) *binder.Identity {
	if id, ok := binder.CallerFrom(ctx); ok {
		return id
	}
	return s.process.Identity() // a plain Go call of this program
}

// GetService implements smpb.ServiceManager.
func (s *Server) GetService(ctx context.Context, in *smpb.GetServiceRequest) (binder.Object, error) {
	return s.find(ctx, in.GetName())
}

// CheckService implements smpb.ServiceManager.
func (s *Server) CheckService(ctx context.Context, in *smpb.CheckServiceRequest) (binder.Object, error) {
	return s.find(ctx, in.GetName())
}

// find returns the entry's own reference, which may still be on its way to a caller when the entry
// is gone. So entries do not release theirs: the garbage collector does.
func (s *Server) find(ctx context.Context, name string) (binder.Object, error) {
	caller := s.caller(ctx)
	if err := s.config.Policy.Find(caller, name); err != nil {
		return nil, denied("find", name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.registry.Get(name)
	if e == nil || !e.AllowIsolated && s.config.Policy.Isolated(caller) {
		return nil, err
	}
	return e.Service, nil
}

func denied(what, name string, err error) error {
	return status.Errorf(status.Denied, "policy forbids to %s %q: %w", what, name, err)
}

// AddService implements smpb.ServiceManager.
func (s *Server) AddService(ctx context.Context, in *smpb.AddServiceRequest, service binder.Object) (*smpb.AddServiceReply, error) {
	e := Entry{Name: in.GetName(), Service: service, Owner: s.caller(ctx),
		AllowIsolated: in.GetAllowIsolated(), Priority: DumpPriority(in.GetDumpPriority()), Order: in.GetRestoredOrder()}
	if err := s.config.Policy.Add(e.Owner, e.Name); err != nil {
		binder.Release(service)
		return nil, denied("add", e.Name, err)
	}
	added, err := s.add(e)
	if err != nil {
		binder.Release(service)
		return nil, err
	}
	return &smpb.AddServiceReply{Order: added.Order}, s.linkService(ctx, added)
}

func (s *Server) add(e Entry) (*Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	added, replaced, err := s.registry.Add(e)
	if replaced != nil {
		s.unlink(replaced)
		s.config.Log("%q: process %d (pid %d) takes the place of process %d (pid %d)", e.Name,
			e.Owner.Process, e.Owner.PID, replaced.Owner.Process, replaced.Owner.PID)
	}
	return added, err
}

// linkService has an entry forgotten when its service dies. One that cannot be linked is forgotten
// at once.
func (s *Server) linkService(ctx context.Context, e *Entry) error {
	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	link, err := e.Service.LinkToDeath(ctx, func() { s.serviceDied(e) })
	if err != nil {
		s.serviceDied(e)
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if now, _ := s.registry.Get(e.Name); now == e {
		s.deaths[e] = link
	} else {
		link.Unlink()
	}
	return nil
}

func (s *Server) unlink(e *Entry) {
	if link := s.deaths[e]; link != nil {
		link.Unlink()
		delete(s.deaths, e)
	}
}

func (s *Server) serviceDied(e *Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.deaths, e)
	if !s.closed && s.registry.Died(e) {
		s.config.Log("%q has died (process %d, pid %d)", e.Name, e.Owner.Process, e.Owner.PID)
	}
}

// RemoveService implements smpb.ServiceManager.
func (s *Server) RemoveService(ctx context.Context, in *smpb.RemoveServiceRequest) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.registry.Remove(in.GetName(), s.caller(ctx).Process)
	if e != nil {
		s.unlink(e)
	}
	return err
}

// ListServices implements smpb.ServiceManager.
func (s *Server) ListServices(ctx context.Context, in *smpb.ListServicesRequest) (*smpb.ListServicesReply, error) {
	list, err := s.list(ctx, DumpPriority(in.GetDumpPriority()))
	out := new(smpb.ListServicesReply)
	for _, e := range list {
		out.Names = append(out.Names, e.Name)
	}
	return out, err
}

// GetServiceDebugInfo implements smpb.ServiceManager.
func (s *Server) GetServiceDebugInfo(ctx context.Context) (*smpb.GetServiceDebugInfoReply, error) {
	list, err := s.list(ctx, DumpAll)
	out := new(smpb.GetServiceDebugInfoReply)
	for _, e := range list {
		out.Services = append(out.Services, &smpb.ServiceDebugInfo{
			Name: e.Name, Pid: e.Owner.PID, Uid: e.Owner.UID, Process: uint64(e.Owner.Process),
			AllowIsolated: e.AllowIsolated, DumpPriority: uint32(e.Priority),
		})
	}
	return out, err
}

func (s *Server) list(ctx context.Context, mask DumpPriority) ([]*Entry, error) {
	if err := s.config.Policy.List(s.caller(ctx)); err != nil {
		return nil, status.Errorf(status.Denied, "policy forbids to list services: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.registry.List(mask), nil
}

// IsDeclared implements smpb.ServiceManager.
func (s *Server) IsDeclared(ctx context.Context, in *smpb.IsDeclaredRequest) (*smpb.IsDeclaredReply, error) {
	if err := CheckName(in.GetName()); err != nil {
		return nil, err
	}
	if err := s.config.Policy.Find(s.caller(ctx), in.GetName()); err != nil {
		return nil, denied("find", in.GetName(), err)
	}
	return &smpb.IsDeclaredReply{Declared: s.declared[in.GetName()]}, nil
}

// RegisterForNotifications implements smpb.ServiceManager.
func (s *Server) RegisterForNotifications(ctx context.Context, in *smpb.RegisterForNotificationsRequest, callback smpb.ServiceCallback) error {
	caller := s.caller(ctx)
	o, key, err := s.identify(ctx, callback)
	if err == nil {
		err = s.mayWatch(caller, in.GetName())
	}
	if err != nil {
		stub.Release(callback)
		return err
	}
	sub := newSubscriber(s, in.GetName(), key, o)
	sub.isolated = s.config.Policy.Isolated(caller)
	if added, err := s.watch(sub); !added {
		sub.release()
		return err
	}
	return sub.link(ctx)
}

func (s *Server) mayWatch(caller *binder.Identity, name string) error {
	if err := s.config.Policy.Find(caller, name); err != nil {
		return denied("find", name, err)
	}
	return nil
}

func (s *Server) watch(sub *subscriber) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.registry.Watch(sub.name, sub.key, sub)
}

// identify returns the object behind a callback and what tells it from others.
func (s *Server) identify(ctx context.Context, callback smpb.ServiceCallback) (binder.Object, WatchKey, error) {
	o, err := stub.ObjectOf(s.process, smpb.ServiceCallbackInterface, callback)
	if err != nil {
		return nil, WatchKey{}, err
	}
	if o == nil {
		return nil, WatchKey{}, status.Errorf(status.BadValue, "the callback is a null object")
	}
	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	key, err := o.ID(ctx)
	return o, key, err
}

// UnregisterForNotifications implements smpb.ServiceManager.
func (s *Server) UnregisterForNotifications(ctx context.Context, in *smpb.UnregisterForNotificationsRequest, callback smpb.ServiceCallback) error {
	defer stub.Release(callback)
	_, key, err := s.identify(ctx, callback)
	if err != nil {
		return err
	}
	return s.unwatch(in.GetName(), key)
}

func (s *Server) unwatch(name string, key WatchKey) error {
	s.mu.Lock()
	w, err := s.registry.Unwatch(name, key)
	s.mu.Unlock()
	if err == nil {
		w.(*subscriber).stop()
	}
	return err
}
