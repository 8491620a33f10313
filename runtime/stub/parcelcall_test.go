package stub

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
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
