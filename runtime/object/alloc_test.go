package object_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/binder/transporttest"
	"ubinder/runtime/broker/brokertest"
)

// Both ends are in this process, so both are counted.
func TestARawCallAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector has sync.Pool forget on purpose")
	}
	p := transporttest.NewStage(t, laneDomain(t)).Puppet()
	call := binder.Transaction{Code: transporttest.Echo, Data: binder.Data{Payload: make([]byte, 128)}}
	var r binder.Reply
	n := testing.AllocsPerRun(2000, func() {
		require.NoError(t, p.Transact(context.Background(), &call, &r))
		r.Release()
	})
	require.Zero(t, n)
}

// A handler's context is not used again, but 16 are made at once.
func TestARawOnewayCallAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector has sync.Pool forget on purpose")
	}
	path := brokertest.Start(t)
	handled := make(chan struct{}, 1)
	serveRoot(t, path, func(context.Context, *binder.IncomingCall) error {
		handled <- struct{}{}
		return nil
	})
	h := rootOf(t, dial(t, path))
	call := binder.Transaction{Code: 1, Flags: binder.Oneway, Data: binder.Data{Payload: make([]byte, 128)}}
	for name, burst := range map[string]int{"one by one": 1, "bursts": 50} {
		n := testing.AllocsPerRun(2000, func() {
			for range burst {
				require.NoError(t, h.Transact(context.Background(), &call, nil))
			}
			for range burst {
				<-handled
			}
		})
		require.Less(t, n, float64(burst)/8, name)
	}
}
