package broker

import (
	"sync"

	"ubinder/runtime/internal/brokerwire"
	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/sys"
)

// outgoing is a packet on its way to a process, with the files that go along.
type outgoing struct {
	packet brokerwire.Packet
	files  []sys.FD
}

// maxQueued is how many packets may wait for a process that does not read; then it is cut off.
const maxQueued = 4096

// queue is what is to be sent to a process, in order. What the socket takes at once is never in it, so an
// empty one costs no goroutine.
type queue struct {
	conn *sys.Conn

	mu      sync.Mutex
	list    []outgoing
	held    bool // until release
	writing bool // a goroutine empties the list
	closed  bool
	writer  sync.WaitGroup // that goroutine, and those of drop
}

// put sends o, or has it sent when the socket takes it, and takes over its files. It never blocks. A process that lets
// the queue fill up is cut off.
func (q *queue) put(o outgoing) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		q.drop(o)
	case len(q.list) == maxQueued:
		q.cut()
		q.drop(o)
	case q.held || q.writing || !q.sendNow(&o):
		q.list = append(q.list, o)
	}
}

// release sends what has waited for it.
func (q *queue) release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.held = false
	for len(q.list) > 0 && !q.writing && q.sendNow(&q.list[0]) {
		q.list = q.list[1:]
	}
}

// sendNow reports whether the socket has taken o. Else a goroutine is there to send it, or to find out why it cannot be
// sent. The caller has the lock.
func (q *queue) sendNow(o *outgoing) bool {
	if o.send(q.conn.Send) != nil {
		q.writing = true
		q.writer.Go(q.routineSend)
		return false
	}
	for _, f := range o.files { // ends of lanes, and outboxes, which the process has too
		f.CloseAtOnce()
	}
	return true
}

func (o *outgoing) send(send func([]byte, ...int) error) error {
	killpoint.At("broker: sending")
	var numbers []int
	for _, f := range o.files {
		numbers = append(numbers, f.Int())
	}
	return send(o.packet.Append(nil), numbers...)
}

// drop closes the files of what is not sent: not here, for what their other ends have sent on them, as in cut.
func (q *queue) drop(o outgoing) { q.writer.Go(func() { sys.CloseAll(o.files) }) }

// cut has who receives find the end of the connection, and close it. What the process has sent and nobody has read is
// closed with it, which may take as long as the process likes: nobody waits for that here, least of all with a lock.
func (q *queue) cut() { q.conn.Shutdown() }

// routineSend sends the list until it is empty. A process that has not got a packet would miss something: better that it
// knows, so an error cuts it off. Then only files are closed, all on this goroutine, for each may keep its thread.
func (q *queue) routineSend() {
	for {
		o, ok := q.take()
		if !ok {
			return
		}
		if o.send(q.conn.SendWait) != nil {
			q.cut()
		}
		sys.CloseAll(o.files)
	}
}

// take returns the first of the list; without one the writer is to end.
func (q *queue) take() (o outgoing, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) == 0 {
		q.list, q.writing = nil, false
		return o, false
	}
	o = q.list[0]
	q.list[0] = outgoing{}
	q.list = q.list[1:]
	return o, true
}

// close refuses what comes; what is in the list is still sent, as long as the connection lives.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
}

// wait returns when nothing is sent any more. close and the end of the connection come first.
func (q *queue) wait() { q.writer.Wait() }

func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.list)
}
