package servicemanager_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
	"ubinder/servicemanager"
	"ubinder/servicemanager/smpb"
)

// strict forbids by name, and isolates one process.
type strict struct {
	mayList  bool
	isolated binder.ProcessID
}

var errSecret = errors.New("it is secret")

func (strict) Add(_ *binder.Identity, name string) error  { return forbid(name == "no-add") }
func (strict) Find(_ *binder.Identity, name string) error { return forbid(name == "no-find") }
func (s strict) List(*binder.Identity) error              { return forbid(!s.mayList) }
func (s *strict) Isolated(id *binder.Identity) bool       { return id.Process == s.isolated }

func forbid(is bool) error {
	if is {
		return errSecret
	}
	return nil
}

func TestPolicy(t *testing.T) {
	b := startBus(t, "inproc:"+t.Name(), servicemanager.Config{Policy: new(strict)})
	c := b.client(t)
	none := func(string, binder.Object) {}
	denied := func(err error) { t.Helper(); require.ErrorIs(t, err, status.Denied) }
	denied(c.AddService(ctxOf(t), "no-add", echo(c, "")))
	require.NoError(t, c.AddService(ctxOf(t), "no-find", echo(c, "")))
	_, err := c.GetService(ctxOf(t), "no-find")
	denied(err)
	_, err = c.WaitService(ctxOf(t), "no-find")
	denied(err)
	_, err = c.IsDeclared(ctxOf(t), "no-find")
	denied(err)
	_, err = c.RegisterForNotifications(ctxOf(t), "no-find", none)
	denied(err)
	_, err = c.ListServices(ctxOf(t), servicemanager.DumpAll)
	denied(err)
	_, err = c.Services(ctxOf(t))
	denied(err)
}

func TestIsolatedProcessesFindWhatAllowsThem(t *testing.T) {
	address := "inproc:" + t.Name()
	process := open(t, address)
	b := startBus(t, address, servicemanager.Config{Policy: &strict{isolated: process.ID()}})
	server := b.client(t)
	isolated, err := servicemanager.Connect(ctxOf(t), process)
	require.NoError(t, err)
	seen := watch(t, isolated, "foo")

	require.NoError(t, server.AddService(ctxOf(t), "foo", echo(server, "hidden")))
	o, err := isolated.GetService(ctxOf(t), "foo")
	require.NoError(t, err)
	require.Nil(t, o)
	require.NoError(t, server.AddServiceWith(ctxOf(t), "foo", echo(server, "open"), servicemanager.AllowIsolated))
	o, err = isolated.GetService(ctxOf(t), "foo")
	require.NoError(t, err)
	requireAnswer(t, o, "open")
	requireAnswer(t, seen.requireAdded(t), "open")
	require.NoError(t, server.AddService(ctxOf(t), "foo", echo(server, "hidden again")))
	seen.requireRemoved(t)
	require.NoError(t, server.RemoveService(ctxOf(t), "foo"))
	require.Empty(t, seen.events)
}

// A client that reads nothing must hold up nobody: what it is told waits in a queue of its own.
func TestWatcherThatDoesNotReadHoldsUpNobody(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		server, deaf, user := b.client(t), b.client(t), b.client(t)
		release := make(chan struct{})
		t.Cleanup(func() { close(release) })
		_, err := deaf.RegisterForNotifications(ctxOf(t), "foo", func(string, binder.Object) { <-release })
		require.NoError(t, err)
		for range 2000 {
			require.NoError(t, server.AddService(ctxOf(t), "foo", echo(server, "x")))
		}
		require.NoError(t, server.AddService(ctxOf(t), "foo", echo(server, "last")))
		require.Equal(t, "last", answerOf(t, user, "foo"))
	})
}

// A callback whose process has died is forgotten: unregistering it by somebody else finds nothing.
func TestDeadWatcherIsForgotten(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		server, dying := b.client(t), b.client(t)
		watch(t, dying, "foo")
		require.NoError(t, dying.Process().Close())
		require.NoError(t, server.AddService(ctxOf(t), "foo", echo(server, "x")))
		requireAnswer(t, watch(t, server, "foo").requireAdded(t), "x")
	})
}

// An object that a third process passes on, and that is not its own, serves as a callback as well.
func TestCallbackOfAnotherProcess(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		owner, registrar, server := b.client(t), b.client(t), b.client(t)
		told := make(chan string, 1)
		node, err := smpb.ExportServiceCallback(owner.Process(), &callback{told: told})
		require.NoError(t, err)
		require.NoError(t, owner.AddService(ctxOf(t), "callback", node))
		o, err := registrar.CheckService(ctxOf(t), "callback")
		require.NoError(t, err)
		h, err := registrar.Process().ContextManager(ctxOf(t))
		require.NoError(t, err)
		defer h.Release()
		m := smpb.NewServiceManagerClient(h)
		require.NoError(t, m.RegisterForNotifications(ctxOf(t), &smpb.RegisterForNotificationsRequest{Name: "foo"}, smpb.AsServiceCallback(o)))
		require.NoError(t, server.AddService(ctxOf(t), "foo", echo(server, "")))
		require.Equal(t, "foo", <-told)
	})
}
