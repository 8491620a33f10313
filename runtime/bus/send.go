package bus

import (
	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/internal/wait"
	"ubinder/runtime/status"
)

// Reserve takes credit and a slot for what a message needs. It never blocks: status.Full tells which
// limit was met. The slot is posted or abandoned.
func (l *Link) Reserve(n Need) (Slot, error) {
	if n.Size > MaxMessage {
		return Slot{}, status.Exceeded(status.TooBig, "bytes of payload and entries in one message", uint64(n.Size), MaxMessage)
	}
	if !l.Hold() { // Post or Abandon drops it: nothing is unmapped while a slot is filled
		return Slot{}, l.Err()
	}
	slot, err := l.reserve(n)
	if err != nil {
		l.Drop()
	}
	return slot, err
}

func (l *Link) reserve(n Need) (Slot, error) {
	s := &l.send
	s.Lock()
	defer s.Unlock()
	number, off, err := l.allot(&n)
	if err != nil {
		return Slot{}, err
	}
	slot := Slot{Bytes: l.out.segment.Bytes(off, n.Size), number: number, offset: uint32(off)}
	if n.Bulk > 0 {
		if slot.Bulk, err = l.addBulk(number, n); err != nil {
			l.giveBack(slot)
			return Slot{}, err
		}
	}
	slot.Spam = n.Class == ClassOneway && s.spam()
	return slot, nil
}

// allot takes credit and a slot. The caller has the sender locked.
func (l *Link) allot(n *Need) (number uint32, off int, err error) {
	s := &l.send
	if err := l.Err(); err != nil {
		return 0, 0, err
	}
	if l.in.acks.Load() != s.acked {
		if err := l.reap(); err != nil {
			return 0, 0, err
		}
	}
	if !s.plenty(n) {
		if err := s.creditFor(*n); err != nil {
			return 0, 0, err
		}
	}
	number, off, ok := s.pool.Alloc(n.Size)
	if !ok {
		return 0, 0, full("bytes of slots in the outbox", s.pool.Used()+n.Size, l.out.segment.Size())
	}
	s.take(number, n)
	killpoint.At("send: reserved")
	return number, off, nil
}

// plenty reports that there is credit, of messages that are most; of others creditFor knows.
func (s *sender) plenty(n *Need) bool {
	return n.Files == 0 && (n.Class == ClassReply || n.Class == ClassCall && s.messages < messageCredit && s.messageLen+n.Size <= CallBytes)
}

// SmallPayload is how many bytes PostSmall takes.
const SmallPayload = 4096

// PostSmall reserves a slot, copies payload into it and posts d, in one go. There are no entries and
// no files. spam is Slot.Spam. The caller has a hold.
func (l *Link) PostSmall(c Class, d *Descriptor, payload []byte) (pos uint64, spam bool, err error) {
	s := &l.send
	s.Lock()
	if s.mayRepeat(c, d, len(payload)) && l.freedLast() {
		l.out.segment.CopyIn(s.last.off, payload)
		killpoint.At("send: filled")
		d.Length, d.Entries, d.Files = uint32(len(payload)), 0, 0
		d.Slot, d.Offset = s.last.number, uint32(s.last.off)/slotUnit // it stays in use
		pos = s.ring.Put(d)
		s.Unlock()
		return pos, false, nil
	}
	n := Need{Class: c, Size: len(payload)}
	number, off, err := l.allot(&n)
	if err == nil {
		s.last = lastSlot{number, off, s.pool.Size(number), c, c != ClassOneway && d.Flags&FlagClearBuf == 0}
		pos = l.putSmall(d, payload, number, off)
		spam = c == ClassOneway && s.spam()
	}
	s.Unlock()
	return pos, spam, err
}

func (l *Link) putSmall(d *Descriptor, payload []byte, number uint32, off int) (pos uint64) {
	l.out.segment.CopyIn(off, payload)
	killpoint.At("send: filled")
	d.Length, d.Entries, d.Files = uint32(len(payload)), 0, 0
	return l.publish(d, number, off)
}

// lastSlot is the slot of the small message that was posted last. The next often has its class and its size, and finds
// that slot freed, and nothing else: then it takes it as it is, for to give it back and get it again changes nothing.
type lastSlot struct {
	number uint32
	off    int
	size   int
	class  Class
	held   bool // not freed, so far as is known; not so of oneway messages and of secrets
}

// mayRepeat reports whether a message is like the last one. Nothing is known of what was freed meanwhile.
func (s *sender) mayRepeat(c Class, d *Descriptor, size int) bool {
	return s.last.held && c == s.last.class && size <= s.last.size && size > s.last.size-slotUnit && d.Flags&FlagClearBuf == 0 && s.secrets == 0
}

