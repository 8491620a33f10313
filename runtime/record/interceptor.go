package record

import (
	"bytes"
	"context"
	"time"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// Server records the calls that nodes handle.
func Server(w *Writer) binder.ServerInterceptor {
	return func(next binder.Handler) binder.Handler {
		return binder.HandlerFunc(func(ctx context.Context, c *binder.IncomingCall) error {
			return handle(ctx, c, next, w)
		})
	}
}

// handle records one call. That it cannot be written is no fault of the call: w remembers it.
func handle(ctx context.Context, c *binder.IncomingCall, next binder.Handler, w *Writer) error {
	t := &Transaction{
		Time: time.Now(), Node: c.Target.NodeID(), Descriptor: c.Target.Descriptor(), Interface: c.Interface,
		Caller: binder.Identity{Process: c.Caller.Process, PID: c.Caller.PID, UID: c.Caller.UID},
		Code:   c.Code, Flags: c.Flags, Encoding: c.Encoding, Passed: placesOf(c.Attachments),
		Payload: bytes.Clone(c.Payload), // the handler may write into it
	}
	err := next.Transact(ctx, c)
	t.Took = time.Since(t.Time)
	if err == nil && !c.Oneway() {
		if err = encode(&c.Reply); err == nil {
			t.Reply, t.ReplyEncoding, t.Returned = c.Reply.Payload, c.Reply.Encoding, placesOf(c.Reply.Attachments)
		}
	}
	t.failed(err)
	w.Write(t)
	return err
}

// encode writes a body that is encoded late into the payload now: it can be done only once.
func encode(d *binder.Data) error {
	if d.Body == nil {
		return nil
	}
	b, err := d.Body.AppendTo(make([]byte, 0, d.Body.Size()))
	if err != nil {
		return status.Errorf(status.Encoding, "payload: %w", err)
	}
	d.Payload, d.Body = b, nil
	return nil
}

func (t *Transaction) failed(err error) {
	if err != nil {
		t.Status, t.Service, t.Error = binder.ErrorText(err)
	}
}

func placesOf(list []binder.Attachment) []Attachment {
	var places []Attachment
	for _, a := range list {
		p := Attachment{Field: a.Field, Weak: a.Weak}
		switch {
		case a.File != nil:
			p.Kind = File
		case a.Object != nil:
			p.Kind = Object
		}
		places = append(places, p)
	}
	return places
}

// Client records the calls that a process makes.
func Client(w *Writer) binder.ClientInterceptor {
	return func(next binder.Invoker) binder.Invoker {
		return func(ctx context.Context, o *binder.Handle, call *binder.Transaction, r *binder.Reply) error {
			encoded := *call
			if err := encode(&encoded.Data); err != nil {
				return err
			}
			self := o.Process().Identity()
			t := &Transaction{
				Time: time.Now(), Side: Made, Caller: binder.Identity{Process: self.Process, PID: self.PID, UID: self.UID},
				Interface: call.Interface, Code: call.Code, Flags: call.Flags, Encoding: call.Encoding,
				Payload: encoded.Payload, Passed: placesOf(call.Attachments),
			}
			err := next(ctx, o, &encoded, r)
			t.Took = time.Since(t.Time)
			if err == nil && r != nil {
				t.Reply, t.ReplyEncoding, t.Returned = r.Payload, r.Encoding, placesOf(r.Attachments)
			}
			t.failed(err)
			w.Write(t)
			return err
		}
	}
}
