package object

import (
	"errors"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/reftab"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/status"
)

// received is one of a message's entries after its effect on references was applied: what its
// receiver owns.
type received struct {
	field uint32
	weak  bool
	file  bool
	taken reftab.Taken
	note  *binder.Note
	bulk  int // length of the payload, if this is the file that has it
}

// takeEntries applies the entries of a drained message (R5). An error other than PROTOCOL fails the
// message alone; either way the list is what has to be given back.
func (t *Transport) takeEntries(l *lane, d *bus.Descriptor) (list []received, err error) {
	if d.Entries == 0 && d.Files == 0 {
		return nil, nil
	}
	files, bulk := 0, 0
	for _, e := range l.link.Entries(nil, d) {
		if e.Kind == bus.EntryNote {
			list = append(list, received{note: noteOf(&e)})
			continue
		}
		if e.Kind == bus.EntryBulk {
			r, err := l.takeBulk(d, &e, list)
			if err != nil {
				return list, err
			}
			files, bulk = files+1, bulk+1
			list = append(list, r)
			continue
		}
		taken, takeErr := t.table.Take(l.id, entryOf(&e))
		var breach *reftab.Problem
		switch {
		case errors.As(takeErr, &breach):
			return list, peerFault(breach)
		case takeErr != nil:
			err = status.Errorf(status.Denied, "process %d sends an object home that it does not hold (field %d)", l.id, e.Field)
			continue
		}
		r := received{field: e.Field, weak: e.Weak, file: e.Kind == bus.EntryFile, taken: taken}
		if r.file {
			files++
		}
		list = append(list, r)
	}
	if files != int(d.Files) {
		return list, status.Errorf(status.Protocol, "the peer broke the protocol: its message has %d file entries and %d files", files, d.Files)
	}
	if fault := checkAttached(int(d.Entries)-bulk, files-bulk); fault != nil {
		return list, fault
	}
	return list, err
}

// checkAttached checks what comes with a payload, besides the file that has it: the link has left room for that one.
func checkAttached(entries, files int) error {
	switch {
	case entries > bus.MaxAttached:
		return status.Exceeded(status.Protocol, "the peer broke the protocol: objects, files and notes in its message", uint64(entries), bus.MaxAttached)
	case files > bus.MaxAttachedFiles:
		return status.Exceeded(status.Protocol, "the peer broke the protocol: files in its message", uint64(files), bus.MaxAttachedFiles)
	}
	return nil
}

func entryOf(e *bus.Entry) reftab.Entry {
	return reftab.Entry{Kind: reftab.EntryKind(e.Kind), Weak: e.Weak, Node: e.Node, Owner: e.Owner, Position: e.Position}
}

// dropEntries gives back what a message brought that nobody will see.
func (t *Transport) dropEntries(list []received) {
	for _, r := range list {
		t.table.Drop(r.taken)
	}
}

// attachments turns entries into objects and files; it takes over fds. The receiver owns the result.
func (t *Transport) attachments(list []received, fds []sys.FD) []binder.Attachment {
	if len(list) == 0 {
		return nil
	}
	out := make([]binder.Attachment, 0, len(list))
	home := false
	for _, r := range list {
		if r.note != nil || r.bulk > 0 {
			continue
		}
		a := binder.Attachment{Field: r.field, Weak: r.weak}
		switch {
		case r.file:
			a.File = fds[0].File("ubinder-file")
			fds = fds[1:]
		case r.taken.Object != nil:
			a.Object = homeObject(&r)
			home = true
		case r.taken.Ref != nil && r.taken.Ref.Weak():
			a.Object = binder.NewWeak(t.process, &remote{t: t, ref: r.taken.Ref})
		case r.taken.Ref != nil:
			a.Object = binder.NewHandle(t.process, &remote{t: t, ref: r.taken.Ref})
		}
		out = append(out, a)
	}
	if home {
		t.mu.Lock()
		for _, r := range list {
			t.table.Handed(r.taken)
		}
		t.unlock()
	}
	return out
}

func homeObject(r *received) binder.Object {
	n := r.taken.Object.(*binder.Node)
	if r.weak {
		return n.Weak()
	}
	return n
}

// fileError makes an error of a message whose files did not come.
func fileError(err error) error {
	if err == nil {
		return nil
	}
	return status.Errorf(status.CodeOf(err), "files of the message: %w", err)
}
