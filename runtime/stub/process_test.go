package stub

import (
	"context"
	"os"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/binder/transporttest"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/connect"
	"ubinder/runtime/status"
)

// lonely is the transport of a process that is alone: calls on its own nodes do not need one.
type lonely struct{ binder.Transport }

func (lonely) Start(*binder.Process)  {}
func (lonely) Self() *binder.Identity { return &binder.Identity{Process: 1} }

func newProcess() *binder.Process { return binder.NewProcess(lonely{}) }

// busOfService makes this program the process behind handle 0 on the bus of that path.
const busOfService = "STUB_TEST_BUS"

func TestMain(m *testing.M) {
	if path := os.Getenv(busOfService); path != "" {
		serveBus(path, filesInterface)
	}
	if path := os.Getenv(busOfSecrets); path != "" {
		serveBus(path, secretInterface)
	}
	if path := os.Getenv(busOfConfider); path != "" {
		confide(path)
	}
	if path := os.Getenv(busOfBlobs); path != "" {
		serveBlobs(path)
	}
	os.Exit(m.Run())
}

// serveBus is the service's process. Its garbage collector closes no files. It is ended from outside.
func serveBus(path string, i *Interface) {
	debug.SetGCPercent(-1)
	ctx := context.Background()
	p, err := connect.Open(ctx, path)
	if err == nil {
		err = p.BecomeContextManager(ctx, p.NewNode(&server{iface: i}))
	}
	if err != nil {
		panic(err)
	}
	select {}
}

// openBus starts a bus and the service in a process of its own, and connects this one; the handle is the
// service's.
func openBus(t *testing.T) *binder.Handle { return openService(t, busOfService) }

// openService is openBus for the service whose variable is given, and others for its process.
func openService(t *testing.T, service string, env ...string) *binder.Handle {
	path := brokertest.Start(t)
	transporttest.Fork(t, append(env, service+"="+path)...)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p, err := connect.Open(ctx, path)
	require.NoError(t, err)
	t.Cleanup(func() { p.Close() })
	h, err := p.ContextManager(ctx)
	for status.CodeOf(err) == status.UnknownTarget {
		h, err = p.ContextManager(ctx)
	}
	require.NoError(t, err)
	t.Cleanup(h.Release)
	return h
}
