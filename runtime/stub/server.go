package stub

import (
	"context"
	"os"

	"google.golang.org/protobuf/proto"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// Incoming is one transaction as a generated method handler sees it.
type Incoming struct {
	call *binder.IncomingCall
	body message
}

// Decode reads the request. A payload that is not a valid message is the caller's fault.
func (c *Incoming) Decode(m proto.Message) error { return decode(&c.call.Received, m) }

// TakeObject takes an object of the request; the handler owns it.
func (c *Incoming) TakeObject(field uint32) binder.Object { return c.call.TakeObject(field) }

// TakeObjects takes all objects of a repeated field of the request.
func (c *Incoming) TakeObjects(field uint32) []binder.Object { return c.call.TakeObjects(field) }

// TakeFile takes a file of the request; the handler closes it.
func (c *Incoming) TakeFile(field uint32) *os.File { return c.call.TakeFile(field) }

// TakeFiles takes all files of a repeated field of the request.
func (c *Incoming) TakeFiles(field uint32) []*os.File { return c.call.TakeFiles(field) }

// Reply sets the reply's message; it is encoded after the handler has returned.
func (c *Incoming) Reply(m proto.Message) {
	c.body.m = m
	c.call.Reply.Encoding = binder.Protobuf
	c.call.Reply.Body = &c.body
}

// PutFile attaches a file to the reply; nil attaches nothing. It stays the handler's.
func (c *Incoming) PutFile(field uint32, f *os.File) {
	c.call.Reply.Attachments = appendFile(c.call.Reply.Attachments, field, f)
}

// PutObject attaches an untyped object to the reply; nil stands for a null object.
func (c *Incoming) PutObject(field uint32, o binder.Object) {
	c.call.Reply.Attachments = append(c.call.Reply.Attachments, binder.Attachment{Field: field, Object: o})
}

// PutImpl attaches an implementation of i to the reply, as Extras.PutImpl does.
func (c *Incoming) PutImpl(field uint32, i *Interface, impl any) error {
	o, err := ObjectOf(c.call.Target.Process(), i, impl)
	if err == nil {
		c.PutObject(field, o)
	}
	return err
}

// server is the handler of a node that an implementation was exported as.
type server struct {
	iface *Interface
	impl  any
}

// Transact implements binder.Handler.
func (s *server) Transact(ctx context.Context, call *binder.IncomingCall) error {
	m, err := s.iface.method(call.Code)
	if err != nil {
		return err
	}
	if m.Oneway != call.Oneway() {
		return status.Errorf(status.BadValue, "%s.%s: oneway is %v in the interface and %v in the call",
			s.iface.Descriptor, m.Name, m.Oneway, call.Oneway())
	}
	c, ok := call.Scratch.(*Incoming)
	if !ok {
		c = new(Incoming)
		call.Scratch = c
	}
	c.call = call
	return m.Handle(ctx, s.impl, c)
}
