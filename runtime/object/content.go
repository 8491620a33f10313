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
func (t *Transport) prepare(ctx context.Context, to *lane, list []binder.Attachment, wait bool) (*content, error) {
	if len(list) > bus.MaxEntries {
		return nil, status.Exceeded(status.TooBig, "objects and files in one message", uint64(len(list)), bus.MaxEntries)
	}
	c := &content{t: t, to: to, entries: make([]bus.Entry, 0, len(list))}
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
		err = c.addHandle(ctx, &e, o, wait)
	default:
		err = status.Errorf(status.BadValue, "attachment of field %d is a %T, not an object of this process", a.Field, a.Object)
	}
	c.entries = append(c.entries, e)
	return err
}

func (c *content) addFile(f *os.File) error {
	if len(c.files) >= bus.MaxFiles {
		return status.Exceeded(status.TooBig, "files in one message", uint64(len(c.files)+1), bus.MaxFiles)
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
	put, res := c.t.table.PutNode(c.to.id, n.NodeID(), n)
	if res != reftab.Ready {
		return status.Errorf(status.Dead, "process %d has ended", c.to.id)
	}
	c.put(e, put)
	return nil
}

func (c *content) put(e *bus.Entry, put reftab.Put) {
	e.Kind, e.Node, e.Owner, e.Position = bus.EntryKind(put.Kind), put.Node, put.Owner, put.Position
	c.puts = append(c.puts, put)
	killpoint.At("send: reference put")
}

var errForeign = status.Errorf(status.BadValue, "the attached object belongs to another connection; get it again through this one")

func (c *content) addHandle(ctx context.Context, e *bus.Entry, h *binder.Handle, wait bool) error {
	if h == nil {
		return nil
	}
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
		done, owner, err := c.tryHandle(e, r.ref)
		if done || err != nil {
			return err
		}
		// An object whose owner has ended meanwhile is passed on all the same, as a dead one.
		if err = c.t.await(ctx, owner, wait); err != nil && (ended || !unreachable(err)) {
			return err
		}
		ended = err != nil
	}
}

// tryHandle makes the entry, unless something has to be waited for first: then it names the owner.
func (c *content) tryHandle(e *bus.Entry, ref *reftab.Ref) (done bool, owner uint64, err error) {
	c.t.mu.Lock()
	defer c.t.unlock()
	put, res := c.t.table.PutRef(c.to.id, ref)
	switch res {
	case reftab.Ready:
		c.put(e, put)
		return true, 0, nil
	case reftab.IsDead:
		return false, 0, status.Errorf(status.Dead, "the attached object of field %d is dead", e.Field)
	}
	return false, put.Owner, nil
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
	c.t.table.Posted(c.puts)
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

// wouldWait is await for who does not wait: it gets the lane under way, if there is none, and fails.
func (t *Transport) wouldWait(owner uint64) error {
	t.mu.Lock()
	defer t.unlock()
	l := t.lanes[owner]
	if l != nil && l.writable {
		return status.Errorf(status.Full, "process %d takes no more control messages now", owner)
	}
	if l == nil {
		t.askBroker(func(ctx context.Context) { t.laneTo(ctx, owner) })
	}
	return status.Errorf(status.Full, "this process is being introduced to process %d", owner)
}

// await waits until a use of something of owner's may succeed: for its lane, or for credit on it.
// Without wait it fails with status.Full.
func (t *Transport) await(ctx context.Context, owner uint64, wait bool) error {
	if !wait {
		return t.wouldWait(owner)
	}
	l, err := t.laneTo(ctx, owner)
	if err != nil {
		return err
	}
	t.mu.Lock()
	if l.dead || t.table.Flush(owner) && l.writable { // what ended already makes no progress: the next attempt sees it
		t.unlock()
		return nil
	}
	ch := t.progressChannel()
	t.unlock()
	select {
	case <-ch:
		return nil
	case <-t.done:
		return errTransportClosed
	case <-ctx.Done():
		return status.FromContext(ctx)
	}
}
