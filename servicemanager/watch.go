package servicemanager

import (
	"context"
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
}

// RegisterForNotifications has fn called each time that a service is added under name, at once if
// there is one, and with a nil service when it is gone. Calls come one at a time, in order, on
// goroutines of the process's loopers; the service belongs to fn, which releases it.
func (c *Client) RegisterForNotifications(ctx context.Context, name string, fn func(name string, service binder.Object)) (*Watch, error) {
	w := &Watch{client: c, name: name, fn: fn}
	in := &smpb.RegisterForNotificationsRequest{Name: name}
	if err := c.manager.RegisterForNotifications(ctx, in, (*watchCallback)(w)); err != nil {
		return nil, err
	}
	return w, nil
}

// Unregister takes the registration back. fn is not called again; a call under way may go on.
func (w *Watch) Unregister(ctx context.Context) error {
	w.ended.Store(true)
	in := &smpb.UnregisterForNotificationsRequest{Name: w.name}
	return w.client.manager.UnregisterForNotifications(ctx, in, (*watchCallback)(w))
}

// abandon is Unregister when ctx may have ended.
func (w *Watch) abandon(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), verifyTimeout)
	defer cancel()
	w.Unregister(ctx)
}

// watchCallback is the object by which the service manager reaches a Watch.
type watchCallback Watch

// OnRegistration implements smpb.ServiceCallback.
func (w *watchCallback) OnRegistration(_ context.Context, in *smpb.OnRegistrationRequest, service binder.Object) error {
	if w.ended.Load() || service == nil {
		binder.Release(service)
		return nil
	}
	w.fn(in.GetName(), service)
	return nil
}

// OnRemoval implements smpb.ServiceCallback.
func (w *watchCallback) OnRemoval(_ context.Context, in *smpb.OnRemovalRequest) error {
	if !w.ended.Load() {
		w.fn(in.GetName(), nil)
	}
	return nil
}

// WaitService returns the service of that name as soon as there is one; the caller releases it. It
// does not poll: the service manager tells. The process needs a looper for that.
func (c *Client) WaitService(ctx context.Context, name string) (binder.Object, error) {
	if o, err := c.GetService(ctx, name); o != nil || err != nil {
		return o, err
	}
	found := newMailbox()
	defer found.close()
	link, err := c.LinkToDeath(ctx, found.managerDied)
	if err != nil {
		return nil, err
	}
	defer link.Unlink()
	// What was added since the look above is told at once, so nothing is missed.
	w, err := c.RegisterForNotifications(ctx, name, found.put)
	if err != nil {
		return nil, err
	}
	defer w.abandon(ctx)
	return found.take(ctx)
}

// mailbox takes the first service that arrives and releases the others.
type mailbox struct {
	service chan binder.Object // of capacity one
	died    chan struct{}
	closed  atomic.Bool
}

func newMailbox() *mailbox {
	return &mailbox{service: make(chan binder.Object, 1), died: make(chan struct{})}
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

func (m *mailbox) managerDied() { close(m.died) }

func (m *mailbox) take(ctx context.Context) (binder.Object, error) {
	select {
	case o := <-m.service:
		return o, nil
	case <-m.died:
		return nil, status.Errorf(status.Dead, "the service manager has ended")
	case <-ctx.Done():
		return nil, status.FromContext(ctx)
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
