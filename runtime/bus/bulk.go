package bus

import (
	"math/bits"
	"time"

	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/status"
)

// Bulk memory carries a payload for which the outbox is too small: shared memory of its own, sealed as the
// outbox is, that goes with the message as a file. The peer maps it, copies the payload out and frees the slot;
// then the memory carries the next. To make, map and give back pages takes several times as long as both copies,
// so both sides keep what was used within the last seconds.

// Limits of payloads that travel as bulk memory.
const (
	MaxPayload = 1 << 30 // bytes of one
	// BulkBytes is what calls may have under way, and what replies may. Oneway calls may take half.
	BulkBytes = 2 * MaxPayload
)

// bulkPatience is how long bulk memory is kept, once or twice, after its last use.
const bulkPatience = time.Second

// Bulk is the bulk memory of a Slot. One goroutine fills it before the slot is posted.
type Bulk struct {
	file   *sys.BulkFile
	class  Class
	length int
	recent bool // used since the last sweep
}

// Fill writes a payload, which has the length that was reserved.
func (b *Bulk) Fill(payload []byte) error { return b.file.Fill(payload) }

// Bytes returns the memory of the payload, to be written in place until the slot is posted.
func (b *Bulk) Bytes() ([]byte, error) {
	m, err := b.file.Bytes()
	if err != nil {
		return nil, err
	}
	return m[:b.length:b.length], nil
}

// Wipe clears what a slot that is not posted was filled with.
func (s *Slot) Wipe() {
	clear(s.Bytes)
	if s.Bulk != nil {
		s.Bulk.wipe()
	}
}

func (b *Bulk) wipe() { b.file.Wipe(b.length) }

// bulkMemory is a sender's bulk memory.
type bulkMemory struct {
	idle     []*Bulk
	used     map[uint32]*Bulk // by slot number: reserved or posted
	bytes    [ClassReply + 1]int
	sweep    func()      // the lane's sweepBulk
	sweeping *time.Timer // nil while there is nothing to look for, or the peer rings for it
	watched  bool        // the next slot that the peer frees is wanted: it may be the last, and nothing else looks
}

// room checks the limits of one payload more.
func (m *bulkMemory) room(n Need) error {
	call := m.bytes[ClassCall] + m.bytes[ClassOneway] + n.Bulk
	oneway, reply := m.bytes[ClassOneway]+n.Bulk, m.bytes[ClassReply]+n.Bulk
	switch {
	case n.Bulk > MaxPayload:
		return status.Exceeded(status.TooBig, "bytes of payload in one message", uint64(n.Bulk), MaxPayload)
	case n.Class == ClassOneway && oneway > BulkBytes/2:
		return full("bytes of large oneway payloads under way to one process", oneway, BulkBytes/2)
	case n.Class == ClassReply && reply > BulkBytes:
		return full("bytes of large replies under way to one process", reply, BulkBytes)
	case n.Class != ClassReply && call > BulkBytes:
		return full("bytes of large payloads under way to one process", call, BulkBytes)
	}
	return nil
}

func (m *bulkMemory) underWay() (n int) {
	for _, bytes := range m.bytes {
		n += bytes
	}
	return n
}

// addBulk takes the bulk memory of a slot. The caller has the sender locked.
func (l *Link) addBulk(number uint32, n Need) (*Bulk, error) {
	m := &l.send.bulk
	b := m.take(n.Bulk)
	if b == nil {
		file, err := sys.CreateBulkFile("ubinder-bulk", bulkSize(n.Bulk))
		if err != nil {
			return nil, status.Errorf(status.Quota, "shared memory for a payload of %d bytes: %w", n.Bulk, err)
		}
		b = &Bulk{file: file}
	}
	b.class, b.length = n.Class, n.Bulk
	m.bytes[n.Class] += n.Bulk
	m.watched = false // this one takes back what is freed
	if m.used == nil {
		m.used = make(map[uint32]*Bulk)
	}
	m.used[number] = b
	m.sweepSoon()
	killpoint.At("bulk: reserved")
	return b, nil
}

// bulkSize rounds up, so that payloads of similar sizes share memory.
func bulkSize(n int) int { return max(1<<16, 1<<bits.Len(uint(n-1))) }

// take takes the smallest idle memory of at least n bytes, or nil.
func (m *bulkMemory) take(n int) *Bulk {
	best := -1
	for i, b := range m.idle {
		if b.file.Size() >= n && (best < 0 || b.file.Size() < m.idle[best].file.Size()) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	b := m.idle[best]
	last := len(m.idle) - 1
	m.idle[best], m.idle[last] = m.idle[last], nil
	m.idle = m.idle[:last]
	return b
}

// release takes back the bulk memory of a slot that was freed, if it has some.
func (m *bulkMemory) release(number uint32) {
	b := m.used[number]
	if b == nil {
		return
	}
	delete(m.used, number)
	m.bytes[b.class] -= b.length
	if len(m.used) == 0 {
		m.watched = false
	}
	b.recent = true
	m.idle = append(m.idle, b)
	m.sweepSoon()
}

func (m *bulkMemory) sweepSoon() {
	if m.sweeping == nil {
		m.sweeping = time.AfterFunc(bulkPatience, m.sweep)
	}
}

// sweepBulk closes what was idle since the last sweep. When only memory is left that the peer has not freed,
// the peer rings when it does.
func (l *Link) sweepBulk() {
	if !l.Hold() {
		return
	}
	defer l.Drop()
	s := &l.send
	s.Lock()
	defer s.Unlock()
	if l.Err() != nil || l.reap() != nil {
		return
	}
	m := &s.bulk
	kept := m.idle[:0]
	for _, b := range m.idle {
		if b.recent {
			kept = append(kept, b)
		} else {
			b.file.Close()
		}
		b.recent = false
	}
	clear(m.idle[len(kept):])
	m.idle = kept
	if len(kept) > 0 {
		m.sweeping.Reset(bulkPatience)
		return
	}
	m.sweeping = nil
	m.watched = len(m.used) > 0
	l.watchAcks()
}

// close gives all memory back; nobody uses it any more.
func (m *bulkMemory) close() {
	if m.sweeping != nil {
		m.sweeping.Stop()
	}
	for _, b := range m.idle {
		b.file.Close()
	}
	for _, b := range m.used {
		b.file.Close()
	}
	m.idle, m.used = nil, nil
}

// withBulk seals the bulk memory of a slot and puts it before the files of its message.
func withBulk(b *Bulk, files []int) ([]int, error) {
	fd, err := b.file.Seal()
	if err != nil {
		return nil, status.Errorf(status.Quota, "shared memory for a payload of %d bytes: %w", b.length, err)
	}
	killpoint.At("bulk: sealed")
	return append([]int{fd}, files...), nil
}
