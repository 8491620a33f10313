package crowd

import (
	"context"

	"ubinder/runtime/binder"
)

// caller calls several objects in turn. It implements stack.Caller.
type caller struct {
	peers []*binder.Handle
	next  int
	t     binder.Transaction
	r     binder.Reply
}

// Call implements stack.Caller.
func (c *caller) Call(req []byte) ([]byte, error) {
	c.next = (c.next + 1) % len(c.peers)
	c.r.Release()
	c.t.Code, c.t.Payload = codeEcho, req
	err := c.peers[c.next].Transact(context.Background(), &c.t, &c.r)
	return c.r.Payload, err
}
