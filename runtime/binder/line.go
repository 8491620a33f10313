package binder

import "sync"

// line runs the oneway calls that a process makes on its own node, one after the other. Those of
// other processes the transport keeps in line; running keeps the two apart.
type line struct {
	running sync.Mutex

	mu      sync.Mutex
	waiting []func()
	busy    bool
}

// push adds a call. A goroutine runs as long as there are calls.
func (l *line) push(run func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, run)
	if !l.busy {
		l.busy = true
		routine(l.work)
	}
}

func (l *line) work() {
	for run := l.next(); run != nil; run = l.next() {
		run()
	}
}

func (l *line) next() func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.busy = false
		return nil
	}
	run := l.waiting[0]
	l.waiting = l.waiting[1:]
	return run
}
