package servicemanager_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ubinder/runtime/binder"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/connect"
	"ubinder/servicemanager"
)

// TestMain runs the service process of these tests when it is started as one.
func TestMain(m *testing.M) {
	if name := os.Getenv(serviceProcess); name != "" {
		os.Exit(runServiceProcess(name))
	}
	goleak.VerifyTestMain(m)
}

// onBothBuses runs a test on a bus inside this program and over a broker's.
func onBothBuses(t *testing.T, test func(t *testing.T, b *testBus)) {
	t.Run("inproc", func(t *testing.T) {
		test(t, startBus(t, "inproc:"+t.Name(), servicemanager.Config{}))
	})
	t.Run("broker", func(t *testing.T) {
		test(t, startBus(t, brokertest.Start(t), servicemanager.Config{}))
	})
}

// testBus is a bus with a service manager.
type testBus struct {
	address string
	process *binder.Process // the service manager's
}

func startBus(t *testing.T, address string, c servicemanager.Config) *testBus {
	b := &testBus{address: address}
	b.startManager(t, c)
	return b
}

func (b *testBus) startManager(t *testing.T, c servicemanager.Config) {
	c.Log = t.Logf
	b.process = open(t, b.address)
	s, err := servicemanager.Start(ctxOf(t), b.process, c)
	require.NoError(t, err)
	t.Cleanup(s.Close)
}

func open(t *testing.T, address string) *binder.Process {
	p, err := connect.Open(ctxOf(t), address)
	require.NoError(t, err)
	t.Cleanup(func() { p.Close() })
	return p
}

// client makes a process of its own on the bus.
func (b *testBus) client(t *testing.T) *servicemanager.Client {
	c, err := servicemanager.Connect(ctxOf(t), open(t, b.address))
	require.NoError(t, err)
	t.Cleanup(c.Release)
	return c
}

// ctxOf bounds what would otherwise hang.
func ctxOf(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// echo makes a node that answers with its word.
func echo(c *servicemanager.Client, word string) *binder.Node {
	return c.Process().NewNode(binder.HandlerFunc(func(_ context.Context, in *binder.IncomingCall) error {
		in.Reply.Payload = []byte(word)
		return nil
	}))
}

func requireAnswer(t *testing.T, o binder.Object, word string) {
	t.Helper()
	require.NotNil(t, o)
	out, err := binder.Call(ctxOf(t), o, 1, nil)
	require.NoError(t, err)
	require.Equal(t, word, string(out))
}
