package object

import (
	"errors"
	"slices"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/status"
)

// largestInSlot is up to which size payload and entries go through the outbox: what is larger travels as
// bulk memory, in the same number of copies. There is nothing to gain below the limit of slots; bench/README.md
// has the measurement. A test sets it.
var largestInSlot = bus.MaxMessage

// surelyFits is the size of slots for which a reply finds room, in one piece, as soon as those sent before were
// read: calls leave a quarter of the outbox free, and cut that into one part more than there are calls, so the
// largest has 10 KiB. That is enough for any reply's entries; with its payload it may not be, until calls are begun.
// A test sets it.
var surelyFits = 8 << 10

// addBulk makes a payload of size bytes the first entry, and returns what the message needs then.
func (o *outgoing) addBulk(l *lane, need bus.Need, size int) bus.Need {
	if o.content == nil {
		o.content = &content{t: l.t, to: l}
	}
	c := o.content
	c.entries = slices.Insert(c.entries, 0, bus.Entry{Kind: bus.EntryBulk, Node: uint64(size)})
	return bus.Need{Class: need.Class, Size: bus.SlotSize(0, len(c.entries)), Files: need.Files + 1, Bulk: size}
}

// fillBulk writes the payload beside the slot, which has the entries alone.
func (o *outgoing) fillBulk(data *binder.Data, d *bus.Descriptor) error {
	entries := o.content.entries
	n, err := writeBulk(o.slot.Bulk, data)
	if err != nil {
		return err
	}
	killpoint.At("bulk: filled")
	entries[0].Node = uint64(n)
	d.Entries = uint16(len(entries))
	bus.PutEntries(o.slot.Bytes, 0, entries)
	return nil
}

func writeBulk(b *bus.Bulk, data *binder.Data) (n int, err error) {
	if data.Body == nil {
		return len(data.Payload), b.Fill(data.Payload)
	}
	memory, err := b.Bytes()
	if err != nil {
		return 0, err
	}
	if n, err = appendBody(memory[:0], data.Body); err == nil && n == 0 {
		err = status.Errorf(status.Encoding, "the payload changed while it was encoded: %d bytes became none", len(memory))
	}
	return n, err
}

// takeBulk checks the entry of a payload that travels as bulk memory, and counts it.
func (l *lane) takeBulk(d *bus.Descriptor, e *bus.Entry, list []received) (received, error) {
	again := slices.ContainsFunc(list, func(r received) bool { return r.bulk > 0 })
	if again || d.Length != 0 || e.Node == 0 || e.Node > bus.MaxPayload {
		return received{}, status.Errorf(status.Protocol, "the peer broke the protocol: its message has a payload of %d bytes beside %d (another: %v)", e.Node, d.Length, again)
	}
	if d.Kind == bus.KindCall && l.bulk.Add(int64(e.Node)) > bus.BulkBytes {
		return received{}, status.Errorf(status.Protocol, "the peer broke the protocol: it sent large payloads of more than %d bytes without waiting for acknowledgement", bus.BulkBytes)
	}
	return received{file: true, bulk: int(e.Node)}, nil
}

// bulkOf is the length of the payload that travels as bulk memory, or 0, and its place among the files.
func bulkOf(list []received) (length, file int) {
	for i := range list {
		if list[i].bulk > 0 {
			return list[i].bulk, file
		}
		if list[i].file {
			file++
		}
	}
	return 0, 0
}

// readBulk copies the payload that travels as bulk memory, if one does: then it frees buf, and returns the
// buffer that has it and the other files. On error it returns buf and closes all files.
func (l *lane) readBulk(d *bus.Descriptor, list []received, fds []sys.FD, buf *buffer) (*buffer, []sys.FD, error) {
	length, file := bulkOf(list)
	if length == 0 {
		return buf, fds, nil
	}
	large, err := l.copyBulk(fds[file], length, d)
	killpoint.At("bulk: read")
	if err != nil {
		sys.CloseAll(fds)
		return buf, nil, err
	}
	fds[file].Close()
	large.secret, buf.secret = buf.secret, false
	buf.Free()
	return large, slices.Delete(fds, file, file+1), nil
}

// copyBulk cuts off a peer that has sent something else.
func (l *lane) copyBulk(fd sys.FD, n int, d *bus.Descriptor) (*buffer, error) {
	var b *buffer
	err := l.link.ReadBulk(fd, n, func(n int) (_ []byte, cold bool, err error) {
		if b, err = l.t.takeBuffer(n, d); err != nil {
			return nil, false, err
		}
		return b.bytes, b.cold, nil
	})
	if errors.Is(err, status.Protocol) {
		l.link.Fail(err)
	}
	return b, err
}

// uncountBulk takes a call's bulk memory off what its sender has under way here. Free follows.
func (a *arrival) uncountBulk() {
	if length, _ := bulkOf(a.entries); length > 0 {
		a.lane.bulk.Add(-int64(length))
	}
}

// freeBulk acknowledges a call with bulk memory. It comes when the handler has returned: so this process
// handles no more of such payloads than one sender may have under way.
func (c *incoming) freeBulk() {
	c.uncountBulk()
	c.lane.link.Free(&c.desc)
}
