package broker

import (
	"errors"
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
	writer  sync.WaitGroup // that goroutine, and those of cut
}

// put sends o, or has it sent when the socket takes it, and takes over its files. It never blocks. It is false
// when the queue is full or closed.
func (q *queue) put(o outgoing) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	if len(q.list) == maxQueued {
		q.cut()
		return false
	}
	if !q.writing && !q.held {
		if err := o.send(q.conn.Send); !errors.Is(err, sys.ErrWouldBlock) {
			q.sent(o, err)
			return true
		}
		q.writing = true
		q.writer.Go(q.routineSend)
	}
	q.list = append(q.list, o)
	return true
}

// hold has what is put wait for release.
func (q *queue) hold() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.held = true
}

// release sends what waits.
func (q *queue) release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.held = false
	for len(q.list) > 0 && !q.writing {
		o := q.list[0]
		err := o.send(q.conn.Send)
		if errors.Is(err, sys.ErrWouldBlock) {
			q.writing = true
			q.writer.Go(q.routineSend)
			return
		}
		q.list = q.list[1:]
		q.sent(o, err)
	}
}

func (o *outgoing) send(send func([]byte, ...int) error) error {
	killpoint.At("broker: sending")
	var numbers []int
	for _, f := range o.files {
		numbers = append(numbers, f.Int())
	}
	return send(o.packet.Append(nil), numbers...)
}

// sent ends what was done with o. A process that has not got a packet would miss something: better that
// it knows.
func (q *queue) sent(o outgoing, err error) {
	if err != nil {
		q.cut()
		q.writer.Go(func() { sys.CloseAll(o.files) }) // for what their other ends have sent on them, as in cut
		return
	}
	for _, f := range o.files { // ends of lanes, and outboxes, which the process has too
		f.CloseAtOnce()
	}
}

// cut has who receives find the end of the connection, and close it. What the process has sent and nobody has read is
// closed with it, which may take as long as the process likes: nobody waits for that here, least of all with a lock.
func (q *queue) cut() { q.conn.Shutdown() }

// routineSend sends the list until it is empty; after an error it only closes files.
func (q *queue) routineSend() {
	for {
		o, ok := q.take()
		if !ok {
			return
		}
		q.sent(o, o.send(q.conn.SendWait))
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
