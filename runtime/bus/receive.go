package bus

import (
	"ubinder/runtime/internal/pool"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/internal/wait"
)

const slotUnit = pool.Unit

// Published implements Link.
func (l *lane) Published() uint64 { return l.recv.ring.Published() }

// Position implements Link.
func (l *lane) Position() uint64 { return l.recv.ring.Next() }

// Next implements Link.
func (l *lane) Next(d *Descriptor) (bool, error) {
	r := &l.recv.ring
	ready := r.Published() - r.Next()
	if ready == 0 {
		return false, nil
	}
	if ready > r.Size() {
		return false, l.protocolFault("it published %d descriptors in a ring of %d", ready, r.Size())
	}
	r.Get(d)
	if err := l.check(d); err != nil {
		return false, err
	}
	return true, nil
}

// check verifies the parts of a descriptor that concern memory, credit and files.
func (l *lane) check(d *Descriptor) error {
	c, ok := classOf(d)
	if !ok {
		return l.protocolFault("it sent a message of unknown kind %d", d.Kind)
	}
	if !c.hasSlot() {
		return nil
	}
	if d.Entries > MaxEntries || d.Files > MaxFiles {
		return l.protocolFault("it sent a message with %d entries and %d files", d.Entries, d.Files)
	}
	size := SlotSize(int(d.Length), int(d.Entries))
	if d.Length > MaxMessage || size > MaxMessage {
		return l.protocolFault("it sent a message of %d bytes", size)
	}
	if off := int(d.Offset) * slotUnit; off+size > l.in.segment.Size() {
		return l.protocolFault("it sent a slot of %d bytes at %d, outside its segment", size, off)
	}
	if d.Kind == KindReply && d.Index >= callerCredit {
		return l.protocolFault("it sent a reply to caller %d", d.Index)
	}
	if c != ClassReply && d.Index >= callerCredit {
		return l.protocolFault("it sent a call from caller %d", d.Index)
	}
	if n := l.recv.credit.Add(1); n > messageCredit+callerCredit {
		return l.protocolFault("it sent %d messages without waiting for acknowledgement", n)
	}
	return nil
}

// Drained implements Link.
func (l *lane) Drained() {
	l.out.head.Uint64(offDrained).Store(l.recv.ring.Next())
	if l.ringers[bellTake].Ring() == wait.OnPoll {
		l.ringPoller()
	}
}

// Entries implements Link.
func (l *lane) Entries(list []Entry, d *Descriptor) []Entry {
	var b [EntrySize]byte
	off := int(d.Offset)*slotUnit + align8(int(d.Length))
	for range d.Entries {
		l.in.segment.CopyOut(b[:], off)
		list = append(list, getEntry(b[:]))
		off += EntrySize
	}
	return list
}

// Payload implements Link.
func (l *lane) Payload(dst []byte, d *Descriptor) {
	l.in.segment.CopyOut(dst, int(d.Offset)*slotUnit)
}

// Free implements Link.
func (l *lane) Free(d *Descriptor) {
	r := &l.recv
	r.ackLock.Lock()
	l.out.head.Uint32(offAckRing + 4*int(r.acks%ackRingSize)).Store(d.Slot)
	r.acks++
	acks := r.acks
	l.out.head.Uint64(offAcks).Store(acks)
	r.ackLock.Unlock()
	r.credit.Add(-1)
	if acks >= l.in.head.Uint64(offRoom).Load() && l.ringers[bellRoom].Ring() == wait.OnPoll {
		l.ringPoller()
	}
}

// Files implements Link.
func (l *lane) Files(pos uint64, n int) ([]sys.FD, error) { return l.port.files(pos, n) }
