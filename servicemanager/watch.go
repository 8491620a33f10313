package servicemanager

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
	"ubinder/servicemanager/smpb"
)

// Watch is one registration for notifications.
type Watch struct {
	client *Client
	name   string
	fn     func(name string, service binder.Object)
	ended  atomic.Bool

	registering sync.Mutex // held while a service manager is told
	calls       sync.Mutex // held while fn runs
	present     bool       // what fn was told last; guarded by calls
	mu          sync.Mutex
	callback    *watchCallback // the one that counts
}

// RegisterForNotifications has fn called each time that a service is added under name, at once if
// there is one, and with a nil service when it is gone. Calls come one at a time, in order; the
// service belongs to fn, which releases it. With the service manager its names go, until a new one
// knows them: fn is told both.
func (c *Client) RegisterForNotifications(ctx context.Context, name string, fn func(name string, service binder.Object)) (*Watch, error) {
	w := &Watch{client: c, name: name, fn: fn}
	c.mu.Lock()
	c.watches[w] = true
	c.mu.Unlock()
	// A service manager that has ended is no error: the watch is restored with the others.
	if err := w.register(ctx, c.current()); err != nil && !errors.Is(err, status.Dead) {
		w.end()
		return nil, err
	}
	return w, nil
}

func (w *Watch) end() (last *watchCallback) {
	w.ended.Store(true)
	w.client.mu.Lock()
	delete(w.client.watches, w)
	w.client.mu.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.callback
}

// Unregister takes the registration back. fn is not called again; a call under way may go on.
func (w *Watch) Unregister(ctx context.Context) error {
	in := &smpb.UnregisterForNotificationsRequest{Name: w.name}
	return w.client.current().UnregisterForNotifications(ctx, in, w.end())
}

// abandon is Unregister when ctx may have ended.
func (w *Watch) abandon(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), verifyTimeout)
	defer cancel()
	w.Unregister(ctx)
}

// tell calls fn, unless what is told does not count or is known.
func (w *Watch) tell(by *watchCallback, service binder.Object) {
	w.calls.Lock()
	defer w.calls.Unlock()
	w.mu.Lock()
	counts := w.callback == by && !w.ended.Load()
	w.mu.Unlock()
	if !counts || service == nil && !w.present {
		binder.Release(service)
		return
	}
	w.present = service != nil
	w.fn(w.name, service)
}

// watchCallback is the object by which one service manager reaches a Watch.
type watchCallback struct{ watch *Watch }

// OnRegistration implements smpb.ServiceCallback.
func (c *watchCallback) OnRegistration(_ context.Context, _ *smpb.OnRegistrationRequest, service binder.Object) error {
	if service != nil {
		c.watch.tell(c, service)
	}
	return nil
}

// OnRemoval implements smpb.ServiceCallback.
func (c *watchCallback) OnRemoval(context.Context, *smpb.OnRemovalRequest) error {
	c.watch.tell(c, nil)
	return nil
}

// WaitService returns the service of that name as soon as there is one; the caller releases it. It
// does not poll: the service manager tells, or the one that follows it. The process needs a looper
// for that.
func (c *Client) WaitService(ctx context.Context, name string) (binder.Object, error) {
	if o, err := c.GetService(ctx, name); o != nil || err != nil && !errors.Is(err, status.Dead) {
		return o, err
	}
	found := newMailbox()
	defer found.close()
	// What was added since the look above is told at once, so nothing is missed.
	w, err := c.RegisterForNotifications(ctx, name, found.put)
	if err != nil {
		return nil, err
	}
	defer w.abandon(ctx)
	return found.take(ctx, c)
}

// mailbox takes the first service that arrives and releases the others.
type mailbox struct {
	service chan binder.Object // of capacity one
	closed  atomic.Bool
}

func newMailbox() *mailbox {
	return &mailbox{service: make(chan binder.Object, 1)}
}

func (m *mailbox) put(_ string, service binder.Object) {
	if service == nil {
		return
	}
	select {
	case m.service <- service:
		if m.closed.Load() {
			m.drain()
		}
	default:
		binder.Release(service)
	}
}

func (m *mailbox) take(ctx context.Context, c *Client) (binder.Object, error) {
	select {
	case o := <-m.service:
		return o, nil
	case <-ctx.Done():
		return nil, status.FromContext(ctx)
	case <-c.ctx.Done():
		return nil, status.Errorf(status.Dead, "the client was released")
	case <-c.process.Done():
		return nil, status.Errorf(status.Dead, "the process has left the bus")
	}
}

func (m *mailbox) close() {
	m.closed.Store(true)
	m.drain()
}

func (m *mailbox) drain() {
	select {
	case o := <-m.service:
		binder.Release(o)
	default:
	}
}
