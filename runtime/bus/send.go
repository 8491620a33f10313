package bus

import (
	"ubinder/runtime/internal/wait"
	"ubinder/runtime/status"
)

// Reserve implements Link.
func (l *lane) Reserve(c Class, size int) (Slot, error) {
	if size > MaxMessage {
		return Slot{}, status.Exceeded(status.TooBig, "bytes of payload and entries in one message", uint64(size), MaxMessage)
	}
	s := &l.send
	s.Lock()
	defer s.Unlock()
	if err := l.Err(); err != nil {
		return Slot{}, err
	}
	if err := l.reap(); err != nil {
		return Slot{}, err
	}
	if err := s.creditFor(c, size); err != nil {
		return Slot{}, err
	}
	number, off, ok := s.pool.Alloc(size)
	if !ok {
		return Slot{}, full("bytes of slots in the outbox", s.pool.Used()+size, l.out.segment.Size())
	}
	s.take(number, c)
	return Slot{Bytes: l.out.segment.Bytes(off, size), number: number, offset: off, class: c}, nil
}

func full(resource string, used, max int) error {
	return status.Exceeded(status.Full, resource, uint64(used), uint64(max))
}

func (s *sender) creditFor(c Class, size int) error {
	switch {
	case c == ClassReply:
		return nil
	case s.messages >= messageCredit:
		return full("messages under way to one process", s.messages+1, messageCredit)
	case c == ClassOneway && s.oneways >= messageCredit/2:
		return full("oneway messages under way to one process", s.oneways+1, messageCredit/2)
	case c == ClassOneway && s.onewayLen+size > SegmentSize/2:
		return full("bytes of oneway messages under way to one process", s.onewayLen+size, SegmentSize/2)
	}
	return nil
}

func (s *sender) take(number uint32, c Class) {
	for uint32(len(s.slots)) <= number {
		s.slots = append(s.slots, classNone)
	}
	s.slots[number] = c
	s.count(number, c, 1)
}

// release takes a slot back; false when that number is not in use.
func (s *sender) release(number uint32) bool {
	if number >= uint32(len(s.slots)) || s.slots[number] == classNone {
		return false
	}
	s.count(number, s.slots[number], -1)
	s.slots[number] = classNone
	return s.pool.Free(number)
}

func (s *sender) count(number uint32, c Class, n int) {
	if c == ClassReply {
		return
	}
	s.messages += n
	if c == ClassOneway {
		s.oneways += n
		s.onewayLen += n * s.pool.Size(number)
	}
}

// Abandon implements Link.
func (l *lane) Abandon(slot Slot) {
	l.send.Lock()
	defer l.send.Unlock()
	l.send.release(slot.number)
	if l.send.room != nil {
		l.wakeRoom()
	}
}

// Post implements Link.
func (l *lane) Post(d *Descriptor, slot Slot, files []int) (uint64, error) {
	d.Slot = slot.number
	d.Offset = uint32(slot.offset / slotUnit)
	d.Files = uint16(len(files))
	s := &l.send
	s.Lock()
	defer s.Unlock()
	err := l.Err()
	if err == nil && len(files) > 0 {
		err = l.port.sendFiles(s.ring.Next(), files)
	}
	if err != nil {
		s.release(slot.number)
		return 0, err
	}
	return s.ring.Put(d), nil
}

// PostControl implements Link.
func (l *lane) PostControl(d *Descriptor) (uint64, error) {
	s := &l.send
	s.Lock()
	defer s.Unlock()
	if err := l.Err(); err != nil {
		return 0, err
	}
	if d.Kind == KindVerdict {
		return s.ring.Put(d), nil
	}
	if !l.controlRoom() {
		s.takeWait.Arm(wait.OnPoll)
		if !l.controlRoom() {
			return 0, full("control messages under way to one process", len(s.controls)+1, controlCredit)
		}
	}
	pos := s.ring.Put(d)
	s.controls = append(s.controls, pos)
	return pos, nil
}

// controlRoom forgets the control messages that the peer has taken and reports whether there is
// credit for one more.
func (l *lane) controlRoom() bool {
	s := &l.send
	drained := l.in.head.Uint64(offDrained).Load()
	n := 0
	for n < len(s.controls) && s.controls[n] < drained {
		n++
	}
	s.controls = append(s.controls[:0], s.controls[n:]...)
	return len(s.controls) < controlCredit
}

// reap takes the peer's acknowledgements. The caller has the sender locked.
func (l *lane) reap() error {
	s := &l.send
	acks := l.in.head.Uint64(offAcks).Load()
	if acks == s.acked {
		return nil
	}
	if acks-s.acked > ackRingSize {
		return l.protocolFault("it acknowledged %d slots at once", acks-s.acked)
	}
	for ; s.acked != acks; s.acked++ {
		number := l.in.head.Uint32(offAckRing + 4*int(s.acked%ackRingSize)).Load()
		if !s.release(number) {
			return l.protocolFault("it acknowledged slot %d, which is not in use", number)
		}
	}
	return nil
}

// protocolFault cuts the peer off.
func (l *lane) protocolFault(format string, args ...any) error {
	l.Fail(protocolError(format, args...))
	return l.Err()
}
