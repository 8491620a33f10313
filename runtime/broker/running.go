package broker

import (
	"sync"
	"time"

	"ubinder/runtime/status"
)

// running is the goroutines of a broker. Each may be held up by the close of a file that a process has sent, or by the log.
type running struct {
	mu   sync.Mutex
	n    int
	none chan struct{} // closed when there are none; nil: nobody waits
}

// begin counts a goroutine that calls end.
func (r *running) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n++
}

func (r *running) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n--; r.n == 0 && r.none != nil {
		close(r.none)
		r.none = nil
	}
}

func (r *running) run(fn func()) {
	r.begin()
	go func() {
		defer r.end()
		fn()
	}()
}

// ending returns what is closed when there are none.
func (r *running) ending() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	none := r.none
	if none == nil {
		none = make(chan struct{})
	}
	if r.n == 0 {
		close(none)
	} else {
		r.none = none
	}
	return none
}

// closePatience is how long Close waits. A test sets it.
var closePatience = 10 * time.Second

// wait waits until none is left. Its error tells of those that take too long.
func (r *running) wait() error {
	late := time.NewTimer(closePatience)
	defer late.Stop()
	select {
	case <-r.ending():
		return nil
	case <-late.C:
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n == 0 {
		return nil
	}
	return status.Errorf(status.Deadline, "the broker has closed, but after %v %d of its goroutines still wait for files to close that processes have sent it, or for its log; "+
		"they and the files end when whoever made these lets them, at the latest with this process", closePatience, r.n)
}
