package object_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/object"
)

func join(t *testing.T, hub *bus.Hub) *binder.Process {
	tr, err := object.Join(hub, bus.Peer{})
	require.NoError(t, err)
	p := binder.NewProcess(tr)
	t.Cleanup(func() { p.Close() })
	return p
}

func TestEchoInOneProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := bus.NewHub()
		ctx := context.Background()
		server, client := join(t, hub), join(t, hub)
		echo := server.NewNode(binder.HandlerFunc(func(ctx context.Context, c *binder.IncomingCall) error {
			c.Reply.Payload = c.Payload
			return nil
		}))
		require.NoError(t, server.BecomeContextManager(ctx, echo))
		h, err := client.ContextManager(ctx)
		require.NoError(t, err)
		for range 10 {
			out, err := binder.Call(ctx, h, 1, []byte("hello"))
			require.NoError(t, err)
			require.Equal(t, "hello", string(out))
		}
	})
}
