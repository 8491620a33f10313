package stub

import (
	"context"
	"sync"

	"ubinder/runtime/binder"
	"ubinder/runtime/parcel"
	"ubinder/runtime/status"
)

// ParcelCall is one call of an AIDL interface on its way out: its request, then its reply. Generated
// clients make one for each call; it is not safe for concurrent use.
type ParcelCall struct {
	client   Client
	request  parcel.Writer
	reader   parcel.Reader
	result   receivedParcel
	attached []binder.Attachment // to the request
	t        binder.Transaction
	reply    binder.Reply
}

var parcelCalls = sync.Pool{New: func() any { return new(ParcelCall) }}

// BeginParcel starts a call. End follows.
func BeginParcel(c Client) *ParcelCall {
	call := parcelCalls.Get().(*ParcelCall)
	call.client = c
	call.request.Reset(c.object.Process().ParcelFormat())
	call.request.WriteInterfaceToken(c.iface.descriptor)
	return call
}

// Request returns what the arguments are written to.
func (c *ParcelCall) Request() *parcel.Writer { return &c.request }

// Transact makes the call and returns what the result is read from. An exception that the service
// answered is the error; its parcel.Exception is in the chain. Objects and files in the result are the
// caller's, unless the Reader fails before End.
func (c *ParcelCall) Transact(ctx context.Context, code uint32) (*parcel.Reader, error) {
	if err := c.send(ctx, code, 0); err != nil {
		return nil, err
	}
	if err := parcelOf(&c.reply.Received); err != nil {
		return nil, err
	}
	c.result.take(&c.reply.Received)
	c.reader.Reset(c.request.Format(), c.reply.Payload, c.result.table)
	if e := c.reader.ReadException(); e != nil {
		return nil, e.Status()
	}
	return &c.reader, c.reader.Err()
}

// Oneway sends the call and returns when it is on its way.
func (c *ParcelCall) Oneway(ctx context.Context, code uint32) error {
	return c.send(ctx, code, binder.Oneway)
}

func (c *ParcelCall) send(ctx context.Context, code uint32, flags binder.Flags) (err error) {
	if err := c.request.Err(); err != nil {
		return err
	}
	c.attached, err = attach(c.attached[:0], c.request.Table(), c.client.object.Process())
	if err != nil {
		return err
	}
	if c.request.Sensitive() {
		flags |= binder.ClearBuf
	}
	c.t = binder.Transaction{Code: code, Flags: flags, Interface: c.client.iface.id}
	c.t.Payload, c.t.Encoding, c.t.Attachments = c.request.Bytes(), binder.Parcel, c.attached
	reply := &c.reply
	if flags&binder.Oneway != 0 {
		reply = nil
	}
	if err := c.client.object.Transact(ctx, &c.t, reply); err != nil {
		return status.OfInterface(err, c.client.iface.descriptor)
	}
	return nil
}

// End gives back what the reply brought and was not read, all of it if the Reader has failed, and the
// call's memory.
func (c *ParcelCall) End() {
	c.result.end(c.reader.Err() == nil)
	c.reply.Release()
	c.reader.Reset(parcel.Format{}, nil, nil)
	c.request.Reset(parcel.Format{}) // wipes it if it was sensitive
	clear(c.attached)
	c.client, c.t = Client{}, binder.Transaction{}
	parcelCalls.Put(c)
}
