package servicemanager_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
	"ubinder/servicemanager"
	"ubinder/servicemanager/smpb"
)

// seen is what a watcher was told.
type seen struct {
	watch  *servicemanager.Watch
	events chan binder.Object // nil: a removal
}

func watch(t *testing.T, c *servicemanager.Client, name string) *seen {
	s := &seen{events: make(chan binder.Object, 100)}
	w, err := c.RegisterForNotifications(ctxOf(t), name, func(got string, o binder.Object) {
		if got != name {
			t.Errorf("told of %q instead of %q", got, name)
		}
		s.events <- o
	})
	require.NoError(t, err)
	s.watch = w
	return s
}

func (s *seen) next(t *testing.T) binder.Object {
	t.Helper()
	select {
	case o := <-s.events:
		return o
	case <-ctxOf(t).Done():
		require.Fail(t, "no notification came")
		return nil
	}
}

func (s *seen) requireAdded(t *testing.T) binder.Object {
	t.Helper()
	o := s.next(t)
	require.NotNil(t, o)
	return o
}

func (s *seen) requireRemoved(t *testing.T) {
	t.Helper()
	require.Nil(t, s.next(t))
}

func TestNotifications(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		server, user := b.client(t), b.client(t)
		before := watch(t, user, "foo")
		other := watch(t, user, "other")
		require.NoError(t, server.AddService(ctxOf(t), "foo", echo(server, "one")))
		requireAnswer(t, before.requireAdded(t), "one")
		after := watch(t, server, "foo")
		require.IsType(t, (*binder.Node)(nil), after.requireAdded(t), "told at once of what is there")
		require.NoError(t, server.AddService(ctxOf(t), "foo", echo(server, "two")))
		requireAnswer(t, before.requireAdded(t), "two")
		require.NotNil(t, after.requireAdded(t))
		require.Empty(t, other.events)
	})
}

func TestNotificationsInOrder(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		server, user := b.client(t), b.client(t)
		s := watch(t, user, "foo")
		for _, word := range []string{"a", "b", "c", "d", "e"} {
			require.NoError(t, server.AddService(ctxOf(t), "foo", echo(server, word)))
		}
		for _, word := range []string{"a", "b", "c", "d", "e"} {
			requireAnswer(t, s.requireAdded(t), word)
		}
	})
}

func TestSeveralWatchersOfOneName(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		server, user := b.client(t), b.client(t)
		one, two := watch(t, user, "foo"), watch(t, user, "foo")
		require.NoError(t, server.AddService(ctxOf(t), "foo", echo(server, "x")))
		requireAnswer(t, one.requireAdded(t), "x")
		requireAnswer(t, two.requireAdded(t), "x")
	})
}

func TestNoNotificationAfterUnregister(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		server, user := b.client(t), b.client(t)
		gone, stays := watch(t, user, "foo"), watch(t, user, "foo")
		require.NoError(t, gone.watch.Unregister(ctxOf(t)))
		require.ErrorIs(t, gone.watch.Unregister(ctxOf(t)), status.UnknownTarget)
		require.NoError(t, server.AddService(ctxOf(t), "foo", echo(server, "x")))
		stays.requireAdded(t)
		require.Empty(t, gone.events)
	})
}

func TestBadRegistrations(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		c := b.client(t)
		_, err := c.RegisterForNotifications(ctxOf(t), "bad name", func(string, binder.Object) {})
		require.ErrorIs(t, err, status.BadValue)
		h, err := c.Process().ContextManager(ctxOf(t))
		require.NoError(t, err)
		defer h.Release()
		m := smpb.NewServiceManagerClient(h)
		err = m.RegisterForNotifications(ctxOf(t), &smpb.RegisterForNotificationsRequest{Name: "foo"}, nil)
		require.ErrorIs(t, err, status.BadValue)
		err = m.UnregisterForNotifications(ctxOf(t), &smpb.UnregisterForNotificationsRequest{Name: "foo"}, nil)
		require.ErrorIs(t, err, status.BadValue)
	})
}

// callback is a smpb.ServiceCallback that tells the names it was told of.
type callback struct {
	smpb.UnimplementedServiceCallback
	told chan string
}

func (c *callback) OnRegistration(_ context.Context, in *smpb.OnRegistrationRequest, service binder.Object) error {
	binder.Release(service)
	c.told <- in.GetName()
	return nil
}
