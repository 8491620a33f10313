package object

import (
	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/status"
)

// read copies a reply out of the peer's slot, frees it, and hands the content over.
func (p *pending) read(reply *binder.Reply) error {
	if p.err != nil {
		return p.err
	}
	d, l := &p.reply, p.lane
	buf := p.following.take(d, p.told.pos)
	if buf == nil {
		buf, _ = p.t.takeBuffer(int(d.Length), d) // it fits a slot
		buf.read(l.link, d)
	}
	buf.secret = p.desc.Flags&bus.FlagClearBuf != 0
	var fds []sys.FD
	var err error
	if d.Files > 0 {
		if fds, err = l.link.Files(p.replyAt, int(d.Files)); err == nil {
			buf, fds, err = l.readBulk(d, p.entries, fds, buf)
		}
	}
	killpoint.At("return: reply copied")
	l.link.Free(d)
	if err != nil {
		p.dropReply(buf)
		return fileError(err)
	}
	if d.Code != 0 {
		err := remoteError(d, buf.bytes)
		sys.CloseAll(fds)
		p.dropReply(buf)
		return err
	}
	reply.Payload = buf.bytes
	reply.Encoding = binder.Encoding(d.Encoding)
	reply.Attachments = p.t.attachments(p.entries, fds)
	reply.SetMemory(buf)
	if len(buf.bytes) >= smallestKept {
		reply.SetKeeper(buf.keeperOf())
	}
	return nil
}

func (p *pending) dropReply(buf *buffer) {
	buf.Free()
	p.t.mu.Lock()
	p.t.dropEntries(p.entries)
	p.t.unlock()
}

func remoteError(d *bus.Descriptor, text []byte) error {
	code := status.Code(d.Code)
	if !code.Known() {
		code = status.Internal
	}
	return &status.Error{Code: code, Message: string(text[:min(len(text), maxErrorText)]), Remote: true, Service: int32(d.Interface)}
}

// takeReply takes a drained reply: its effects on references apply whether or not anybody waits.
func (t *Transport) takeReply(l *lane, d *bus.Descriptor, pos uint64) error {
	p := l.callers.underWay(d.Index)
	if p == nil || !p.replies(d) {
		return status.Errorf(status.Protocol, "the peer broke the protocol: it answered call %d of caller %d, which is not waiting", d.Node, d.Index)
	}
	if isPlain(d) && !p.abandoned {
		p.plain = p.takePlain(d)
		t.complete(p)
		return nil
	}
	entries, err := t.takeEntries(l, d)
	if status.CodeOf(err) == status.Protocol {
		t.dropEntries(entries)
		return err
	}
	if p.abandoned || err != nil {
		t.dropEntries(entries)
		t.dropFiles(l, pos, d)
		l.link.Free(d)
	}
	if p.abandoned {
		t.freeIndex(p)
		return nil
	}
	p.reply, p.replyAt, p.entries, p.err = *d, pos, entries, err
	if p.told.lane != nil { // too late for that
		p.told.lane = nil
		p.hasWork.Store(len(p.nested) > 0)
	}
	t.complete(p)
	return nil
}

// takePlain copies a small reply that brings nothing besides, and frees its slot. That is done here, with the lock:
// to take that once more costs more.
func (p *pending) takePlain(d *bus.Descriptor) *buffer {
	b := p.takeOwn(d)
	b.bytes = b.bytes[:d.Length]
	p.lane.link.Payload(b.bytes, d)
	killpoint.At("return: reply copied")
	p.lane.link.Free(d)
	p.reply.Encoding = d.Encoding
	return b
}

// takeOwn returns memory for a small reply: the caller's own, unless somebody still reads one in it.
func (p *pending) takeOwn(d *bus.Descriptor) *buffer {
	if p.own == nil {
		p.own = &buffer{bytes: make([]byte, ownBuffer), class: callerClass}
	}
	if p.own.lent.Load() {
		b, _ := p.t.takeBuffer(ownBuffer, d)
		return b
	}
	p.own.lent.Store(true)
	return p.own
}

// isPlain reports that a reply is small, and brings nothing but its payload.
func isPlain(d *bus.Descriptor) bool {
	return d.Kind == bus.KindReply && d.Entries|d.Files == 0 && d.Code == 0 && d.Length <= ownBuffer
}

// deliver hands over a plain reply, which was copied into b.
func (p *pending) deliver(b *buffer, reply *binder.Reply) {
	b.secret = p.desc.Flags&bus.FlagClearBuf != 0
	reply.Payload, reply.Encoding, reply.Attachments = b.bytes, binder.Encoding(p.reply.Encoding), nil
	reply.SetMemory(b)
}

// replies reports whether d answers this call. The reply can be here before the caller has noted the
// position of its own call.
func (p *pending) replies(d *bus.Descriptor) bool {
	at := p.position.Load()
	return !p.done.Load() && (at == 0 || d.Node == at-1)
}

// complete marks p done. A caller asleep on a futex is rung by the peer, or woken by the peer's death;
// one that waits on a channel is woken here.
func (t *Transport) complete(p *pending) {
	p.done.Store(true)
	if p.onChannel.Load() && t.drainer != p {
		t.after.wake(p)
	}
}

// failCallers ends every call on a lane that has died.
func (t *Transport) failCallers(l *lane, err error) {
	for _, p := range l.callers.list {
		if !p.busy || p.abandoned {
			continue
		}
		if !p.done.Load() { // else the reply has come, but perhaps not the ring that should have followed
			p.err = err
			p.done.Store(true)
		}
		t.after.wake(p)
	}
}

// dropFiles has the files of a message closed that nobody will see. Who drains is not kept by that: it may receive for
// another lane, and a file take as long to close as who sent it likes.
func (t *Transport) dropFiles(l *lane, pos uint64, d *bus.Descriptor) {
	if d.Files > 0 {
		l.link.DropFiles(pos)
	}
}
