package bus

import (
	"sync/atomic"

	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/pool"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/internal/wait"
	"ubinder/runtime/status"
)

const slotUnit = pool.Unit

// Published is the position behind the last descriptor that the peer has published, as of now.
func (l *Link) Published() uint64 { return l.recv.ring.Published() }

// HasNext reports whether one is published that Next has not returned, as of now.
func (l *Link) HasNext() bool { return l.recv.ring.HasNext() }

// Position is that of the descriptor that Next returns next.
func (l *Link) Position() uint64 { return l.recv.ring.Next() }

// Next copies the next descriptor, if one is published, and checks that it keeps to the layout
// and limits. An error cuts the peer off; the link fails with it.
func (l *Link) Next(d *Descriptor) (bool, error) {
	if l.failure.Load() != nil {
		if err := l.cutOff(); err != nil {
			return false, err
		}
	}
	r := &l.recv.ring
	ready := r.Published() - r.Next()
	if ready == 0 {
		return false, nil
	}
	if ready > r.Size() {
		return false, l.protocolFault("it published %d descriptors in a ring of %d", ready, r.Size())
	}
	r.Get(d)
	killpoint.At("take: descriptor read")
	if l.plain(d) {
		return true, nil
	}
	if err := l.check(d); err != nil {
		return false, err
	}
	return true, nil
}

// cutOff returns why the peer was cut off, if it was: what it published since is not looked at.
func (l *Link) cutOff() error {
	if err := l.Err(); err != nil && status.CodeOf(err) == status.Protocol {
		return err
	}
	return nil
}

// plain reports that d is a small call or reply without entries or files, as most are, and verifies it. Of what is
// not check tells what it is.
func (l *Link) plain(d *Descriptor) bool {
	r := &l.recv
	held, limit := &r.messages, int64(messageCredit)
	switch d.Kind {
	case KindReply:
		held, limit = &r.replies, callerCredit
	case KindCall:
	default:
		return false
	}
	if d.Entries|d.Files != 0 || d.Length > SmallPayload || d.Offset > lastSmallOffset || d.Index >= callerCredit || held.Load() >= limit {
		return false
	}
	held.Add(1)
	return true
}

// lastSmallOffset is the last in a segment, in units of slots, from which any small payload fits.
const lastSmallOffset = (SegmentSize - SmallPayload) / slotUnit

// check verifies the parts of a descriptor that concern memory, credit and files.
func (l *Link) check(d *Descriptor) error {
	c, ok := classOf(d)
	if !ok {
		return l.protocolFault("it sent a message of unknown kind %d", d.Kind)
	}
	if d.Kind == KindFilling {
		if err := l.checkSlot(d); err != nil {
			return err
		}
	}
	if !c.hasSlot() {
		return l.checkControl(c)
	}
	if d.Entries > MaxEntries || d.Files > MaxFiles {
		return l.protocolFault("it sent a message with %d entries and %d files", d.Entries, d.Files)
	}
	if err := l.checkSlot(d); err != nil {
		return err
	}
	if n := l.recv.held(d).Add(1); n > l.recv.limit(d) {
		return l.protocolFault("it sent %d calls or replies without waiting for acknowledgement", n)
	}
	return nil
}

// checkSlot verifies where the payload and its entries lie, and whose caller's they are.
func (l *Link) checkSlot(d *Descriptor) error {
	if d.Length > MaxMessage || SlotSize(int(d.Length), int(d.Entries)) > MaxMessage {
		return l.protocolFault("it sent a message of %d bytes and %d entries", d.Length, d.Entries)
	}
	size := uint64(SlotSize(int(d.Length), int(d.Entries)))
	if off := uint64(d.Offset) * slotUnit; off+size > uint64(l.in.segment.Size()) {
		return l.protocolFault("it sent a slot of %d bytes at %d, outside its segment", size, off)
	}
	if d.Index >= callerCredit {
		return l.protocolFault("it sent a call or reply of caller %d", d.Index)
	}
	return nil
}

// checkControl checks the credit: those taken since the last Drained can be no more, because the
// peer counts from where it was told of.
func (l *Link) checkControl(c Class) error {
	if c != ClassControl {
		return nil
	}
	if l.recv.controls++; l.recv.controls > controlCredit {
		return l.protocolFault("it sent %d control messages without waiting for them to be taken", l.recv.controls)
	}
	return nil
}

// held counts the messages of d's kind that are taken and not freed.
func (r *receiver) held(d *Descriptor) *atomic.Int64 {
	if d.Kind == KindReply {
		return &r.replies
	}
	return &r.messages
}

func (r *receiver) limit(d *Descriptor) int64 {
	if d.Kind == KindReply {
		return callerCredit
	}
	return messageCredit
}

// Drained tells the peer how far Next has come; called after a run of Next.
func (l *Link) Drained() {
	l.recv.controls = 0
	l.out.drained.Store(l.recv.ring.Next())
	killpoint.At("take: drained stored")
	if r := &l.ringers[bellTake]; r.Mode() != wait.Absent && r.Ring() == wait.OnPoll {
		l.ringPoller()
	}
}

// Entries appends copies of the entries of d.
func (l *Link) Entries(list []Entry, d *Descriptor) []Entry {
	var b [EntrySize]byte
	off := int(d.Offset)*slotUnit + align8(int(d.Length))
	for range d.Entries {
		l.in.segment.CopyOut(b[:], off)
		list = append(list, getEntry(b[:]))
		off += EntrySize
	}
	return list
}

// Payload copies d's payload; dst has that length. Free follows.
func (l *Link) Payload(dst []byte, d *Descriptor) {
	l.in.segment.CopyOut(dst, int(d.Offset)*slotUnit)
}

// Free acknowledges d's slot.
func (l *Link) Free(d *Descriptor) {
	r := &l.recv
	r.held(d).Add(-1) // before the peer can know, and send the next
	r.ackLock.Lock()
	acks := r.acks + 1
	l.out.ackRing[(acks-1)%ackRingSize].Store(d.Slot)
	killpoint.At("free: slot written")
	r.acks = acks
	l.out.acks.Store(acks)
	r.ackLock.Unlock()
	killpoint.At("free: acknowledged")
	if r := &l.ringers[bellRoom]; r.Mode() != wait.Absent {
		l.freed(acks)
	}
}

// FreeAll is Free of d and more, messages of its kind without files: all but the last are seen with that.
func (l *Link) FreeAll(d *Descriptor, more []uint32) {
	if r := &l.recv; len(more) > 0 {
		r.held(d).Add(-int64(len(more)))
		r.ackLock.Lock()
		for _, slot := range more {
			l.out.ackRing[r.acks%ackRingSize].Store(slot)
			r.acks++
			killpoint.At("free: slot written")
		}
		r.ackLock.Unlock()
	}
	l.Free(d)
}

// freed rings who waits for room, when it has asked for that.
func (l *Link) freed(acks uint64) {
	if acks >= l.in.room.Load() && l.ringers[bellRoom].Ring() == wait.OnPoll {
		l.ringPoller()
	}
}

// Files returns the files of the descriptor at position pos; the caller owns them. An error
// means that they have not come, and concerns that message alone.
func (l *Link) Files(pos uint64, n int) ([]sys.FD, error) { return l.port.files(pos, n) }

// DropFiles has those files closed that came for the descriptor at position pos. It does not wait for that; they count as
// kept until then.
func (l *Link) DropFiles(pos uint64) { l.port.files(pos, 0) }
