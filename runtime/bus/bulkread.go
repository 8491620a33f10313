package bus

import (
	"fmt"
	"sync"
	"time"

	"ubinder/runtime/internal/copying"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/status"
)

// bulkInbox is the peer's bulk memory as a receiver has mapped it.
type bulkInbox struct {
	sync.Mutex
	mapped   map[uint64]*peerBulk // by the kernel's number of the file, which is not used again while it is mapped
	sweeping *time.Timer
}

type peerBulk struct {
	memory sys.Memory
	filled int64 // up to there no page is missing
	users  int
	recent bool // used since the last sweep
}

// maxMappedBulk is how much of a peer's bulk memory stays mapped. An honest peer uses again what it has.
const maxMappedBulk = 64

// ReadBulk copies a payload of n bytes out of the file that brought it, into memory that it takes when it has seen that
// the payload is there; cold says that it is in no cache. A file that no honest peer sends is an error with the code PROTOCOL. The caller holds the link.
func (l *Link) ReadBulk(fd sys.FD, n int, take func(n int) (dst []byte, cold bool, err error)) error {
	in := &l.recv.bulk
	id, b, err := in.use(fd, n)
	if err != nil && sys.OfPeer(err) {
		return protocolError("a payload of %d bytes that it sent cannot be read: %v", n, err)
	}
	if err != nil {
		return status.Errorf(status.Quota, "mapping a payload of %d bytes: %w", n, err)
	}
	defer l.doneBulk(id, b)
	dst, cold, err := take(n)
	switch {
	case err != nil:
	case cold:
		copying.CopyCold(dst, b.memory.Bytes()[:n])
	default:
		copying.Copy(dst, b.memory.Bytes()[:n])
	}
	return err
}

// errHole: a peer could have others pay for its memory by never touching it.
var errHole = fmt.Errorf("%w: pages are missing", sys.ErrSize)

// use maps a file, unless it is mapped, until done.
func (in *bulkInbox) use(fd sys.FD, n int) (uint64, *peerBulk, error) {
	if err := sys.CheckSealed(fd); err != nil { // first: another kind of file may take as long as its maker likes to tell its size
		return 0, nil, err
	}
	id, size, err := sys.FileID(fd)
	if err != nil {
		return 0, nil, err
	}
	if size < int64(n) || size > MaxPayload {
		return 0, nil, sys.ErrSize
	}
	in.Lock()
	defer in.Unlock()
	b := in.mapped[id]
	if b == nil {
		m, err := sys.MapPeerMemory(fd, int(size))
		if err != nil {
			return 0, nil, err
		}
		if in.mapped == nil {
			in.mapped = make(map[uint64]*peerBulk)
		}
		b = &peerBulk{memory: m}
		in.mapped[id] = b
	}
	if int64(n) > b.filled {
		if b.filled, err = sys.FirstHole(fd); err == nil && b.filled < int64(n) {
			err = errHole
		}
	}
	if err != nil { // the peer is cut off, and all is unmapped
		return 0, nil, err
	}
	b.users++
	return id, b, nil
}

// doneBulk ends a use.
func (l *Link) doneBulk(id uint64, b *peerBulk) {
	in := &l.recv.bulk
	in.Lock()
	defer in.Unlock()
	b.users--
	b.recent = true
	if b.users == 0 && len(in.mapped) > maxMappedBulk {
		in.unmap(id, b)
	}
	if in.sweeping == nil {
		in.sweeping = time.AfterFunc(bulkPatience, l.sweepBulkInbox)
	}
}

func (in *bulkInbox) unmap(id uint64, b *peerBulk) {
	delete(in.mapped, id)
	b.memory.Unmap()
}

// sweepBulkInbox unmaps what was not used since the last sweep.
func (l *Link) sweepBulkInbox() {
	if !l.Hold() {
		return
	}
	defer l.Drop()
	in := &l.recv.bulk
	in.Lock()
	defer in.Unlock()
	for id, b := range in.mapped {
		if b.users == 0 && !b.recent {
			in.unmap(id, b)
		}
		b.recent = false
	}
	if len(in.mapped) == 0 {
		in.sweeping = nil
		return
	}
	in.sweeping.Reset(bulkPatience)
}

// close unmaps all; nobody reads any more.
func (in *bulkInbox) close() {
	in.Lock()
	defer in.Unlock()
	if in.sweeping != nil {
		in.sweeping.Stop()
	}
	for id, b := range in.mapped {
		in.unmap(id, b)
	}
}
