package servicemanager_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
	"ubinder/servicemanager"
)

func TestNewServiceManagerLearnsWhatTheOldOneKnew(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		server, user := b.client(t), b.client(t)
		require.NoError(t, server.AddService(ctxOf(t), "foo", echo(server, "foo")))
		require.NoError(t, server.AddService(ctxOf(t), "gone", echo(server, "gone")))
		require.NoError(t, server.RemoveService(ctxOf(t), "gone"))
		seen, gone := watch(t, user, "foo"), watch(t, user, "gone")
		seen.requireAdded(t)
		late := wait(t, user, "late")

		require.NoError(t, b.process.Close())
		seen.requireRemoved(t)
		b.startManager(t, servicemanager.Config{})
		requireAnswer(t, seen.requireAdded(t), "foo")
		require.NoError(t, server.AddService(ctxOf(t), "late", echo(server, "late")))
		requireAnswer(t, <-late, "late")
		require.Empty(t, gone.events, "what was taken back stays so")
		require.NoError(t, server.RemoveService(ctxOf(t), "foo"), "it is the server's as before")
		seen.requireRemoved(t)
	})
}

func TestRestoredNameGoesToTheLastOwner(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		first, last, user := b.client(t), b.client(t), b.client(t)
		require.NoError(t, first.AddService(ctxOf(t), "name", echo(first, "first")))
		require.NoError(t, last.AddService(ctxOf(t), "name", echo(last, "last")))
		require.NoError(t, first.AddService(ctxOf(t), "marker", echo(first, "")))
		names, marker := watch(t, user, "name"), watch(t, user, "marker")
		names.requireAdded(t)
		marker.requireAdded(t)
		require.NoError(t, b.process.Close())
		names.requireRemoved(t)
		marker.requireRemoved(t)
		b.startManager(t, servicemanager.Config{})
		marker.requireAdded(t)
		for answer := ""; answer != "last"; {
			answer = onceOf(t, names.requireAdded(t))
		}
	})
}

func onceOf(t *testing.T, o binder.Object) string {
	t.Helper()
	out, err := callOnce(t, o)
	require.NoError(t, err)
	return out
}

func TestWaitEndsWithItsProcess(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		c := b.client(t)
		failed := make(chan error, 1)
		go func() {
			_, err := c.WaitService(ctxOf(t), "never")
			failed <- err
		}()
		require.NoError(t, c.Process().Close())
		require.ErrorIs(t, <-failed, status.Dead)
	})
}
