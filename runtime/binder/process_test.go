package binder

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a handler of this process answers with is its own memory, or the request's; the reply is neither.
func TestReplyOfANodeOfThisProcessIsACopy(t *testing.T) {
	n := NewProcess(lonely{}).NewNode(HandlerFunc(func(_ context.Context, c *IncomingCall) error {
		c.Reply.Payload = c.Payload
		return nil
	}))
	request := []byte("before")
	var r Reply
	require.NoError(t, n.Transact(t.Context(), &Transaction{Code: 1, Flags: ClearBuf, Data: Data{Payload: request}}, &r))
	copy(request, "after!")
	payload := r.Payload
	assert.Equal(t, "before", string(payload))
	r.Release()
	assert.Equal(t, make([]byte, 6), payload, "the reply of a secret is wiped")
}
