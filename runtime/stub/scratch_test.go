package stub

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"ubinder/runtime/binder"
	"ubinder/runtime/connect"
)

// bothKinds is a service of AIDL whose method 1 answers a text and a file with these, and 2 with a service
// of protobuf, whose method 1 does the same.
func bothKinds(t *testing.T) (aidl, proto Client) {
	ctx := t.Context()
	open := func() *binder.Process {
		p, err := connect.Open(ctx, "inproc:"+t.Name())
		require.NoError(t, err)
		t.Cleanup(func() { p.Close() })
		return p
	}
	echo := NewInterface("stub.test.Echo", 1, "")
	echo.Define(ClientOf[counterClient], Method{Name: "echo", Code: 1, Handle: func(_ context.Context, _ any, c *Incoming) error {
		in := new(wrapperspb.StringValue)
		if err := c.Decode(in); err != nil {
			return err
		}
		c.PutFile(2, c.TakeFile(2))
		c.Reply(in)
		return nil
	}})
	server := open()
	other := server.NewNode(newServer(echo))
	i := NewAIDL("stub.test.IEcho", 0, "", false)
	i.Define(ClientOf[counterClient], Method{Name: "echo", Code: 1, HandleParcel: func(_ context.Context, _ any, c *IncomingParcel) error {
		text, f := c.Request().ReadString(), ReadFile(c.Request())
		if err := c.Request().Finish(); err != nil {
			return err
		}
		c.Reply().WriteString(text)
		WriteFile(&c.reply, f)
		return nil
	}}, Method{Name: "other", Code: 2, HandleParcel: func(_ context.Context, _ any, c *IncomingParcel) error {
		WriteObject(c.Reply(), other)
		return c.Request().Finish()
	}})
	require.NoError(t, server.BecomeContextManager(ctx, server.NewNode(newServer(i))))
	h, err := open().ContextManager(ctx)
	require.NoError(t, err)
	aidl = NewClient(h, i)
	call := BeginParcel(aidl)
	defer call.End()
	r, err := call.Transact(ctx, 2)
	require.NoError(t, err)
	return aidl, NewClient(ReadObject(r), echo)
}

func newServer(i *Interface) binder.Handler { return &server{iface: i} }

// sent makes a file that holds a text.
func sent(t *testing.T, text string) *os.File {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	_, err = w.WriteString(text)
	require.NoError(t, err)
	w.Close()
	t.Cleanup(func() { r.Close() })
	return r
}

func holds(t *testing.T, f *os.File, text string) {
	if !assert.NotNil(t, f) {
		return
	}
	defer f.Close()
	b := make([]byte, len(text))
	n, err := f.Read(b)
	assert.NoError(t, err)
	assert.Equal(t, text, string(b[:n]))
}

func echoParcel(t *testing.T, c Client, text string) {
	call := BeginParcel(c)
	defer call.End()
	call.Request().WriteString(text)
	WriteFile(call.Request(), sent(t, text))
	r, err := call.Transact(t.Context(), 1)
	if !assert.NoError(t, err) {
		return
	}
	assert.Equal(t, text, r.ReadString())
	holds(t, ReadFile(r), text)
	assert.NoError(t, r.Finish())
}

func echoProto(t *testing.T, c Client, text string) {
	x, out := NewExtras(c), new(wrapperspb.StringValue)
	defer x.Release()
	x.PutFile(2, sent(t, text))
	assert.NoError(t, Call(t.Context(), c, 1, wrapperspb.String(text), out, x))
	assert.Equal(t, text, out.Value)
	holds(t, x.TakeFile(2), text)
}

// Services of both kinds are served by the same loopers, with the same memory, one call after the other
// and many at a time, also behind calls that fail.
func TestBothKindsShareTheirMemory(t *testing.T) {
	countFiles(t)
	aidl, proto := bothKinds(t)
	for i := range 20 {
		echoParcel(t, aidl, fmt.Sprint("parcel ", i))
		echoProto(t, proto, fmt.Sprint("proto ", i))
		call := BeginParcel(aidl)
		call.Request().WriteString("and no file")
		_, err := call.Transact(t.Context(), 1)
		assert.Error(t, err)
		call.End()
		assert.Error(t, Call(t.Context(), proto, 9, nil, nil, nil))
	}
	var all sync.WaitGroup
	for n := range 16 {
		all.Go(func() {
			for i := range 20 {
				echoParcel(t, aidl, fmt.Sprint("parcel ", n, i))
				echoProto(t, proto, fmt.Sprint("proto ", n, i))
			}
		})
	}
	all.Wait()
}
