package transporttest

import (
	"context"
	"strconv"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// What a puppet can do with references and nodes.
const (
	doAlive        = iota + 100 // answers with how many of the objects that it keeps are alive
	doCallAlive                 // calls the attached object, then as doAlive
	doWeaken                    // keeps weak references to the objects that it keeps, in their place
	doPromote                   // answers with the first object that it keeps, promoted
	doMake                      // makes as many nodes as the payload says and answers with them; it counts those released
	doReleased                  // answers with how many of those were released
	doDestroyMade               // destroys those
	doDropAll                   // gives back what it keeps, at once
	doWatchManager              // calls the attached object when the one behind handle 0 dies
	doCallManager               // calls the object behind handle 0
	doCallAlone                 // as doCall, but not in the caller's chain
)

// references is what a puppet does with references and nodes.
func (s *puppet) references(ctx context.Context, c *binder.IncomingCall) error {
	switch c.Code {
	case doAlive:
		c.Reply.Payload = s.alive()
		return nil
	case doCallAlive:
		o := c.TakeObject(0)
		defer binder.Release(o)
		_, err := binder.Call(ctx, o, 1, nil)
		c.Reply.Payload = s.alive()
		return err
	case doCallAlone:
		o := c.TakeObject(0)
		defer binder.Release(o)
		return answerOf(context.Background(), c, o, 1)
	case doWeaken:
		return s.weaken(ctx)
	case doPromote:
		return s.promote(ctx, c)
	case doMake:
		return s.makeNodes(c)
	case doReleased:
		s.mu.Lock()
		defer s.mu.Unlock()
		c.Reply.Payload = strconv.AppendInt(nil, int64(s.released), 10)
		return nil
	case doDestroyMade:
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, n := range s.made {
			n.Destroy()
		}
		return nil
	case doDropAll:
		s.mu.Lock()
		defer s.mu.Unlock()
		binder.ReleaseAll(s.held...)
		s.held = nil
		return nil
	}
	return s.manager(ctx, c)
}

func (s *puppet) manager(ctx context.Context, c *binder.IncomingCall) error {
	m, err := s.process.ContextManager(ctx)
	if err != nil {
		return err
	}
	switch c.Code {
	case doWatchManager:
		told := c.TakeObject(0)
		_, err := m.LinkToDeath(ctx, func() {
			binder.Call(context.Background(), told, 1, nil)
			binder.Release(told)
			m.Release()
		})
		return err
	case doCallManager:
		defer m.Release()
		return answerOf(ctx, c, m, 1)
	}
	m.Release()
	return status.Errorf(status.UnknownMethod, "a puppet has no method %d", c.Code)
}

func (s *puppet) alive() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, o := range s.held {
		if o.(interface{ Alive() bool }).Alive() {
			n++
		}
	}
	return strconv.AppendInt(nil, int64(n), 10)
}

func (s *puppet) weaken(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, o := range s.held {
		h, ok := o.(*binder.Handle)
		if !ok {
			continue
		}
		w, err := h.Weak(ctx)
		if err != nil {
			return err
		}
		s.held[i] = w
		h.Release()
	}
	return nil
}

func (s *puppet) promote(ctx context.Context, c *binder.IncomingCall) error {
	list := s.attachments()
	if len(list) == 0 {
		return errNothingHeld
	}
	w, ok := list[0].Object.(*binder.Weak)
	if !ok {
		return status.Errorf(status.BadValue, "a %T cannot be promoted", list[0].Object)
	}
	o, err := w.Promote(ctx)
	if err != nil {
		return err
	}
	c.Attachments = append(c.Attachments, binder.Attachment{Object: o}) // given back with the call
	c.Reply.Attachments = []binder.Attachment{{Object: o}}
	return nil
}

func (s *puppet) makeNodes(c *binder.IncomingCall) error {
	count, err := strconv.Atoi(string(c.Payload))
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for range count {
		n := s.process.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
			c.Reply.Payload = append([]byte("made:"), c.Payload...)
			return nil
		}), binder.OnRelease(func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.released++
		}))
		s.made = append(s.made, n)
		c.Reply.Attachments = append(c.Reply.Attachments, binder.Attachment{Object: n})
	}
	return nil
}
