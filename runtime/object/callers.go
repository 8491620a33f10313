package object

import "ubinder/runtime/bus"

// callers is the calls that a process may have under way on one lane, each with the caller index that
// is its place here. They are made when they are needed first, and used again. Guarded by
// Transport.mu.
type callers struct {
	list []*pending
	idle []*pending // the last one was used last
}

// take returns a call with an index of its own; nil when all are in use.
func (s *callers) take(l *lane) *pending {
	p := s.takeIdle()
	if p == nil && len(s.list) < bus.Callers {
		p = newPending(l, uint32(len(s.list)))
		p.busy = true
		s.list = append(s.list, p)
	}
	return p
}

// takeIdle is take for one that was used before; nil when there is none.
func (s *callers) takeIdle() *pending {
	n := len(s.idle) - 1
	if n < 0 {
		return nil
	}
	p := s.idle[n]
	s.idle = s.idle[:n]
	p.busy = true
	return p
}

// underWay returns the call that uses an index; nil when none does.
func (s *callers) underWay(index uint32) *pending {
	if index >= uint32(len(s.list)) || !s.list[index].busy {
		return nil
	}
	return s.list[index]
}

// give lets another call use p's index. It reports whether there was none for others.
func (s *callers) give(p *pending) (wasShort bool) {
	p.reset()
	s.idle = append(s.idle, p)
	return len(s.list) == bus.Callers && len(s.idle) == 1
}
