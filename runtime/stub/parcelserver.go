package stub

import (
	"context"

	"ubinder/runtime/binder"
	"ubinder/runtime/parcel"
	"ubinder/runtime/status"
)

// IncomingParcel is one call of an AIDL interface as a generated handler sees it.
type IncomingParcel struct {
	call     *binder.IncomingCall
	reader   parcel.Reader
	reply    parcel.Writer
	request  receivedParcel
	attached []binder.Attachment // to the reply
}

// Request returns what the arguments are read from. Its Finish tells whether they were right, and makes
// the objects and files among them the handler's: else they are given back when the call ends.
func (c *IncomingParcel) Request() *parcel.Reader { return &c.reader }

// Reply returns what the result is written to. Objects stay the implementation's. Files are given away
// by writing them, those in a ParcelableHolder too: they are closed when the reply was sent, or will not be.
func (c *IncomingParcel) Reply() *parcel.Writer {
	c.beginReply()
	c.reply.WriteNoException()
	return &c.reply
}

// beginReply empties the reply. It is a secret if the call is one, whatever it says.
func (c *IncomingParcel) beginReply() {
	closeFiles(c.reply.Table())
	c.reply.Reset(c.reader.Format())
	if c.call.Flags&binder.ClearBuf != 0 {
		c.reply.MarkSensitive()
	}
}

// MarkSensitive has the reply's memory wiped once it was read.
func (c *IncomingParcel) MarkSensitive() { c.reply.MarkSensitive() }

// End closes the files that were given away with the reply, sent or not, and lets go of everything else.
func (c *IncomingParcel) End() {
	c.request.end(c.reader.Finished())
	closeFiles(c.reply.Table())
	c.reply.Reset(parcel.Format{})
	c.reader.Reset(parcel.Format{}, nil, nil)
	clear(c.attached)
	c.call, c.attached = nil, c.attached[:0]
}

func (c *IncomingParcel) begin(call *binder.IncomingCall, i *Interface) error {
	if err := parcelOf(&call.Received); err != nil {
		return err
	}
	c.call = call
	c.request.take(&call.Received)
	c.reader.Reset(call.Target.Process().ParcelFormat(), call.Payload, c.request.table)
	c.reader.ReadInterfaceToken(i.descriptor)
	return c.reader.Err()
}

// finish sets the reply, or makes an exception of err. What no exception stands for fails the
// transaction.
func (c *IncomingParcel) finish(err error) error {
	if c.call.Oneway() {
		return err
	}
	if err == nil {
		err = c.reply.Err()
	}
	if err == nil {
		c.attached, err = attach(c.attached[:0], c.reply.Table(), c.call.Target.Process())
	}
	if err != nil {
		e := parcel.ExceptionOf(err)
		if e == nil {
			return err
		}
		c.beginReply()
		c.reply.WriteException(e)
	} else {
		c.call.Reply.Attachments = c.attached
	}
	c.call.Reply.Payload, c.call.Reply.Encoding = c.reply.Bytes(), binder.Parcel
	return nil
}

// transactParcel serves one call of an AIDL interface.
func (s *server) transactParcel(ctx context.Context, call *binder.IncomingCall) error {
	c := &scratchOf(call).parcel
	if err := c.begin(call, s.iface); err != nil {
		return err
	}
	if call.Code > binder.LastCode {
		return s.metaParcel(c)
	}
	m, err := s.iface.method(call.Code)
	if err != nil {
		return err
	}
	if m.Oneway && !call.Oneway() {
		return status.Errorf(status.BadValue, "%s.%s is oneway, and the call is not", s.iface.descriptor, m.Name)
	}
	return c.finish(m.HandleParcel(ctx, s.impl, c))
}

// metaParcel answers what the AIDL compiler gives every interface that is frozen.
func (s *server) metaParcel(c *IncomingParcel) error {
	switch {
	case c.call.Code == parcel.InterfaceVersionTransaction && s.iface.version > 0:
		c.Reply().WriteInt32(s.iface.version)
	case c.call.Code == parcel.InterfaceHashTransaction && s.iface.hash != "":
		c.Reply().WriteString(s.iface.hash)
	default:
		return status.Errorf(status.UnknownMethod, "%s does not answer transaction %#x", s.iface.descriptor, c.call.Code)
	}
	return c.finish(nil)
}
