package object_test

import (
	"context"
	"os"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/binder/transporttest"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/bus"
	"ubinder/runtime/object"
)

const (
	puppetBus   = "UBINDER_TEST_PUPPET_BUS"
	puppetSpins = "UBINDER_TEST_PUPPET_SPINS"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(puppetBus); path != "" {
		puppetMain(path)
		return
	}
	if role := killRoles[os.Getenv(killRole)]; role != nil {
		os.Exit(role(os.Getenv(killBus)))
	}
	code := m.Run()
	os.RemoveAll(killableDir)
	os.Exit(code)
}

// puppetMain is a started process: it serves until it is killed.
func puppetMain(path string) {
	setLargestInSlot()
	t, err := object.Dial(context.Background(), path, "puppet")
	if err == nil {
		if os.Getenv(puppetSpins) != "" {
			t.SpinAlways(testSpin)
		}
		err = transporttest.Serve(binder.NewProcess(t))
	}
	if err != nil {
		panic(err)
	}
	select {}
}

// openHub connects to a bus inside this process.
func openHub(t testing.TB, hub *bus.Hub) *binder.Process { return openHubAs(t, hub, bus.Peer{}) }

func openHubAs(t testing.TB, hub *bus.Hub, self bus.Peer, options ...binder.ProcessOption) *binder.Process {
	tr, err := object.Join(hub, self)
	require.NoError(t, err)
	p := binder.NewProcess(tr, options...)
	t.Cleanup(func() { p.Close() })
	return p
}

func hubDomain(t testing.TB) transporttest.Domain {
	hub := bus.NewHub()
	return transporttest.Domain{
		Open: func() *binder.Process { return openHub(t, hub) },
		Start: func() func() {
			p := openHub(t, hub)
			require.NoError(t, transporttest.Serve(p))
			return func() { p.Close() }
		},
	}
}

func dial(t testing.TB, path string) *binder.Process {
	p, _ := dialTransport(t, path)
	return p
}

func dialTransport(t testing.TB, path string) (*binder.Process, *object.Transport) {
	tr, err := object.Dial(context.Background(), path, t.Name())
	require.NoError(t, err)
	p := binder.NewProcess(tr)
	t.Cleanup(func() { p.Close() })
	return p, tr
}

// laneDomain has several connections of one OS process: real lanes, one race detector.
func laneDomain(t testing.TB) transporttest.Domain {
	path := brokertest.Start(t)
	return transporttest.Domain{
		Open: func() *binder.Process { return dial(t, path) },
		Start: func() func() {
			p := dial(t, path)
			require.NoError(t, transporttest.Serve(p))
			return func() { p.Close() }
		},
	}
}

// forkDomain has OS processes, which are killed.
func forkDomain(t testing.TB) transporttest.Domain { return forkDomainAt(t, brokertest.Start(t)) }

func forkDomainAt(t testing.TB, path string) transporttest.Domain {
	return transporttest.Domain{
		Forks: true,
		Open:  func() *binder.Process { return dial(t, path) },
		Start: func() func() { return transporttest.Fork(t, puppetBus+"="+path) },
	}
}

func TestTransport(t *testing.T) {
	t.Run("hub", func(t *testing.T) { transporttest.Run(t, hubDomain) })
	t.Run("synctest", func(t *testing.T) {
		for _, c := range transporttest.Cases() {
			t.Run(c.Name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { c.Play(t, hubDomain) })
			})
		}
	})
	t.Run("lanes", func(t *testing.T) { transporttest.Run(t, laneDomain) })
	t.Run("processes", func(t *testing.T) { transporttest.Run(t, forkDomain) })
	t.Run("lanes, spinning", func(t *testing.T) { transporttest.Run(t, spinningLaneDomain) })
	t.Run("processes, spinning", func(t *testing.T) { transporttest.Run(t, spinningForkDomain) })
}
