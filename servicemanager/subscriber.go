package servicemanager

import (
	"context"
	"errors"
	"sync"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
	"ubinder/servicemanager/smpb"
)

// subscriber tells one callback of what happens under one name. It keeps what is to be told in a
// queue, so that a client that does not read holds up nobody, and a goroutine runs only while there
// is something in it.
type subscriber struct {
	server   *Server
	name     string
	key      WatchKey
	callback *smpb.ServiceCallbackClient
	isolated bool // may be told only of services that allow isolated callers

	mu      sync.Mutex
	present bool // the last that was queued is an arrival
	death   *binder.DeathLink
	queue   []notice
	sending bool
	stopped bool
}

// notice is an arrival, with a reference of its own, or a removal: nil.
type notice struct{ service binder.Object }

// maxNotices is how many notices wait for one callback. When there are more the oldest goes: the
// later ones have overtaken it.
const maxNotices = 64

func newSubscriber(s *Server, name string, key WatchKey, callback binder.Object) *subscriber {
	return &subscriber{server: s, name: name, key: key, callback: smpb.NewServiceCallbackClient(callback)}
}

// Added implements Watcher.
func (s *subscriber) Added(e *Entry) {
	if s.isolated && !e.AllowIsolated {
		s.Removed(e.Name) // of what was there before
		return
	}
	s.push(notice{dup(e.Service)})
}

// Removed implements Watcher.
func (s *subscriber) Removed(string) { s.push(notice{}) }

func dup(o binder.Object) binder.Object {
	if h, ok := o.(*binder.Handle); ok {
		return h.Dup()
	}
	return o
}

func (s *subscriber) push(n notice) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || s.server.closed { // the server is locked
		binder.Release(n.service)
		return
	}
	if n.service == nil && !s.present {
		return // it never heard of what is gone
	}
	s.present = n.service != nil
	if len(s.queue) == maxNotices {
		binder.Release(s.queue[0].service)
		s.queue = s.queue[1:]
	}
	s.queue = append(s.queue, n)
	if !s.sending {
		s.sending = true
		s.server.routines.Go(s.routineSend)
	}
}

// routineSend sends what is queued and ends with the last.
func (s *subscriber) routineSend() {
	for {
		s.mu.Lock()
		if len(s.queue) == 0 || s.stopped {
			s.sending = false
			if s.stopped {
				s.release()
			}
			s.mu.Unlock()
			return
		}
		n := s.queue[0]
		s.queue = s.queue[1:]
		s.mu.Unlock()
		err := s.send(s.server.ctx, n)
		binder.Release(n.service)
		if err != nil && !errors.Is(err, status.Dead) && !errors.Is(err, status.Cancelled) {
			s.server.config.Log("telling process %d of %q: %v", s.key.Owner, s.name, err)
		}
	}
}

func (s *subscriber) send(ctx context.Context, n notice) error {
	if n.service == nil {
		return s.callback.OnRemoval(ctx, &smpb.OnRemovalRequest{Name: s.name})
	}
	return s.callback.OnRegistration(ctx, &smpb.OnRegistrationRequest{Name: s.name}, n.service)
}

// link has the subscriber forgotten when its callback dies, or at once when that cannot be linked.
func (s *subscriber) link(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	forget := func() { s.server.unwatch(s.name, s.key) }
	link, err := s.callback.LinkToDeath(ctx, forget)
	if err != nil {
		forget()
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		link.Unlink()
	} else {
		s.death = link
	}
	return nil
}

// stop ends a subscriber that the registry has given up.
func (s *subscriber) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	if s.death != nil {
		s.death.Unlink()
	}
	if !s.sending {
		s.release()
	}
}

// release gives back every reference. Nobody uses the subscriber any more.
func (s *subscriber) release() {
	for _, n := range s.queue {
		binder.Release(n.service)
	}
	s.queue = nil
	s.callback.Release()
}
