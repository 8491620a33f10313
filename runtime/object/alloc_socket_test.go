package object_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/binder/transporttest"
)

func TestACallThatWaitsForTheSocketAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector has sync.Pool forget on purpose")
	}
	p := transporttest.NewStage(t, socketLaneDomain(t)).Puppet()
	call := binder.Transaction{Code: transporttest.Echo, Data: binder.Data{Payload: make([]byte, 128)}}
	var r binder.Reply
	n := testing.AllocsPerRun(2000, func() {
		require.NoError(t, p.Transact(context.Background(), &call, &r))
		r.Release()
	})
	require.Zero(t, n)
}
