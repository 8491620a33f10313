package bus

import (
	"context"
	"sync"

	"ubinder/runtime/internal/wait"
	"ubinder/runtime/status"
)

// Hub is a bus inside one process: it introduces its members by links that do not leave the process.
type Hub struct {
	parker  wait.Channels
	mu      sync.Mutex
	last    uint64
	members map[uint64]*Member
	manager *Member
	root    uint64
}

// NewHub makes an empty hub.
func NewHub() *Hub { return &Hub{members: make(map[uint64]*Member)} }

// Member is one participant. It implements Membership.
type Member struct {
	hub     *Hub
	self    Peer
	handler ConnHandler
	met     map[*Member]bool
	frozen  bool // guarded by the hub's lock
	done    chan struct{}
}

// Join adds a participant; self's ID is given by the hub.
func (h *Hub) Join(self Peer, handler ConnHandler) *Member {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last++
	self.ID = h.last
	m := &Member{hub: h, self: self, handler: handler, met: make(map[*Member]bool), done: make(chan struct{})}
	h.members[self.ID] = m
	return m
}

// Parker implements Membership. All members have the same.
func (m *Member) Parker() wait.Parker { return &m.hub.parker }

// Self implements Membership.
func (m *Member) Self() *Peer { return &m.self }

// Introduce is Approach for who knows how the process is.
func (m *Member) Introduce(ctx context.Context, process uint64) error {
	_, err := m.Approach(ctx, process)
	return err
}

// SetFrozen implements Membership.
func (m *Member) SetFrozen(_ context.Context, frozen bool) error {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	m.frozen = frozen
	return nil
}

// Approach implements Membership.
func (m *Member) Approach(_ context.Context, process uint64) (frozen bool, err error) {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	to := m.hub.members[process]
	switch {
	case to == nil:
		return false, status.Errorf(status.Dead, "process %d has ended", process)
	case to == m:
		return false, status.Errorf(status.BadValue, "a process has no lane to itself")
	case m.met[to]:
		return to.frozen, nil
	}
	m.met[to], to.met[m] = true, true
	here, there := pair(&m.self, &to.self, &m.hub.parker)
	finishHere := m.meet(here, &to.self)
	finishThere := to.meet(there, &m.self)
	finishHere()
	finishThere()
	return to.frozen, nil
}

// meet registers a link; its result opens it, when the other end is registered too.
func (m *Member) meet(l *InProcess, peer *Peer) func() {
	events, registered, opened := m.handler.Introduced(peer)
	if events == nil {
		return func() {
			l.Close()
			l.Start(deafEvents{})
		}
	}
	registered(l)
	return func() {
		opened(l, nil)
		l.Start(events)
	}
}

// deafEvents are those of a link that was refused: it only ends.
type deafEvents struct{}

func (deafEvents) Readable(*Link)      {}
func (deafEvents) Hangup(*Link, error) {}

// ContextManager implements Membership.
func (m *Member) ContextManager(context.Context) (process, node uint64, err error) {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	if m.hub.manager == nil {
		return 0, 0, status.Errorf(status.UnknownTarget, "this hub has no service manager")
	}
	return m.hub.manager.self.ID, m.hub.root, nil
}

// BecomeContextManager implements Membership.
func (m *Member) BecomeContextManager(_ context.Context, node uint64) error {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	if m.hub.manager != nil && m.hub.manager != m {
		return status.Errorf(status.Denied, "process %d is the context manager of this hub already", m.hub.manager.self.ID)
	}
	m.hub.manager, m.hub.root = m, node
	return nil
}

// Find implements Membership.
func (m *Member) Find(_ context.Context, pid int32, after uint64) (process uint64, err error) {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	for id, other := range m.hub.members {
		if other.self.PID == pid && id > after && (process == 0 || id < process) {
			process = id
		}
	}
	return process, nil
}

// LeaveContextManager implements Membership.
func (m *Member) LeaveContextManager(_ context.Context, node uint64) error {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	if m.hub.manager == m && m.hub.root == node {
		m.hub.manager, m.hub.root = nil, 0
	}
	return nil
}

// Done implements Membership.
func (m *Member) Done() <-chan struct{} { return m.done }

// Close implements Membership.
func (m *Member) Close() {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	if m.hub.members[m.self.ID] != m {
		return
	}
	delete(m.hub.members, m.self.ID)
	if m.hub.manager == m {
		m.hub.manager = nil
	}
	for other := range m.met {
		delete(other.met, m)
	}
	close(m.done)
}
