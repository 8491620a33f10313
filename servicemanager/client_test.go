package servicemanager_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/status"
	"ubinder/servicemanager"
)

func callOnce(t *testing.T, o binder.Object) (string, error) {
	t.Helper()
	require.NotNil(t, o)
	defer binder.Release(o)
	out, err := binder.Call(ctxOf(t), o, 1, nil)
	return string(out), err
}

func TestAddService(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		server, user := b.client(t), b.client(t)
		require.NoError(t, server.AddService(ctxOf(t), "foo", echo(server, "one")))
		require.Equal(t, "one", answerOf(t, user, "foo"))
		require.Equal(t, "one", answerOf(t, server, "foo"), "in its own process")
	})
}

func TestAddServiceNames(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		c := b.client(t)
		for name, good := range map[string]bool{
			"":                        false,
			strings.Repeat("a", 127):  true,
			strings.Repeat("a", 128):  false,
			"happy$foo$foo":           false,
			"with space":              false,
			"nul\x00":                 false,
			"über":                    false,
			"aZ09_./-":                true,
			"android.hw.IFoo/default": true,
		} {
			err := c.AddService(ctxOf(t), name, echo(c, "x"))
			if good {
				require.NoError(t, err, name)
			} else {
				require.ErrorIs(t, err, status.BadValue, name)
			}
		}
	})
}

func TestAddServiceNull(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		require.ErrorIs(t, b.client(t).AddService(ctxOf(t), "foo", nil), status.BadValue)
	})
}

func TestAddServiceOverwrite(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		one, two := b.client(t), b.client(t)
		require.NoError(t, one.AddService(ctxOf(t), "foo", echo(one, "first")))
		require.NoError(t, one.AddService(ctxOf(t), "foo", echo(one, "again")))
		require.Equal(t, "again", answerOf(t, two, "foo"))
		require.NoError(t, two.AddService(ctxOf(t), "foo", echo(two, "other")))
		require.Equal(t, "other", answerOf(t, one, "foo"))
	})
}

func TestDeathOfReplacedServiceChangesNothing(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		one, two, other := b.client(t), b.client(t), b.client(t)
		require.NoError(t, one.AddService(ctxOf(t), "foo", echo(one, "first")))
		require.NoError(t, one.AddService(ctxOf(t), "bar", echo(one, "bar")))
		require.NoError(t, two.AddService(ctxOf(t), "foo", echo(two, "second")))
		bar := watch(t, other, "bar")
		bar.requireAdded(t)
		require.NoError(t, one.Process().Close())
		bar.requireRemoved(t)
		require.Equal(t, "second", answerOf(t, other, "foo"))
	})
}

func TestAddServicePriority(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		c := b.client(t)
		err := c.AddServiceWith(ctxOf(t), "foo", echo(c, ""), servicemanager.WithDumpPriority(64))
		require.ErrorIs(t, err, status.BadValue)
	})
}

func TestRemoveService(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		owner, other := b.client(t), b.client(t)
		require.ErrorIs(t, owner.RemoveService(ctxOf(t), "foo"), status.UnknownTarget)
		require.NoError(t, owner.AddService(ctxOf(t), "foo", echo(owner, "")))
		require.ErrorIs(t, other.RemoveService(ctxOf(t), "foo"), status.Denied)
		seen := watch(t, other, "foo")
		seen.requireAdded(t)
		require.NoError(t, owner.RemoveService(ctxOf(t), "foo"))
		seen.requireRemoved(t)
	})
}

func TestGetService(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		c := b.client(t)
		require.NoError(t, c.AddService(ctxOf(t), "foo", echo(c, "x")))
		o, err := c.GetService(ctxOf(t), "foo")
		require.NoError(t, err)
		requireAnswer(t, o, "x")
		o, err = c.GetService(ctxOf(t), "missing")
		require.NoError(t, err)
		require.Nil(t, o)
		_, err = c.CheckService(ctxOf(t), "")
		require.ErrorIs(t, err, status.BadValue)
	})
}

func TestListServices(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		c := b.client(t)
		for name, p := range map[string]servicemanager.DumpPriority{
			"sd": servicemanager.DumpDefault, "sc": servicemanager.DumpCritical,
			"sh": servicemanager.DumpHigh, "sn": servicemanager.DumpNormal,
			"sx": servicemanager.DumpHigh | servicemanager.DumpNormal,
		} {
			require.NoError(t, c.AddServiceWith(ctxOf(t), name, echo(c, ""), servicemanager.WithDumpPriority(p)))
		}
		require.NoError(t, c.AddService(ctxOf(t), "s", echo(c, "")))
		for mask, want := range map[servicemanager.DumpPriority][]string{
			servicemanager.DumpAll:      {"s", "sc", "sd", "sh", "sn", "sx"},
			servicemanager.DumpCritical: {"sc"},
			servicemanager.DumpNormal:   {"sn", "sx"},
			servicemanager.DumpDefault:  {"s", "sd"},
			0:                           nil,
		} {
			got, err := c.ListServices(ctxOf(t), mask)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	})
}

func TestIsDeclared(t *testing.T) {
	b := startBus(t, "inproc:"+t.Name(), servicemanager.Config{Declared: []string{"foo"}})
	c := b.client(t)
	for name, want := range map[string]bool{"foo": true, "bar": false} {
		got, err := c.IsDeclared(ctxOf(t), name)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestOnlyOneServiceManager(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		_, err := servicemanager.Start(ctxOf(t), open(t, b.address), servicemanager.Config{})
		require.ErrorIs(t, err, status.Denied)
	})
}

func TestConnectWithoutServiceManager(t *testing.T) {
	for _, address := range []string{"inproc:" + t.Name(), brokertest.Start(t)} {
		_, err := servicemanager.Connect(ctxOf(t), open(t, address))
		require.ErrorIs(t, err, status.UnknownTarget)
	}
}

func TestWaitService(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		server, user := b.client(t), b.client(t)
		require.NoError(t, server.AddService(ctxOf(t), "there", echo(server, "there")))
		requireAnswer(t, <-wait(t, user, "there"), "there")
		late := wait(t, user, "late")
		require.NoError(t, server.AddService(ctxOf(t), "late", echo(server, "late")))
		requireAnswer(t, <-late, "late")
		own := wait(t, user, "own")
		node := echo(user, "own")
		require.NoError(t, user.AddService(ctxOf(t), "own", node))
		require.Same(t, node, <-own, "a service of this process is the node itself")
	})
}

// wait looks a service up on a goroutine of its own.
func wait(t *testing.T, c *servicemanager.Client, name string) <-chan binder.Object {
	got := make(chan binder.Object, 1)
	go func() {
		o, err := c.WaitService(ctxOf(t), name)
		if err != nil {
			t.Errorf("waiting for %s: %v", name, err)
		}
		got <- o
	}()
	return got
}

func TestWaitServiceRacesAdd(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		server, user := b.client(t), b.client(t)
		for i := range 100 {
			name := fmt.Sprint("s", i)
			got := wait(t, user, name)
			require.NoError(t, server.AddService(ctxOf(t), name, echo(server, name)))
			requireAnswer(t, <-got, name)
		}
	})
}

func TestWaitServiceEnds(t *testing.T) {
	onBothBuses(t, func(t *testing.T, b *testBus) {
		c := b.client(t)
		ctx, cancel := context.WithCancel(ctxOf(t))
		failed := make(chan error, 1)
		go func() {
			_, err := c.WaitService(ctx, "never")
			failed <- err
		}()
		cancel()
		require.ErrorIs(t, <-failed, status.Cancelled)
	})
}