// freedLast takes note of the peer's next acknowledgement, if there is one alone, and it is of the last slot.
func (l *Link) freedLast() bool {
	s := &l.send
	if l.failure.Load() != nil || l.in.acks.Load() != s.acked+1 || l.in.ackRing[s.acked%ackRingSize].Load() != s.last.number {
		return false
	}
	s.acked++
	return true
}

// publish posts a message whose slot is filled. The caller has the sender locked.
func (l *Link) publish(d *Descriptor, number uint32, off int) (pos uint64) {
	s := &l.send
	if d.Flags&FlagClearBuf == 0 {
		return s.put(d, number, off)
	}
	s.slots[number].secret = true
	s.secrets++
	pos = s.put(d, number, off)
	l.watchAcks()
	return pos
}

func (s *sender) put(d *Descriptor, number uint32, off int) (pos uint64) {
	d.Slot = number
	d.Offset = uint32(off) / slotUnit
	s.slots[number].use = slotPosted
	return s.ring.Put(d)
}

func full(resource string, used, max int) error {
	return status.Exceeded(status.Full, resource, uint64(used), uint64(max))
}

func (s *sender) creditFor(n Need) error {
	if n.Files > 0 {
		if err := s.roomForFiles(n); err != nil {
			return err
		}
	}
	switch c, size := n.Class, n.Size; {
	case c == ClassReply:
		return nil
	case s.messages >= messageCredit:
		return full("messages under way to one process", s.messages+1, messageCredit)
	case c == ClassOneway && s.oneways >= messageCredit/2:
		return full("oneway messages under way to one process", s.oneways+1, messageCredit/2)
	case c == ClassOneway && s.onewayLen+size > SegmentSize/2:
		return full("bytes of oneway messages under way to one process", s.onewayLen+size, SegmentSize/2)
	case s.messageLen+size > CallBytes:
		return full("bytes of messages under way to one process", s.messageLen+size, CallBytes)
	}
	return nil
}

// roomForFiles also keeps the packets with files so few that the socket takes them all. As of the slots,
// calls leave a quarter to replies.
func (s *sender) roomForFiles(n Need) error {
	files, filed := maxFilesUnderWay, maxFiledUnderWay
	if n.Class != ClassReply {
		files, filed = files/4*3, filed/4*3
	}
	switch {
	case n.Files > MaxFiles:
		return status.Exceeded(status.TooBig, "files in one message", uint64(n.Files), MaxFiles)
	case s.files+n.Files > files:
		return full("files under way to one process", s.files+n.Files, files)
	case s.filed >= filed:
		return full("messages with files under way to one process", s.filed+1, filed)
	case n.Bulk > 0:
		return s.bulk.room(n)
	}
	return nil
}

// fits reports whether reserving would succeed.
func (s *sender) fits(n Need) bool {
	return s.creditFor(n) == nil && s.pool.Fits(n.Size)
}

func (s *sender) take(number uint32, n *Need) {
	for uint32(len(s.slots)) <= number {
		s.slots = append(s.slots, slotState{})
	}
	s.slots[number] = slotState{use: slotReserved, class: n.Class}
	if n.Class != ClassReply {
		s.count(number, n.Class, 1)
	}
	if n.Files > 0 {
		s.countFiles(&s.slots[number], n.Files)
	}
}

// countFiles notes that a slot has a number of files.
func (s *sender) countFiles(state *slotState, n int) {
	s.files += n - int(state.files)
	s.filed += min(n, 1) - int(min(state.files, 1))
	state.files = uint16(n)
}

// release takes a slot back; false when that number is not in this use.
func (s *sender) release(number uint32, use slotUse) bool {
	if number >= uint32(len(s.slots)) || s.slots[number].use != use {
		return false
	}
	if number == s.last.number {
		s.last.held = false
	}
	state := &s.slots[number]
	if state.class != ClassReply {
		s.count(number, state.class, -1)
	}
	if state.files > 0 {
		s.countFiles(state, 0)
		s.bulk.release(number)
	}
	*state = slotState{}
	return s.pool.Free(number)
}

// count notes n messages more that need message credit.
func (s *sender) count(number uint32, c Class, n int) {
	size := n * s.pool.Size(number)
	s.messages += n
	s.messageLen += size
	if c == ClassOneway {
		s.oneways += n
		s.onewayLen += size
	}
}

// spam reports, once until there is room again, that this process may be filling the peer with oneway
// messages. It is the driver's rule: less than a tenth of the whole is left to oneway messages, and
// the sender has more than 50 of them or a quarter of the bytes. Here each sender has an outbox of its own.
func (s *sender) spam() bool {
	low := SegmentSize/2-s.onewayLen < SegmentSize/10 || messageCredit/2-s.oneways < messageCredit/10
	if !low {
		s.spamTold = false
		return false
	}
	if s.spamTold || s.oneways <= spamMessages && s.onewayLen <= SegmentSize/4 {
		return false
	}
	s.spamTold = true
	return true
}

const spamMessages = 50

