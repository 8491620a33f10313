package object_test

import (
	"context"
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/object"
)

// kept is what programs may keep of a call for as long as they like.
type kept struct {
	request, reply []byte // within the payloads of messages
	calls          []*binder.IncomingCall
	released, held binder.Reply
}

// keepAll makes a call of a payload of n bytes between two processes, closes them, and returns what outlives them.
func keepAll(t *testing.T, n int) (k *kept, ended []weak.Pointer[object.Transport]) {
	k = new(kept)
	path, ctx := brokertest.Start(t), t.Context()
	open := func() *binder.Process {
		tr, err := object.Dial(context.Background(), path, t.Name())
		require.NoError(t, err)
		ended = append(ended, weak.Make(tr))
		return binder.NewProcess(tr)
	}
	server, client := open(), open()
	handled := make(chan struct{}, 3)
	node := server.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
		c.Keep()
		k.calls, k.request = append(k.calls, c), c.Payload[:1:1]
		handled <- struct{}{}
		c.Reply.Payload, c.Reply.Encoding = c.Payload, c.Encoding
		return nil
	}))
	require.NoError(t, server.BecomeContextManager(ctx, node))
	h, err := client.ContextManager(ctx)
	require.NoError(t, err)
	call := binder.Transaction{Code: 1, Data: binder.Data{Payload: make([]byte, n), Encoding: binder.Protobuf}}
	call.Flags = binder.Oneway
	require.NoError(t, h.Transact(ctx, &call, nil))
	<-handled
	call.Flags = 0
	require.NoError(t, h.Transact(ctx, &call, &k.released))
	k.released.Keep()
	k.reply = k.released.Payload[:1:1]
	k.released.Release()
	require.NoError(t, h.Transact(ctx, &call, &k.held))
	h.Release()
	require.NoError(t, client.Close())
	require.NoError(t, server.Close())
	return k, ended
}

// Messages, and what a handler was given, outlive the connection; its tables and all that they hold do not.
func TestWhatIsKeptOfACallDoesNotKeepItsClosedProcess(t *testing.T) {
	for _, size := range []int{100, 1 << 20, 3 << 20} {
		k, ended := keepAll(t, size)
		for i := range ended {
			require.Eventually(t, func() bool {
				runtime.GC()
				return ended[i].Value() == nil
			}, time.Minute, time.Millisecond, "%s of %d bytes", []string{"server", "client"}[i], size)
		}
		k.held.Release()
	}
}
