package stub

import (
	"context"
	"os"
	"sync"

	"google.golang.org/protobuf/proto"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// Client is what generated clients embed: an object, and the interface it is called by. It is a
// value, and safe for concurrent use.
type Client struct {
	object binder.Object
	iface  *Interface
}

// NewClient makes a client; it does not take over the object's reference.
func NewClient(o binder.Object, i *Interface) Client { return Client{o, i} }

// Object returns the object that the client calls.
func (c Client) Object() binder.Object { return c.object }

// LinkToDeath calls fn once when the object dies.
func (c Client) LinkToDeath(ctx context.Context, fn func()) (*binder.DeathLink, error) {
	return c.object.LinkToDeath(ctx, fn)
}

// Release gives back the client's reference; the client must not be used afterwards.
func (c Client) Release() { binder.Release(c.object) }

// Extras carries the objects and files of one call: those of the request on the way out, those of
// the reply on the way back.
type Extras struct {
	process *binder.Process
	request []binder.Attachment
	reply   binder.Received
}

// NewExtras starts the extras of one call.
func (c Client) NewExtras() *Extras { return &Extras{process: c.object.Process()} }

// PutFile attaches a file of the request; nil attaches nothing.
func (x *Extras) PutFile(field uint32, f *os.File) { x.request = appendFile(x.request, field, f) }

// PutObject attaches an untyped object of the request; nil stands for a null object.
func (x *Extras) PutObject(field uint32, o binder.Object) {
	x.request = append(x.request, binder.Attachment{Field: field, Object: o})
}

// PutImpl attaches an implementation of i: a generated client passes the object it calls, anything
// else becomes a node of this process.
func (x *Extras) PutImpl(field uint32, i *Interface, impl any) error {
	o, err := ObjectOf(x.process, i, impl)
	if err == nil {
		x.PutObject(field, o)
	}
	return err
}

// TakeObject takes an object of the reply; the caller owns it.
func (x *Extras) TakeObject(field uint32) binder.Object { return x.reply.TakeObject(field) }

// TakeObjects takes all objects of a repeated field of the reply.
func (x *Extras) TakeObjects(field uint32) []binder.Object { return x.reply.TakeObjects(field) }

// TakeFile takes a file of the reply; the caller closes it.
func (x *Extras) TakeFile(field uint32) *os.File { return x.reply.TakeFile(field) }

// TakeFiles takes all files of a repeated field of the reply.
func (x *Extras) TakeFiles(field uint32) []*os.File { return x.reply.TakeFiles(field) }

func appendFile(list []binder.Attachment, field uint32, f *os.File) []binder.Attachment {
	if f == nil {
		return list
	}
	return append(list, binder.Attachment{Field: field, File: f})
}

// outgoing is the memory of one call, kept so that calls do not allocate.
type outgoing struct {
	t     binder.Transaction
	reply binder.Reply
	body  message
}

var outgoingPool = sync.Pool{New: func() any { return new(outgoing) }}

// Call makes a synchronous call: in is encoded straight into the bus's memory, the reply is decoded
// into out. x may be nil when the method passes neither objects nor files.
func (c Client) Call(ctx context.Context, code uint32, in, out proto.Message, x *Extras) error {
	call := c.prepare(code, in, x)
	defer call.recycle()
	if err := c.object.Transact(ctx, &call.t, &call.reply); err != nil {
		return err
	}
	r := &call.reply
	defer r.Release()
	if err := decode(&r.Received, out); err != nil {
		return err
	}
	if x != nil {
		x.reply.Attachments = r.Attachments
		r.Attachments = nil
	}
	return nil
}

// Oneway sends in and returns when it is on its way.
func (c Client) Oneway(ctx context.Context, code uint32, in proto.Message, x *Extras) error {
	call := c.prepare(code, in, x)
	defer call.recycle()
	call.t.Flags = binder.Oneway
	return c.object.Transact(ctx, &call.t, nil)
}

func (c Client) prepare(code uint32, in proto.Message, x *Extras) *outgoing {
	call := outgoingPool.Get().(*outgoing)
	call.body.m = in
	call.t.Code = code
	call.t.Interface = c.iface.id
	call.t.Encoding = binder.Protobuf
	call.t.Body = &call.body
	if x != nil {
		call.t.Attachments = x.request
	}
	return call
}

func (o *outgoing) recycle() {
	o.t = binder.Transaction{}
	o.body.m = nil
	outgoingPool.Put(o)
}

// message writes a protobuf message as a payload, once.
type message struct{ m proto.Message }

func (b *message) Size() int {
	if b.m == nil {
		return 0
	}
	return proto.Size(b.m)
}

func (b *message) AppendTo(dst []byte) ([]byte, error) {
	if b.m == nil {
		return dst, nil
	}
	m := b.m
	b.m = nil
	return proto.MarshalOptions{UseCachedSize: true}.MarshalAppend(dst, m)
}

func decode(r *binder.Received, m proto.Message) error {
	if r.Encoding != binder.Protobuf {
		return status.Errorf(status.Encoding, "payload is not protobuf (encoding %d)", r.Encoding)
	}
	if err := proto.Unmarshal(r.Payload, m); err != nil {
		return status.Errorf(status.Encoding, "%s: %w", m.ProtoReflect().Descriptor().FullName(), err)
	}
	return nil
}
