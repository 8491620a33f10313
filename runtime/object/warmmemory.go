package object

import (
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"time"

	"ubinder/runtime/bus"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/status"
)

// warmMemory keeps the memory of large payloads that a process has received, for the next ones: to touch new
// memory takes several times as long as to copy into it. It keeps no more than one payload of the largest size
// would take, whatever peers send, and gives back what was not used for a second or two. While nothing happens it
// has no timer. Up to what fits a slot, or if it may be lent, it is the garbage collector's memory; else it is
// mapped, in huge pages where the kernel has them.
type warmMemory struct {
	mu       sync.Mutex
	idle     []*buffer // the one used last is the last
	bytes    int       // of those
	lent     int       // bytes that messages have, and give back
	unseen   uncounted
	sweeping *time.Timer
	closed   bool
}

// Limits of what is kept.
const (
	maxWarmBytes   = bus.MaxPayload
	maxWarmBuffers = 1024 // a search may look at all
	warmPatience   = time.Second
)

// take returns memory for n bytes, the garbage collector's if it may be lent. It cannot fail for what fits a slot.
func (m *warmMemory) take(n int, lendable bool) (b *buffer, err error) {
	size := warmSize(n)
	if b = m.find(size, lendable); b == nil {
		if b, err = m.make(size, lendable); err != nil {
			return nil, err
		}
	}
	b.bytes = b.bytes[:n]
	return b, nil
}

func (m *warmMemory) make(size int, lendable bool) (*buffer, error) {
	b := &buffer{class: warmClass, keeper: m, cold: lendable}
	if size <= bus.MaxMessage {
		b.bytes = sys.Uncleared(size)
		return b, nil
	}
	if lendable {
		if err := sys.MayAllocate(size); err != nil {
			return nil, noMemory(size, err)
		}
		b.bytes = sys.Uncleared(size)
		return b, nil
	}
	mapped, err := sys.PrivateMemory(size)
	if err != nil {
		return nil, noMemory(size, err)
	}
	b.mapped, b.bytes = mapped, mapped.Bytes()
	return b, nil
}

func noMemory(size int, err error) error {
	return status.Errorf(status.Quota, "memory for a payload of %d bytes: %w", size, err)
}

// warmSize rounds up by an eighth at most, so that payloads of similar sizes share memory.
func warmSize(n int) int {
	step := 1 << max(0, bits.Len(uint(n-1))-4)
	return (n + step - 1) &^ (step - 1)
}

// find takes the memory of at least size bytes that was used last, unless it would waste more than half of it, or
// more than an eighth if it may be lent: a message may have it for long.
func (m *warmMemory) find(size int, lendable bool) *buffer {
	m.mu.Lock()
	defer m.mu.Unlock()
	most := 2*size + 1
	if lendable {
		most = size + size/8
	}
	for i, b := range slices.Backward(m.idle) {
		if c := cap(b.bytes); c >= size && c <= most && !(lendable && b.mapped.Bytes() != nil) {
			m.idle = slices.Delete(m.idle, i, i+1)
			m.bytes -= c
			return b
		}
	}
	return nil
}

// keep takes memory back that was used just now.
func (m *warmMemory) keep(b *buffer) {
	b.cold = false
	m.put(b)
}

// put takes memory back. What was not used for the longest time makes room.
func (m *warmMemory) put(b *buffer) {
	b.recent = true
	m.mu.Lock()
	m.idle = append(m.idle, b)
	m.bytes += cap(b.bytes)
	old := 0
	for m.bytes > maxWarmBytes || len(m.idle)-old > maxWarmBuffers || m.closed && old < len(m.idle) {
		m.bytes -= cap(m.idle[old].bytes)
		old++
	}
	dropped := m.cut(old)
	m.rouse()
	m.mu.Unlock()
	dropAll(dropped)
}

