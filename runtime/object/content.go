package object

import (
	"context"
	"os"
	"slices"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/reftab"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/status"
)

// content is a message's attachments made ready to be posted to one peer. Until the message is
// posted, undo takes the references back; afterwards done ends the uses.
type content struct {
	t       *Transport
	to      *lane
	entries []bus.Entry
	files   []sys.FD
	puts    []reftab.Put // of the entries that are objects
}

// prepare makes entries of attachments: it counts what is sent, and grants what is passed on. It
// with wait may block for an introduction or for credit, until ctx ends.
func (t *Transport) prepare(ctx context.Context, to *lane, data *binder.Data, wait bool) (*content, error) {
	list, notes := data.Attachments, data.Notes
	if n := len(list) + len(notes); n > bus.MaxAttached {
		return nil, status.Exceeded(status.TooBig, "objects and files in one message", uint64(n), bus.MaxAttached)
	}
	c := &content{t: t, to: to, entries: make([]bus.Entry, 0, len(list)+len(notes))}
	for i := range notes {
		c.entries = append(c.entries, noteEntry(&notes[i]))
	}
	for i := range list {
		if err := c.add(ctx, &list[i], wait); err != nil {
			c.undo()
			return nil, err
		}
	}
	return c, nil
}

func (c *content) add(ctx context.Context, a *binder.Attachment, wait bool) error {
	e := bus.Entry{Field: a.Field, Weak: a.Weak}
	var err error
	switch o := a.Object.(type) {
	case nil:
		if a.File != nil {
			e.Kind = bus.EntryFile
			err = c.addFile(a.File)
		}
	case *binder.Node:
		err = c.addNode(&e, o)
	case *binder.Handle:
		if o != nil {
			err = c.addReference(ctx, &e, o, wait)
		}
	case *binder.Weak:
		if o != nil {
			err = c.addWeak(ctx, &e, o, wait)
		}
	default:
		err = status.Errorf(status.BadValue, "attachment of field %d is a %T, not an object of this process", a.Field, a.Object)
	}
	c.entries = append(c.entries, e)
	return err
}

func noteEntry(n *binder.Note) bus.Entry {
	return bus.Entry{Kind: bus.EntryNote, Field: uint32(n.Kind) | uint32(n.Flags)<<8, Node: n.Words[0], Owner: n.Words[1], Position: n.Words[2]}
}

func noteOf(e *bus.Entry) *binder.Note {
	return &binder.Note{Kind: binder.NoteKind(e.Field), Flags: uint8(e.Field >> 8), Words: [3]uint64{e.Node, e.Owner, e.Position}}
}

func (c *content) addFile(f *os.File) error {
	if len(c.files) >= bus.MaxAttachedFiles {
		return status.Exceeded(status.TooBig, "files in one message", uint64(len(c.files)+1), bus.MaxAttachedFiles)
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return status.Errorf(status.BadValue, "attached file %s: %w", f.Name(), err)
	}
	var fd sys.FD
	var dupErr error
	err = raw.Control(func(n uintptr) {
		if sys.IsBusSocket(int(n)) {
			dupErr = status.Errorf(status.BadValue, "attached file %s is a socket of the bus, which cannot be passed", f.Name())
			return
		}
		fd, dupErr = sys.Dup(int(n))
	})
	if err == nil {
		err = dupErr
	}
	if err != nil {
		return status.Errorf(status.BadValue, "attached file %s: %w", f.Name(), err)
	}
	c.files = append(c.files, fd)
	return nil
}

func (c *content) addNode(e *bus.Entry, n *binder.Node) error {
	if n == nil {
		return nil
	}
	if n.Process() != c.t.process {
		return errForeign
	}
	c.t.mu.Lock()
	defer c.t.unlock()
	put, res := c.putNode(n, e.Weak)
	if res != reftab.Ready {
		return status.Errorf(status.Dead, "process %d has ended", c.to.id)
	}
	c.put(e, put)
	return nil
}

// putNode makes a node's entry. A node that is destroyed meanwhile was marked before the table is told.
func (c *content) putNode(n *binder.Node, weak bool) (reftab.Put, reftab.UseResult) {
	table := c.t.table
	switch {
	case !n.Alive():
		return table.PutDead(n.NodeID(), weak), reftab.Ready
	case weak:
		return table.PutWeakNode(c.to.id, n.NodeID(), n)
	}
	return table.PutNode(c.to.id, n.NodeID(), n)
}

func (c *content) addWeak(ctx context.Context, e *bus.Entry, w *binder.Weak, wait bool) error {
	e.Weak = true
	if n := w.Node(); n != nil {
		return c.addNode(e, n)
	}
	return c.addReference(ctx, e, w, wait)
}

func (c *content) put(e *bus.Entry, put reftab.Put) {
	e.Kind, e.Weak, e.Node, e.Owner, e.Position = bus.EntryKind(put.Kind), put.Weak, put.Node, put.Owner, put.Position
	c.puts = append(c.puts, put)
	killpoint.At("send: reference put")
}

var errForeign = status.Errorf(status.BadValue, "the attached object belongs to another connection; get it again through this one")

// counted is a reference to an object of another process.
type counted interface {
	Use() (r binder.Remote, done func(), err error)
}

func (c *content) addReference(ctx context.Context, e *bus.Entry, h counted, wait bool) error {
	held, done, err := h.Use()
	if err != nil {
		return err
	}
	defer done()
	r, ok := held.(*remote)
	if !ok || r.t != c.t {
		return errForeign
	}
	for ended := false; ; {
		done, missing := c.tryReference(e, r.ref)
		if done {
			return nil
		}
		// An object whose owner has ended meanwhile is passed on all the same, as a dead one.
		if err = missing.await(ctx, wait); err != nil && (ended || !unreachable(err)) {
			return err
		}
		ended = err != nil
	}
}

// tryReference makes the entry, unless something has to be waited for first.
func (c *content) tryReference(e *bus.Entry, ref *reftab.Ref) (done bool, m missing) {
	c.t.mu.Lock()
	defer c.t.unlock()
	put := c.t.table.PutRef
	if e.Weak {
		put = c.t.table.PutWeakRef
	}
	p, res := put(c.to.id, ref)
	if res != reftab.Ready {
		return false, c.t.missing(p.Owner, res)
	}
	c.put(e, p)
	return true, missing{}
}

// undo takes back what prepare did, for a message that is not posted.
func (c *content) undo() {
	sys.CloseAll(c.files)
	if len(c.puts) == 0 {
		return
	}
	c.t.mu.Lock()
	c.t.table.Unput(c.to.id, c.puts)
	c.t.unlock()
}

// done ends what had to last until the message was posted.
func (c *content) done() {
	sys.CloseAll(c.files)
	if !slices.ContainsFunc(c.puts, func(p reftab.Put) bool { return p.Lasting() }) {
		return
	}
	c.t.mu.Lock()
	c.t.table.Posted(c.to.id, c.puts)
	c.t.unlock()
}

func (c *content) numbers() []int {
	if len(c.files) == 0 {
		return nil
	}
	n := make([]int, len(c.files))
	for i, f := range c.files {
		n[i] = f.Int()
	}
	return n
}
