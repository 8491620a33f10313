package crowd

import (
	"context"
	"encoding/binary"

	"ubinder/bench/stack"
	"ubinder/runtime/binder"
)

// caller calls several objects in turn. It implements stack.Sender.
type caller struct {
	peers  []*binder.Handle
	next   int
	before uint64 // one-way messages that the peers had counted when it began
	t      binder.Transaction
	r      binder.Reply
}

// begin notes what the peers have counted.
func (c *caller) begin() (err error) {
	c.before, err = stack.Counted(c, make([]byte, payloadSize))
	return err
}

func (c *caller) peer() *binder.Handle {
	c.next = (c.next + 1) % len(c.peers)
	return c.peers[c.next]
}

// Call implements stack.Caller. The answer to a question for counts is that of all peers.
func (c *caller) Call(req []byte) ([]byte, error) {
	if !stack.Asks(req) {
		return c.call(c.peer(), req)
	}
	var count, torn uint64
	for _, p := range c.peers {
		answer, err := c.call(p, req)
		if err != nil || len(answer) != stack.MinSize {
			return answer, err
		}
		count += binary.LittleEndian.Uint64(answer)
		torn += binary.LittleEndian.Uint64(answer[8:])
	}
	answer := binary.LittleEndian.AppendUint64(nil, count-c.before)
	return binary.LittleEndian.AppendUint64(answer, torn), nil
}

func (c *caller) call(p *binder.Handle, req []byte) ([]byte, error) {
	c.r.Release()
	c.t.Code, c.t.Flags, c.t.Payload = codeEcho, 0, req
	err := p.Transact(context.Background(), &c.t, &c.r)
	return c.r.Payload, err
}

// Send implements stack.Sender.
func (c *caller) Send(req []byte) error {
	c.t.Code, c.t.Flags, c.t.Payload = codeCount, binder.Oneway, req
	return c.peer().Transact(context.Background(), &c.t, nil)
}
