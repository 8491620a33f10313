package object_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/object"
)

// slowServer is a bus with a service whose handler answers when it is told to.
func slowServer(t *testing.T) (path string, answer chan<- struct{}) {
	path = brokertest.Start(t)
	told := make(chan struct{})
	serveRoot(t, path, func(ctx context.Context, c *binder.IncomingCall) error {
		select {
		case <-told:
		case <-ctx.Done():
		}
		return nil
	})
	return path, told
}

// TestACallThatLastsSleepsForGood: its thread naps first, and then lets go of the scheduler's processor. A garbage
// collection need not wait for either, nor who cancels the call.
func TestACallThatLastsSleepsForGood(t *testing.T) {
	if runtime.GOMAXPROCS(0) == 1 {
		t.Skip("the only processor is never kept by who waits")
	}
	path, answer := slowServer(t)
	client := dial(t, path)
	h, err := client.ContextManager(t.Context())
	require.NoError(t, err)
	for _, cancelled := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := binder.Call(ctx, h, 1, nil)
			done <- err
		}()
		require.Eventually(t, func() bool { return object.Napping() == 1 }, killPatience, time.Millisecond)
		runtime.GC()
		if cancelled {
			cancel()
			require.ErrorIs(t, <-done, context.Canceled)
			require.Zero(t, object.Napping())
			continue
		}
		require.Eventually(t, func() bool { return object.Napping() == 0 }, killPatience, time.Millisecond)
		runtime.GC()
		answer <- struct{}{}
		require.NoError(t, <-done)
		cancel()
	}
}

// TestNobodyNapsOnTheOnlyProcessor: a program may be left with one when it has run for a while. The service has to run on it too:
// it would wait for the end of a nap with each call.
func TestNobodyNapsOnTheOnlyProcessor(t *testing.T) {
	if runtime.GOMAXPROCS(0) == 1 {
		t.Skip("the only processor is never kept by who waits")
	}
	path := brokertest.Start(t)
	server := dial(t, path)
	echo := binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error { return nil })
	require.NoError(t, server.BecomeContextManager(t.Context(), server.NewNode(echo)))
	transport, err := object.Dial(t.Context(), path, "client")
	require.NoError(t, err)
	client := binder.NewProcess(transport)
	defer client.Close()
	h, err := client.ContextManager(t.Context())
	require.NoError(t, err)
	call := func() {
		_, err := binder.Call(t.Context(), h, 1, nil)
		require.NoError(t, err)
	}
	all := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(all)
	require.Eventually(t, func() bool { call(); return transport.MostNaps() == 0 }, killPatience, time.Nanosecond)
	runtime.GOMAXPROCS(all)
	require.Eventually(t, func() bool { call(); return transport.MostNaps() == all-1 }, killPatience, time.Nanosecond)
}

// TestALooperNapsWhereCallsComeNowAndThen: it sleeps for good when no more come. A collection need not wait for either,
// nor who closes the process.
func TestALooperNapsWhereCallsComeNowAndThen(t *testing.T) {
	needsProcessors(t)
	path := brokertest.Start(t)
	server := serveRoot(t, path, echo)
	client, tr := dialTransport(t, path)
	tr.NeverNap()
	h := rootOf(t, client)
	napping := func() bool { return object.Napping() == 1 }
	come := func() {
		for !napping() {
			call(t, h)
			time.Sleep(time.Millisecond / 2)
		}
	}
	come()
	runtime.GC()
	require.Eventually(t, func() bool { return !napping() }, killPatience, time.Millisecond)
	runtime.GC()
	come()
	require.NoError(t, server.Close())
	require.Zero(t, object.Napping())
}

func TestNobodyNapsWhereNobodyIsInterrupted(t *testing.T) {
	for _, off := range []string{"1", "2"} { // as Go takes it
		t.Setenv("GODEBUG", "gctrace=0,asyncpreemptoff="+off)
		transport, err := object.Dial(t.Context(), brokertest.Start(t), "client")
		require.NoError(t, err)
		require.Zero(t, transport.MostNaps())
		require.NoError(t, transport.Close())
	}
}
