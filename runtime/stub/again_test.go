package stub

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"ubinder/runtime/binder"
	"ubinder/runtime/connect"
	"ubinder/runtime/status"
)

// An interceptor may make a call again that has failed: it sends the same.
func TestACallIsMadeAgain(t *testing.T) {
	ctx := t.Context()
	open := func(options ...binder.ProcessOption) *binder.Process {
		p, err := connect.Open(ctx, "inproc:"+t.Name(), options...)
		require.NoError(t, err)
		t.Cleanup(func() { p.Close() })
		return p
	}
	echo, tries := NewInterface("stub.test.Echo", 1, ""), 0
	echo.Define(ClientOf[counterClient], Method{Name: "echo", Code: 1, Handle: func(_ context.Context, _ any, c *Incoming) error {
		if tries++; tries == 1 {
			return status.Errorf(status.Full, "come again")
		}
		in := new(wrapperspb.StringValue)
		if err := c.Decode(in); err != nil {
			return err
		}
		c.Reply(in)
		return nil
	}})
	server := open()
	require.NoError(t, server.BecomeContextManager(ctx, server.NewNode(newServer(echo))))
	again := binder.WithClientInterceptors(func(next binder.Invoker) binder.Invoker {
		return func(ctx context.Context, o *binder.Handle, tr *binder.Transaction, r *binder.Reply) error {
			err := next(ctx, o, tr, r)
			if err != nil {
				err = next(ctx, o, tr, r)
			}
			return err
		}
	})
	h, err := open(again).ContextManager(ctx)
	require.NoError(t, err)
	out := new(wrapperspb.StringValue)
	require.NoError(t, Call(ctx, NewClient(h, echo), 1, wrapperspb.String("text"), out, nil))
	require.Equal(t, "text", out.Value)
	require.Equal(t, 2, tries)
}
