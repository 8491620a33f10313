package object

import (
	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/reftab"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/status"
)

// received is a message's entries after their effects on references were applied: what its receiver
// owns.
type received struct {
	field uint32
	weak  bool
	node  *binder.Node // came home; pinned
	ref   *reftab.Ref
	file  bool
}

// takeEntries applies the entries of a drained message (R5). refused is the field of an object that
// the sender may not send home; the message then fails.
func (t *Transport) takeEntries(l *lane, d *bus.Descriptor) (list []received, err error) {
	if d.Entries == 0 {
		return nil, nil
	}
	files := 0
	for _, e := range l.link.Entries(nil, d) {
		r := received{field: e.Field, weak: e.Weak}
		switch e.Kind {
		case bus.EntryNull:
		case bus.EntrySend:
			r.ref = t.table.Received(l.id, e.Node)
		case bus.EntryPassed:
			r.ref = t.table.Passed(l.id, e.Owner, e.Node, e.Position)
		case bus.EntryHome:
			n, ok := t.table.Pin(l.id, e.Node, e.Position).(*binder.Node)
			if !ok {
				err = status.Errorf(status.Denied, "process %d sends an object home that it does not hold (field %d)", l.id, e.Field)
				continue
			}
			r.node = n
		case bus.EntryFile:
			r.file = true
			files++
		default:
			err = status.Errorf(status.Protocol, "the peer broke the protocol: it sent an entry of unknown kind %d", e.Kind)
		}
		list = append(list, r)
	}
	if files != int(d.Files) && status.CodeOf(err) != status.Protocol {
		err = status.Errorf(status.Protocol, "the peer broke the protocol: its message has %d file entries and %d files", files, d.Files)
	}
	return list, err
}

// dropEntries gives back what a message brought that nobody will see.
func (t *Transport) dropEntries(list []received) {
	for _, r := range list {
		if r.ref != nil {
			t.table.Release(r.ref)
		}
		if r.node != nil {
			t.table.Unpin(r.node.NodeID())
		}
	}
}

// attachments turns entries into objects and files; it takes over fds. The receiver owns the result.
func (t *Transport) attachments(list []received, fds []sys.FD) []binder.Attachment {
	if len(list) == 0 {
		return nil
	}
	out := make([]binder.Attachment, 0, len(list))
	var home []*binder.Node
	for _, r := range list {
		a := binder.Attachment{Field: r.field, Weak: r.weak}
		switch {
		case r.file:
			a.File = fds[0].File("ubinder-file")
			fds = fds[1:]
		case r.node != nil:
			a.Object = r.node
			home = append(home, r.node)
		case r.ref != nil:
			a.Object = binder.NewHandle(t.process, &remote{t, r.ref})
		}
		out = append(out, a)
	}
	if len(home) > 0 {
		t.mu.Lock()
		for _, n := range home { // from here on the pointer keeps the node
			t.table.Unpin(n.NodeID())
		}
		t.unlock()
	}
	return out
}

// fileError makes an error of a message whose files did not come.
func fileError(err error) error {
	if err == nil {
		return nil
	}
	return status.Errorf(status.CodeOf(err), "files of the message: %w", err)
}
