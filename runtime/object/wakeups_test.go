package object_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/binder/transporttest"
	"ubinder/runtime/broker/brokertest"
)

// Both ends are in this process, so both are counted.
func TestABlockingCallTakesTwoWakeUps(t *testing.T) {
	path := brokertest.Start(t)
	var server *binder.Process
	p := transporttest.NewStage(t, transporttest.Domain{
		Open: func() *binder.Process { return dial(t, path) },
		Start: func() func() {
			server = dial(t, path)
			require.NoError(t, transporttest.Serve(server))
			return func() {}
		},
	}).Puppet()
	client := p.Handle.Process()
	call := binder.Transaction{Code: transporttest.Echo, Data: binder.Data{Payload: make([]byte, 128)}}
	echo := func(n int) {
		var r binder.Reply
		for range n {
			require.NoError(t, p.Transact(context.Background(), &call, &r))
			r.Release()
		}
	}
	echo(10) // loopers start, and the lane moves from the poller to them
	const calls = 2000
	before := client.Wakeups().Sum() + server.Wakeups().Sum()
	echo(calls)
	woken := client.Wakeups().Sum() + server.Wakeups().Sum() - before
	// A few more where a looper starts, or an idle one is woken to look again.
	assert.LessOrEqual(t, woken, uint64(2*calls+calls/20))
	for _, w := range []binder.Wakeups{client.Wakeups(), server.Wakeups()} {
		t.Logf("%+v", w)
		assert.Positive(t, w.PollSleeps, "the lane's goroutine waits in the poller")
	}
}
