package object

import (
	"context"
	"errors"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/copying"
	"ubinder/runtime/status"
)

// outgoing is a message whose slot is filled and whose references are counted, ready to be posted.
type outgoing struct {
	slot    bus.Slot
	content *content // nil without attachments
}

// send writes data and posts it; its arguments are write's, and memory for a small body. spam is the slot's.
func (t *Transport) send(ctx context.Context, l *lane, class bus.Class, data *binder.Data, d *bus.Descriptor, s *scratch, wait bool) (pos uint64, spam bool, err error) {
	payload, size, small, err := s.small(data, d)
	switch {
	case err != nil:
		return 0, false, status.At(status.StepMarshal, err)
	case !small:
		return t.sendLarge(ctx, l, class, data, d, size, wait)
	}
	pos, spam, err = l.link.PostSmall(class, d, payload)
	switch {
	case err == nil:
		return pos, spam, nil
	case !wait || !errors.Is(err, status.Full):
		return 0, false, status.At(status.StepReserve, err)
	}
	return t.sendWaiting(ctx, l, class, &binder.Data{Payload: payload, Encoding: data.Encoding}, d)
}

// sendWaiting posts a small payload for which there was no room.
func (t *Transport) sendWaiting(ctx context.Context, l *lane, class bus.Class, data *binder.Data, d *bus.Descriptor) (pos uint64, spam bool, err error) {
	for class == bus.ClassOneway && l.spinForRoom(ctx) {
		pos, spam, err = l.link.PostSmall(class, d, data.Payload)
		if err == nil || !errors.Is(err, status.Full) {
			return pos, spam, status.At(status.StepReserve, err)
		}
	}
	return t.sendLarge(ctx, l, class, data, d, len(data.Payload), true)
}

// sendLarge is send in two steps: room, then what goes there.
func (t *Transport) sendLarge(ctx context.Context, l *lane, class bus.Class, data *binder.Data, d *bus.Descriptor, size int, wait bool) (pos uint64, spam bool, err error) {
	o, err := t.write(ctx, l, class, data, d, size, wait)
	if err != nil {
		return 0, false, err
	}
	pos, err = o.post(l, d)
	return pos, o.slot.Spam, status.At(status.StepPost, err)
}

// write reserves a slot for data, whose payload has size bytes, and fills it. With wait it blocks for room until ctx ends; a reply
// waits for its attachments in any case.
func (t *Transport) write(ctx context.Context, l *lane, class bus.Class, data *binder.Data, d *bus.Descriptor, size int, wait bool) (o outgoing, err error) {
	if len(data.Attachments)+len(data.Notes) > 0 {
		if o.content, err = t.prepare(ctx, l, data, wait || class == bus.ClassReply); err != nil {
			return o, status.At(status.StepMarshal, err)
		}
	}
	if err = o.reserve(ctx, l, class, size, d.Node, wait); err != nil {
		err = status.At(status.StepReserve, err)
	} else if err = o.fill(l, data, d, size); err != nil {
		err = status.At(status.StepMarshal, err)
	}
	if err != nil && o.content != nil {
		o.content.undo()
	}
	return o, err
}

// need is what a payload of size bytes takes, with what goes with it.
func (o *outgoing) need(l *lane, class bus.Class, size int) bus.Need {
	files := 0
	if o.content != nil {
		files = len(o.content.files)
	}
	need := bus.Need{Class: class, Size: bus.SlotSize(size, o.entries()), Files: files}
	if need.Size > largestInSlot && size > 0 {
		return o.addBulk(l, need, size)
	}
	return need
}

func (o *outgoing) entries() int {
	if o.content == nil {
		return 0
	}
	return len(o.content.entries)
}

