package servicemanager_test

import (
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
	"ubinder/servicemanager"
)

func dumpOf(t *testing.T, o binder.Object) (string, error) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	dumpErr := binder.Dump(ctxOf(t), o, w)
	w.Close()
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(b), dumpErr
}

func TestDump(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		c := b.client(t)
		require.NoError(t, c.AddService(ctxOf(t), "foo", echo(c, "one")))
		for _, name := range []string{"foo", "awaited"} {
			w, err := c.RegisterForNotifications(ctxOf(t), name, func(_ string, o binder.Object) { binder.Release(o) })
			require.NoError(t, err)
			defer w.Unregister(ctxOf(t))
		}
		manager, err := c.Process().ContextManager(ctxOf(t))
		require.NoError(t, err)
		defer manager.Release()
		text, err := dumpOf(t, manager)
		require.NoError(t, err)
		assert.Regexp(t, `^1 services, 0 declared names, policy servicemanager.AllowAll\nNAME .* WATCHERS\nfoo +\d+ .* 1\nawaited +not there; watchers: 1\n$`, text)
	})
}

// closed lets nobody list.
type closed struct{ servicemanager.AllowAll }

func (closed) List(*binder.Identity) error { return status.Errorf(status.Denied, "closed") }

func TestDumpFollowsThePolicy(t *testing.T) {
	b := startBus(t, "inproc:"+t.Name(), servicemanager.Config{Policy: closed{}})
	manager, err := b.client(t).Process().ContextManager(ctxOf(t))
	require.NoError(t, err)
	defer manager.Release()
	text, err := dumpOf(t, manager)
	require.ErrorIs(t, err, status.Denied)
	assert.Empty(t, text)
}