// rouse has sweep look in a while, if it does not already. The caller has the lock.
func (m *warmMemory) rouse() {
	if m.sweeping == nil && !m.closed {
		m.sweeping = time.AfterFunc(warmPatience, m.sweep)
	}
}

// maxLent is how much memory comes back from messages, or that of lentPayloads of a size. What comes back lives one
// round of the garbage collector longer than it would, and by that makes the next round come later: without a limit both would
// grow for ever. Each time that lentUnseen was lent the collector may be due, so that some comes back before none is left.
const (
	maxLent      = 64 << 20
	lentPayloads = 4
	lentUnseen   = 24 << 20
)

// lend leaves memory to the message whose fields point into it. When the garbage collector finds that nobody does
// any more, it is kept for the next payload: were it freed, the collector would run for every 4 MiB of payload, and the pages
// would be new each time.
func (m *warmMemory) lend(b *buffer) {
	size := cap(b.bytes)
	m.mu.Lock()
	comesBack := m.lent+size <= min(max(maxLent, lentPayloads*size), maxWarmBytes) && !m.closed
	collect := false
	if comesBack {
		m.lent += size
		m.unseen.fresh += size
		m.rouse()
		collect = m.unseen.fresh >= lentUnseen && m.due()
	}
	m.mu.Unlock()
	if collect {
		go runtime.GC() // it ends by itself, and as soon as one that Go begins
	}
	if comesBack {
		sys.OnUnreachable(b.bytes, m.comesBack)
	}
	b.bytes = nil
}

// due reports whether the collector is to run. The caller has the lock.
func (m *warmMemory) due() bool {
	due, _ := m.unseen.look(m.collected())
	return due
}

// collected is how much of the collector's memory is kept or lent. The caller has the lock.
func (m *warmMemory) collected() int {
	n := m.lent
	for _, b := range m.idle {
		if b.mapped.Bytes() == nil {
			n += cap(b.bytes)
		}
	}
	return n
}

// comesBack takes what was lent.
func (m *warmMemory) comesBack(memory []byte) {
	m.mu.Lock()
	m.lent -= cap(memory)
	m.mu.Unlock()
	m.put(&buffer{class: warmClass, keeper: m, bytes: memory, cold: true})
}

// cut removes the first n. The caller has the lock, and gives them back when it has not: that may take long.
func (m *warmMemory) cut(n int) []*buffer {
	if n == 0 {
		return nil
	}
	cut := slices.Clone(m.idle[:n])
	for _, b := range cut {
		if b.mapped.Bytes() == nil {
			m.unseen.fresh += cap(b.bytes)
		}
	}
	m.idle = slices.Delete(m.idle, 0, n)
	return cut
}

func dropAll(list []*buffer) {
	for _, b := range list {
		b.drop()
	}
}

// sweep gives back what was idle since the last sweep, to the garbage collector too.
func (m *warmMemory) sweep() {
	m.mu.Lock()
	collect, again := m.unseen.look(m.collected())
	old := 0
	for old < len(m.idle) && !m.idle[old].recent {
		m.bytes -= cap(m.idle[old].bytes)
		old++
	}
	dropped := m.cut(old)
	for _, b := range m.idle {
		b.recent = false
	}
	m.sweeping = nil
	if len(m.idle) > 0 || m.unseen.fresh > 0 || again {
		m.rouse()
	}
	m.mu.Unlock()
	dropAll(dropped)
	if collect {
		runtime.GC()
	}
}

// forget gives back all that is kept now.
func (m *warmMemory) forget() {
	m.mu.Lock()
	idle := m.idle
	m.idle, m.bytes = nil, 0
	m.mu.Unlock()
	dropAll(idle)
}

// close gives back all, and from then on what it is given.
func (m *warmMemory) close() {
	m.mu.Lock()
	m.closed = true
	if m.sweeping != nil {
		m.sweeping.Stop()
	}
	m.mu.Unlock()
	m.forget()
}
