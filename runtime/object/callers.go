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
	var p *pending
	switch n := len(s.idle); {
	case n > 0:
		p = s.idle[n-1]
		s.idle = s.idle[:n-1]
	case len(s.list) < bus.Callers:
		p = newPending(l, uint32(len(s.list)))
		s.list = append(s.list, p)
	default:
		return nil
	}
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
	return len(s.idle) == 1 && len(s.list) == bus.Callers
}
