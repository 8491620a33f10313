package stub

import (
	"context"
	"os"
	"sync"

	"google.golang.org/protobuf/proto"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// Extras carries the objects and files of one call: those of the request on the way out, those of
// the reply on the way back.
type Extras struct {
	Attachments
	reply binder.Received
}

// NewExtras starts the extras of one call.
func NewExtras(c Client) *Extras {
	return &Extras{Attachments: Attachments{process: c.object.Process()}}
}

// TakeObject takes an object of the reply; the caller owns it.
func (x *Extras) TakeObject(field uint32) binder.Object { return x.reply.TakeObject(field) }

// TakeObjects takes all objects of a repeated field of the reply.
func (x *Extras) TakeObjects(field uint32) []binder.Object { return x.reply.TakeObjects(field) }

// TakeFile takes a file of the reply; the caller closes it.
func (x *Extras) TakeFile(field uint32) *os.File { return x.reply.TakeFile(field) }

// TakeFiles takes all files of a repeated field of the reply.
func (x *Extras) TakeFiles(field uint32) []*os.File { return x.reply.TakeFiles(field) }

// Release gives back what the reply brought and nobody took.
func (x *Extras) Release() { (&binder.Reply{Received: x.reply}).Release() }

// outgoing is the memory of one call, kept so that calls do not allocate.
type outgoing struct {
	t     binder.Transaction
	reply binder.Reply
	body  message
}

var outgoingPool = sync.Pool{New: func() any { return new(outgoing) }}

// Call makes a synchronous call: in is encoded straight into the bus's memory, the reply is decoded
// into out, which is a new message. Either may be nil: nothing is sent, or expected, besides objects and files. x may be
// nil when the method passes neither of these.
func Call(ctx context.Context, c Client, code uint32, in, out proto.Message, x *Extras) error {
	call := c.prepare(code, in, x)
	defer call.recycle(c.iface)
	if err := c.object.Transact(ctx, &call.t, &call.reply); err != nil {
		return status.OfInterface(err, c.iface.descriptor)
	}
	r := &call.reply
	if err := decode(&r.Received, out, nil); err != nil {
		return err
	}
	if x != nil {
		x.reply.Attachments, r.Attachments = r.Attachments, nil
	}
	return nil
}

// Oneway sends in and returns when it is on its way.
func Oneway(ctx context.Context, c Client, code uint32, in proto.Message, x *Extras) error {
	call := c.prepare(code, in, x)
	defer call.recycle(c.iface)
	call.t.Flags = binder.Oneway
	if err := c.object.Transact(ctx, &call.t, nil); err != nil {
		return status.OfInterface(err, c.iface.descriptor)
	}
	return nil
}

func (c Client) prepare(code uint32, in proto.Message, x *Extras) *outgoing {
	call := c.iface.spare.Swap(nil)
	if call == nil {
		call = outgoingPool.Get().(*outgoing)
	}
	call.body.set(in)
	call.t.Code = code
	call.t.Interface = c.iface.id
	call.t.Encoding = binder.Protobuf
	call.t.Body = &call.body
	if x != nil {
		call.t.Attachments = x.list
	}
	return call
}

// recycle leaves o to the next call of the interface, or to all if that has one.
func (o *outgoing) recycle(i *Interface) {
	o.reply.Release()
	o.t = binder.Transaction{}
	o.body = message{}
	if !i.spare.CompareAndSwap(nil, o) {
		outgoingPool.Put(o)
	}
}
