package servicemanager

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
	"ubinder/servicemanager/smpb"
)

// How long a client waits before it looks for a new service manager: the broker does not tell.
const (
	minLook = 10 * time.Millisecond
	maxLook = time.Second
)

// routineRestore runs when the service manager has ended: it looks for the next one and brings it
// what this client had told the last one.
func (c *Client) routineRestore() {
	watches := c.allWatches()
	for _, w := range watches {
		w.lose()
	}
	for look := minLook; ; look = min(2*look, maxLook) {
		select {
		case <-c.ctx.Done():
			return
		case <-c.process.Done():
			return
		case <-time.After(look):
		}
		if err := c.find(c.ctx); err == nil {
			c.restore() // if this one ends too, another routineRestore follows
			return
		}
	}
}

func (c *Client) allWatches() []*Watch {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.watches))
}

func (c *Client) restore() {
	ctx, cancel := context.WithTimeout(c.ctx, verifyTimeout)
	defer cancel()
	manager := c.current()
	for _, r := range c.allServices() {
		_, err := manager.AddService(ctx, r.request, r.service)
		binder.Release(r.service)
		if errors.Is(err, status.Denied) { // the name is somebody else's by now
			c.forget(r.request.Name)
		}
	}
	for _, w := range c.allWatches() {
		w.register(ctx, manager)
	}
}

// allServices returns what is registered, with references of the caller's.
func (c *Client) allServices() []registration {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []registration
	for _, r := range c.services {
		all = append(all, registration{r.request, dup(r.service)})
	}
	return all
}

// register tells a service manager of the watch, with a callback of its own: what an earlier one
// said and is still on its way does not count any more.
func (w *Watch) register(ctx context.Context, manager *smpb.ServiceManagerClient) error {
	w.registering.Lock()
	defer w.registering.Unlock()
	if w.client.current() != manager {
		return status.Errorf(status.Dead, "the service manager has ended")
	}
	callback := &watchCallback{watch: w}
	w.mu.Lock()
	w.callback = callback
	w.mu.Unlock()
	return manager.RegisterForNotifications(ctx, &smpb.RegisterForNotificationsRequest{Name: w.name}, callback)
}

// lose tells the watch that names have gone with the service manager.
func (w *Watch) lose() {
	w.mu.Lock()
	callback := w.callback
	w.mu.Unlock()
	w.tell(callback, nil)
}