// reserve takes what a payload of size bytes needs. A large reply for which the outbox has no room in one piece
// travels as bulk memory: what is queued there may wait for this very reply.
func (o *outgoing) reserve(ctx context.Context, l *lane, class bus.Class, size int, node uint64, wait bool) (err error) {
	need := o.need(l, class, size)
	if class == bus.ClassReply && need.Bulk == 0 && need.Size > surelyFits && size > 0 {
		if o.slot, err = l.link.Reserve(need); !errors.Is(err, status.Full) {
			return err
		}
		need = o.addBulk(l, need, size)
	}
	o.slot, err = l.reserve(ctx, need, node, wait)
	return err
}

// reserve takes a slot, with wait also one that is not there yet. A call does not wait for a peer that
// is frozen.
func (l *lane) reserve(ctx context.Context, need bus.Need, node uint64, wait bool) (bus.Slot, error) {
	for {
		slot, err := l.link.Reserve(need)
		if err == nil || !wait || !errors.Is(err, status.Full) {
			return slot, err
		}
		if need.Class == bus.ClassCall {
			if err := l.refuses(node); err != nil {
				return slot, status.At(status.StepTarget, err)
			}
		}
		if need.Class == bus.ClassOneway && l.spinForRoom(ctx) {
			continue
		}
		if err := l.link.AwaitRoom(ctx, need); err != nil {
			return slot, err
		}
	}
}

// fill writes data to the slot, or gives that back: also when a body panics, which whoever has called may survive.
func (o *outgoing) fill(l *lane, data *binder.Data, d *bus.Descriptor, size int) error {
	filled := false
	defer func() {
		if !filled {
			o.unfill(l, d)
		}
	}()
	err := o.fillSlot(l, data, d, size)
	filled = err == nil
	return err
}

func (o *outgoing) fillSlot(l *lane, data *binder.Data, d *bus.Descriptor, size int) error {
	d.Encoding, d.Length, d.Entries = uint8(data.Encoding), 0, 0
	if o.slot.Bulk != nil {
		return o.fillBulk(data, d)
	}
	n, err := o.writePayload(l, data, d, size)
	if err != nil {
		return err
	}
	d.Length = uint32(n)
	if o.content != nil {
		d.Entries = uint16(len(o.content.entries))
		bus.PutEntries(o.slot.Bytes, n, o.content.entries)
	}
	return nil
}

// writePayload writes size bytes to the slot, and tells the peer meanwhile if that may pay.
func (o *outgoing) writePayload(l *lane, data *binder.Data, d *bus.Descriptor, size int) (n int, err error) {
	if l.mayTell(d, size) {
		f := l.beginFilling(o.slot, d, size)
		defer func() { o.slot = f.ended(n) }()
	}
	dst := o.slot.Bytes[:0:size]
	if data.Body != nil {
		return appendBody(dst, data.Body)
	}
	return len(copying.Append(dst, data.Payload)), nil
}

// unfill gives back a slot that could not be filled.
func (o *outgoing) unfill(l *lane, d *bus.Descriptor) {
	if d.Flags&bus.FlagClearBuf != 0 {
		o.slot.Wipe()
	}
	l.link.Abandon(o.slot)
}

// appendBody encodes into dst's memory. A body that grew since it told its size has been changed by
// somebody meanwhile.
func appendBody(dst []byte, body binder.Body) (int, error) {
	size := cap(dst)
	out, err := body.AppendTo(dst)
	if err != nil {
		return 0, status.Errorf(status.Encoding, "payload: %w", err)
	}
	if len(out) > size || len(out) > 0 && &out[0] != &dst[:1][0] {
		return 0, status.Errorf(status.Encoding, "the payload changed while it was encoded: %d bytes became %d", size, len(out))
	}
	return len(out), nil
}

// post publishes what write prepared.
func (o *outgoing) post(l *lane, d *bus.Descriptor) (uint64, error) {
	var files []int
	if o.content != nil {
		files = o.content.numbers()
	}
	pos, err := l.link.Post(d, o.slot, files)
	if o.content != nil {
		if err != nil {
			o.content.undo()
		} else {
			o.content.done()
		}
	}
	return pos, err
}