// Abandon gives back a slot that is not posted.
func (l *Link) Abandon(slot Slot) {
	defer l.Drop()
	l.send.Lock()
	defer l.send.Unlock()
	l.giveBack(slot)
}

// giveBack takes back a slot that the peer has not seen. The caller has the sender locked.
func (l *Link) giveBack(slot Slot) {
	if slot.filling {
		l.send.filling = false
	}
	l.send.release(slot.number, slotReserved)
	if l.send.room != nil {
		l.wakeRoom()
	}
}

// Post publishes d, which describes what lies in s, after sending files, which stay the
// caller's. It returns d's position. It wakes nobody. With FlagClearBuf the slot is wiped as soon as
// the peer has freed it.
func (l *Link) Post(d *Descriptor, slot Slot, files []int) (uint64, error) {
	killpoint.At("send: filled")
	d.Files = uint16(len(files))
	defer l.Drop()
	s := &l.send
	s.Lock()
	defer s.Unlock()
	err := l.Err()
	if err == nil && slot.Bulk != nil {
		files, err = withBulk(slot.Bulk, files)
		d.Files++
	}
	if err == nil && len(files) > 0 {
		err = l.sendFiles(&s.slots[slot.number], files)
	}
	if err != nil {
		if d.Flags&FlagClearBuf != 0 {
			slot.Wipe()
		}
		l.giveBack(slot)
		return 0, err
	}
	killpoint.At("send: files sent")
	if slot.filling {
		s.filling = false
		d.Flags |= FlagFilled
	}
	return l.publish(d, slot.number, int(slot.offset)), nil
}

// sendFiles sends the files of the message that is posted next. The caller has the sender locked.
func (l *Link) sendFiles(state *slotState, files []int) error {
	s := &l.send
	if len(files) > int(state.files) { // more than were reserved
		reserved := int(state.files)
		s.countFiles(state, 0)
		err := s.roomForFiles(Need{Class: state.class, Files: len(files)})
		s.countFiles(state, reserved)
		if err != nil {
			return err
		}
	}
	for _, f := range files {
		if sys.IsBusSocket(f) {
			return status.Errorf(status.BadValue, "file descriptor %d is a socket of the bus, which cannot be passed", f)
		}
	}
	s.countFiles(state, len(files))
	return l.port.sendFiles(s.ring.Next(), files)
}

// PostControl publishes a descriptor without a slot. status.Full means that its class has no
// credit; Readable is called when it has again.
func (l *Link) PostControl(d *Descriptor) (uint64, error) {
	if !l.Hold() {
		return 0, l.Err()
	}
	defer l.Drop()
	s := &l.send
	s.Lock()
	defer s.Unlock()
	if err := l.Err(); err != nil {
		return 0, err
	}
	if d.Kind == KindVerdict {
		return s.ring.Put(d), nil
	}
	if room, err := l.controlRoomOrArm(); err != nil {
		return 0, err
	} else if !room {
		return 0, full("control messages under way to one process", len(s.controls)+1, controlCredit)
	}
	pos := s.ring.Put(d)
	s.controls = append(s.controls, pos)
	return pos, nil
}

// controlRoomOrArm is controlRoom; when there is none the peer will ring.
func (l *Link) controlRoomOrArm() (bool, error) {
	if room, err := l.controlRoom(); room || err != nil {
		return room, err
	}
	l.send.takeWait.Arm(wait.OnPoll)
	return l.controlRoom()
}

// controlRoom forgets the control messages that the peer has taken and reports whether there is
// credit for one more.
func (l *Link) controlRoom() (bool, error) {
	s := &l.send
	drained := l.in.drained.Load()
	if drained < s.drained || drained > s.ring.Next() {
		return false, l.protocolFault("it says that it took %d descriptors, after %d, of %d", drained, s.drained, s.ring.Next())
	}
	s.drained = drained
	n := 0
	for n < len(s.controls) && s.controls[n] < drained {
		n++
	}
	s.controls = append(s.controls[:0], s.controls[n:]...)
	return len(s.controls) < controlCredit, nil
}

// reap takes the peer's acknowledgements. The caller has the sender locked.
func (l *Link) reap() error {
	s := &l.send
	acks := l.in.acks.Load()
	if acks == s.acked {
		return nil
	}
	if acks-s.acked > ackRingSize {
		return l.protocolFault("it acknowledged %d slots at once", acks-s.acked)
	}
	for ; s.acked != acks; s.acked++ {
		number := l.in.ackRing[s.acked%ackRingSize].Load()
		if s.secrets > 0 {
			l.wipe(number)
		}
		if !s.release(number, slotPosted) {
			return l.protocolFault("it acknowledged slot %d, which is not in use", number)
		}
	}
	return nil
}

// protocolFault cuts the peer off.
func (l *Link) protocolFault(format string, args ...any) error {
	l.Fail(protocolError(format, args...))
	return l.Err()
}
