package broker

import (
	"sync"

	"ubinder/runtime/internal/brokerwire"
	"ubinder/runtime/internal/sys"
)

// outgoing is a packet on its way to a process, with the file that goes along.
type outgoing struct {
	packet brokerwire.Packet
	file   sys.FD
}

// maxQueued is how many packets may wait for a process that does not read; then it is cut off.
const maxQueued = 4096

// queue is what is to be sent to a process, in order. An empty one costs next to nothing.
type queue struct {
	mu     sync.Mutex
	filled sync.Cond
	list   []outgoing
	closed bool
}

func newQueue() *queue {
	q := &queue{}
	q.filled.L = &q.mu
	return q
}

// put appends o, and takes over its file. It is false when the queue is full or closed.
func (q *queue) put(o outgoing) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || len(q.list) == maxQueued {
		return false
	}
	q.list = append(q.list, o)
	q.filled.Signal()
	return true
}

// take waits for the first; ok is false when the queue is closed and empty.
func (q *queue) take() (o outgoing, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.list) == 0 {
		if q.closed {
			return o, false
		}
		q.list = nil
		q.filled.Wait()
	}
	o = q.list[0]
	q.list[0] = outgoing{}
	q.list = q.list[1:]
	return o, true
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.filled.Signal()
}

func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.list)
}
