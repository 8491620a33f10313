package binder

// Wakeups counts what a process did, since it was opened, to wait for others and to wake them. Each
// count is of system calls that did put to sleep or wake: who is awake, or was woken already, costs none.
// A blocking call of two processes that sleep in between takes one wake there and one back.
//
// Not counted are what the connection to the broker does, and goroutines of one program that wake each
// other. On a bus inside one program (inproc:NAME) nothing needs the kernel: there Sleeps and Wakes are of
// channels, and of all its processes together.
type Wakeups struct {
	Sleeps     uint64 // times that a thread slept until it was woken: a caller until its reply, a looper until a call
	Wakes      uint64 // sleeping threads woken, of peers, and of its own to end what they waited for
	PollSleeps uint64 // times that a goroutine slept in Go's poller, for a lane that no thread sleeps on
	PollRings  uint64 // packets sent to wake such a goroutine of a peer
}

// Sum is how many sleepers were woken.
func (w Wakeups) Sum() uint64 { return w.Wakes + w.PollRings }

// Wakeups tells how often this process has slept and woken others since it was opened: for benchmarks and
// dumps. Counts of several threads may be a moment apart.
func (p *Process) Wakeups() Wakeups { return p.transport.Wakeups() }
