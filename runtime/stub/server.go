package stub

import (
	"context"
	"os"

	"google.golang.org/protobuf/proto"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
	"ubinder/runtime/stub/wire"
)

// scratch is the IncomingCall's Scratch: memory for the handler's side of one call after the other, of
// interfaces of both kinds. A transport uses it again only when it has sent the last reply, whose files
// then were its own duplicates.
type scratch struct {
	incoming Incoming
	parcel   IncomingParcel
}

// scratchOf returns c's, free of the call before.
func scratchOf(c *binder.IncomingCall) *scratch {
	s, ok := c.Scratch.(*scratch)
	if !ok {
		s = new(scratch)
		c.Scratch = s
	}
	s.End()
	return s
}

// End ends the call that s served. It is called when the reply was sent, or will not be: by the transport,
// and at the latest before the next call.
func (s *scratch) End() {
	if s.incoming.call != nil {
		s.incoming.End()
	}
	if s.parcel.call != nil {
		s.parcel.End()
	}
}

// Incoming is one transaction as a generated method handler sees it. What is put into it goes with
// the reply.
type Incoming struct {
	Attachments
	call    *binder.IncomingCall
	body    message
	borrows bool // the request points into the payload
	source  wire.Source
}

// Decode reads the request; nil stands for one that carries nothing. A payload that is not a valid
// message is the caller's fault.
func (c *Incoming) Decode(m proto.Message) error {
	if c.borrows {
		return decode(&c.call.Received, m, &c.source)
	}
	return decode(&c.call.Received, m, nil)
}

// TakeObject takes an object of the request; the handler owns it.
func (c *Incoming) TakeObject(field uint32) binder.Object { return c.call.TakeObject(field) }

// TakeObjects takes all objects of a repeated field of the request.
func (c *Incoming) TakeObjects(field uint32) []binder.Object { return c.call.TakeObjects(field) }

// TakeFile takes a file of the request; the handler closes it.
func (c *Incoming) TakeFile(field uint32) *os.File { return c.call.TakeFile(field) }

// TakeFiles takes all files of a repeated field of the request.
func (c *Incoming) TakeFiles(field uint32) []*os.File { return c.call.TakeFiles(field) }

// Reply sets the reply: m, which is encoded after the handler has returned, or nothing for nil, and
// what was put before.
func (c *Incoming) Reply(m proto.Message) {
	c.body.set(m)
	c.call.Reply.Encoding = binder.Protobuf
	c.call.Reply.Body = &c.body
	c.call.Reply.Attachments = c.list
}

// End closes the files that went with the reply, which the handler gave away, and lets go of
// everything else.
func (c *Incoming) End() {
	for _, a := range c.list {
		if a.File != nil {
			a.File.Close()
		}
	}
	*c = Incoming{}
}

// server is the handler of a node that an implementation was exported as.
type server struct {
	iface   *Interface
	impl    any
	borrows bool
}

// WithBorrowedRequests has the methods of an implementation that is exported borrow the bytes of their requests: bytes fields,
// at any depth, point into the memory that the request came in, which the next request will be read into. That spares large
// requests the garbage collector, and all requests a copy of each such field.
//
// Such a field is valid until the method returns, also in what it returns; whoever keeps one longer, as a goroutine
// that it started may, clones it (bytes.Clone, proto.Clone), or finds other bytes there some time later. It may be changed.
// An interceptor that puts another payload in the place of the call's leaves that alone until the call is answered.
// Strings are the method's own as always, and so is all that comes by calls within this process, in messages without a
// generated codec, and in parcels.
func WithBorrowedRequests() binder.NodeOption {
	return func(n *binder.Node) {
		if s, ok := n.Handler().(*server); ok {
			s.borrows = true
		}
	}
}

// Transact implements binder.Handler.
func (s *server) Transact(ctx context.Context, call *binder.IncomingCall) error {
	if s.iface.parcel {
		return s.transactParcel(ctx, call)
	}
	m, err := s.iface.method(call.Code)
	if err != nil {
		return err
	}
	if m.Oneway != call.Oneway() {
		return status.Errorf(status.BadValue, "%s.%s: oneway is %v in the interface and %v in the call",
			s.iface.descriptor, m.Name, m.Oneway, call.Oneway())
	}
	c := &scratchOf(call).incoming
	c.call, c.process = call, call.Target.Process()
	c.borrows = s.borrows && call.Caller.Process != c.process.Identity().Process // a caller of this process still has the payload
	return m.Handle(ctx, s.impl, c)
}
