package stub

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

func double(_ context.Context, _ any, c *Incoming) error {
	in := new(wrapperspb.Int64Value)
	if err := c.Decode(in); err != nil {
		return err
	}
	c.Reply(wrapperspb.Int64(2 * in.Value))
	return nil
}

func serve(t *testing.T, methods ...Method) Client {
	i := NewInterface("test.Counter", 3, "hash")
	i.Define(ClientOf[counterClient], methods...)
	n, err := Export(newProcess(), i, &counter{})
	require.NoError(t, err)
	return NewClient(n, i)
}

func TestCall(t *testing.T) {
	c := serve(t, Method{Name: "Double", Code: 1, Handle: double}, Method{Name: "Far", Code: 0xffff9b, Handle: double})
	for _, code := range []uint32{1, 0xffff9b, 1} {
		out := new(wrapperspb.Int64Value)
		require.NoError(t, Call(context.Background(), c, code, wrapperspb.Int64(21), out, nil))
		assert.Equal(t, int64(42), out.Value)
	}
	assert.Len(t, c.iface.Methods(), 2)
	assert.Equal(t, "test.Counter", c.iface.Descriptor())
}

func TestUnknownMethod(t *testing.T) {
	c := serve(t, Method{Name: "Third", Code: 3, Handle: double}, Method{Name: "Far", Code: 0x1000, Handle: double})
	for _, code := range []uint32{0, 1, 2, 4, 0xfff, 0x1001, 0xffffffff} {
		assert.ErrorIs(t, Call(context.Background(), c, code, nil, nil, nil), status.UnknownMethod)
	}
	assert.ErrorIs(t, Unimplemented("test.Counter", "Third"), status.UnknownMethod)
}

func TestAnotherInterface(t *testing.T) {
	c := serve(t, Method{Name: "Double", Code: 1, Handle: double})
	other := NewClient(c.Object(), NewInterface("test.Other", 3, "hash"))
	assert.ErrorIs(t, Call(context.Background(), other, 1, nil, nil, nil), status.UnknownMethod)
}

func TestOnewayMustAgree(t *testing.T) {
	c := serve(t, Method{Name: "Double", Code: 1, Handle: double}, Method{Name: "Tell", Code: 2, Oneway: true, Handle: double})
	assert.ErrorIs(t, Call(context.Background(), c, 2, nil, nil, nil), status.BadValue)
	err := c.object.(*binder.Node).Handler().Transact(context.Background(), &binder.IncomingCall{Code: 1, Flags: binder.Oneway})
	assert.ErrorIs(t, err, status.BadValue)
}

func TestPayloadsThatAreNotTheMessage(t *testing.T) {
	c := serve(t,
		Method{Name: "Double", Code: 1, Handle: double},
		Method{Name: "Raw", Code: 2, Handle: func(_ context.Context, _ any, c *Incoming) error {
			c.call.Reply.Payload = []byte("raw")
			return nil
		}},
		Method{Name: "Empty", Code: 3, Handle: func(_ context.Context, _ any, c *Incoming) error { return c.Decode(nil) }},
	)
	for name, data := range map[string]binder.Data{
		"another encoding": {Encoding: binder.Parcel},
		"no message":       {Encoding: binder.Protobuf, Payload: []byte{0xff}},
	} {
		err := c.object.Transact(context.Background(), &binder.Transaction{Code: 1, Data: data}, new(binder.Reply))
		assert.ErrorIs(t, err, status.Encoding, name)
	}
	err := c.object.Transact(context.Background(), &binder.Transaction{Code: 3}, new(binder.Reply))
	assert.ErrorIs(t, err, status.Encoding, "a request that carries nothing has an encoding too")
	assert.ErrorIs(t, Call(context.Background(), c, 2, nil, wrapperspb.Int64(0), nil), status.Encoding)
	assert.ErrorIs(t, Call(context.Background(), c, 2, nil, nil, nil), status.Encoding)
}

func TestDefineRefusesTwoMethodsWithOneCode(t *testing.T) {
	assert.Panics(t, func() {
		NewInterface("test.Counter", 3, "hash").Define(nil, Method{Name: "A", Code: 1}, Method{Name: "B", Code: 1})
	})
}

func TestDefineRefusesReservedCodes(t *testing.T) {
	for _, code := range []uint32{0, binder.LastCode + 1, binder.InterfaceVersionTransaction, binder.PingTransaction} {
		assert.Panics(t, func() { newInterface().Define(nil, Method{Name: "A", Code: code}) }, "%#x", code)
	}
}

// A reply with a nil message is an empty one: a method may return nil, nil.
func TestNilReply(t *testing.T) {
	c := serve(t, Method{Name: "Nil", Code: 1, Handle: func(_ context.Context, _ any, c *Incoming) error {
		c.Reply((*wrapperspb.Int64Value)(nil))
		return nil
	}})
	out := new(wrapperspb.Int64Value)
	require.NoError(t, Call(context.Background(), c, 1, (*wrapperspb.Int64Value)(nil), out, nil))
	assert.Zero(t, out.Value)
}

func TestFilesOfAReplyAreGivenAway(t *testing.T) {
	f, err := os.Open(os.DevNull)
	require.NoError(t, err)
	i := NewInterface("test.Counter", 3, "hash")
	i.Define(nil, Method{Name: "Open", Code: 1, Handle: func(_ context.Context, _ any, c *Incoming) error {
		c.PutFile(1, f)
		c.Reply(nil)
		return nil
	}})
	n, err := Export(newProcess(), i, &counter{})
	require.NoError(t, err)
	call := &binder.IncomingCall{Code: 1, Target: n}
	require.NoError(t, n.Handler().Transact(context.Background(), call))
	require.Len(t, call.Reply.Attachments, 1)
	_, err = f.Stat()
	require.NoError(t, err, "the transport has not sent it yet")
	call.Done()
	_, err = f.Stat()
	assert.ErrorIs(t, err, os.ErrClosed)
}
