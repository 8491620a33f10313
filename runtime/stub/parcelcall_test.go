package stub

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// The implementation wipes its secret as soon as the call has ended, and the caller has its own.
func TestSensitiveReplyOfAnObjectOfThisProcess(t *testing.T) {
	i := NewAIDL("stub.test.ISecret", 0, "", false)
	i.Define(nil, Method{Name: "tell", Code: binder.FirstCode, HandleParcel: func(_ context.Context, _ any, c *IncomingParcel) error {
		reply := c.Reply()
		c.MarkSensitive()
		reply.WriteString("the secret")
		return nil
	}})
	n := newProcess().NewNode(&server{iface: i})
	call := BeginParcel(NewClient(n, i))
	defer call.End()
	r, err := call.Transact(t.Context(), binder.FirstCode)
	require.NoError(t, err)
	assert.Equal(t, "the secret", r.ReadString())
	require.NoError(t, r.Err())
}

// A parcel says by its bytes that an object is null; an attachment that is null would be one that is not.
func TestAnAttachmentThatIsNull(t *testing.T) {
	i := NewAIDL("stub.test.INull", 0, "", false)
	i.Define(nil, Method{Name: "take", Code: binder.FirstCode, HandleParcel: func(_ context.Context, _ any, c *IncomingParcel) error {
		o := ReadObject(c.Request())
		if err := c.Request().Finish(); err != nil {
			return err
		}
		assert.NotNil(t, o)
		c.Reply()
		return nil
	}})
	n := newProcess().NewNode(&server{iface: i})
	call := BeginParcel(NewClient(n, i))
	defer call.End()
	WriteObject(call.Request(), n)
	send := func(o binder.Object) error {
		place := binder.Attachment{Field: call.Request().Table()[0].Offset, Object: o}
		tr := binder.Transaction{Code: 1, Data: binder.Data{Payload: call.Request().Bytes(), Encoding: binder.Parcel, Attachments: []binder.Attachment{place}}}
		return n.Transact(t.Context(), &tr, new(binder.Reply))
	}
	require.NoError(t, send(n))
	require.ErrorIs(t, send(nil), status.Encoding)
}

// A client that is a nil pointer is no null: nobody asked whether there may be one.
func TestAClientThatIsNil(t *testing.T) {
	i := NewAIDL("stub.test.INil", 0, "", false)
	i.Define(ClientOf[counterClient])
	call := BeginParcel(NewClient(newProcess().NewNode(&server{iface: i}), i))
	defer call.End()
	WriteInterface(call.Request(), i, (*counterClient)(nil))
	_, err := call.Transact(t.Context(), 1)
	require.ErrorIs(t, err, status.BadValue)
}
