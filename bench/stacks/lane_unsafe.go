package stacks

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The memory of a lane, in this order:
//
//	laneHeader    each bell is set by the side named beside it
//	answer        a message, written by the server
//	slots         laneSlots messages, written by the client
//
// A message is its length and flag in 64 bits and then its bytes, rounded up to a cache line.
type laneHeader struct {
	requests bell // client: requests published
	taken    bell // server: requests taken
	answers  bell // server: answers published
	// served is how long the server had the CPU for the last answer, in ns; set by it ahead of answers.
	served int64
	_      [56]byte
}

const (
	headerSize  = int(unsafe.Sizeof(laneHeader{}))
	messageHead = 8
	onewayFlag  = 1 << 63
	ringBytes   = 1 << 20 // small enough to stay in a cache
)

type lane struct {
	*laneHeader
	memory   []byte
	slotSize int
	slots    uint32
	head     int // bytes of a message ahead of its payload
	waiting
}

func slotSize(size int) int { return (size + messageHead + 63) &^ 63 }

// laneSlots is a power of two, so that positions may wrap.
func laneSlots(size int) uint32 {
	n := 2
	for n < 256 && 2*n*slotSize(size) <= ringBytes {
		n *= 2
	}
	return uint32(n)
}

func laneSize(size int) int { return headerSize + (1+int(laneSlots(size)))*slotSize(size) }

// mapLane maps the lane in fd; the mapping lives as long as the process.
func mapLane(fd, size int) (*lane, error) {
	m, err := unix.Mmap(fd, 0, laneSize(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return nil, err
	}
	return &lane{
		laneHeader: (*laneHeader)(unsafe.Pointer(&m[0])),
		memory:     m[headerSize:],
		slotSize:   slotSize(size),
		slots:      laneSlots(size),
		head:       messageHead,
	}, nil
}

// message returns the i-th message: 0 is the answer, the slots follow.
func (l *lane) message(i int) []byte { return l.memory[i*l.slotSize:][:l.slotSize] }

func (l *lane) slot(position uint32) []byte { return l.message(1 + int(position%l.slots)) }

func (l *lane) setRequest(position uint32, req []byte, oneway bool) {
	m := l.slot(position)
	head := uint64(copyPayload(m[l.head:], req))
	if oneway {
		head |= onewayFlag
	}
	*(*uint64)(unsafe.Pointer(&m[0])) = head
}

func (l *lane) request(position uint32) (req []byte, oneway bool) {
	m := l.slot(position)
	head := *(*uint64)(unsafe.Pointer(&m[0]))
	return m[l.head:][:head&^onewayFlag], head&onewayFlag != 0
}

func (l *lane) setAnswer(p []byte) {
	m := l.message(0)
	*(*uint64)(unsafe.Pointer(&m[0])) = uint64(copyPayload(m[l.head:], p))
}

func (l *lane) answerBytes() []byte {
	m := l.message(0)
	return m[l.head:][:*(*uint64)(unsafe.Pointer(&m[0]))]
}

// copyPayload is copy in the way that was the fastest: README.md has the measurement. On amd64 Go copies 1 MiB and
// more past the caches.
func copyPayload(dst, src []byte) (n int) {
	const fitsCaches, cached, streamed = 4 << 20, 256 << 10, 1 << 20
	piece := cached
	if len(src) > fitsCaches {
		piece = streamed
	}
	for ; len(src)-n > piece; n += piece {
		copy(dst[n:], src[n:n+piece])
	}
	return n + copy(dst[n:], src[n:])
}

// The futex operations without the private flag, since the word is shared between processes.
const (
	opWait = 0
	opWake = 1
)

func futexWait(word *uint32, old uint32) {
	unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), opWait, uintptr(old), 0, 0, 0)
}

// napLimit is a time slice of Go's scheduler.
const napLimit = 10 * time.Millisecond

// futexNap is futexWait for at most napLimit, of which the Go scheduler is not told. Its signal ends it, as one by which a
// garbage collection asks the thread to stop.
func futexNap(word *uint32, old uint32) {
	ts := unix.NsecToTimespec(int64(napLimit))
	unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), opWait, uintptr(old), uintptr(unsafe.Pointer(&ts)), 0, 0)
}

// futexWake never blocks, so it need not tell the Go scheduler.
func futexWake(word *uint32) {
	unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), opWake, 1, 0, 0, 0)
}
