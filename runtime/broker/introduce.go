package broker

import (
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/brokerwire"
	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/status"
)

// introduce makes a lane from p to a process, if there is none yet. It tells whether that one is frozen: who asks
// need not wait for it.
func (b *Broker) introduce(p *Process, id uint64, files []sys.FD, a *answer) error {
	to := b.process(id)
	switch {
	case to == nil:
		return status.Errorf(status.Dead, "process %d has ended", id)
	case to == p:
		return status.Errorf(status.BadValue, "a process has no lane to itself")
	}
	if err := b.config.Policy.Talk(p, to); err != nil {
		return status.Errorf(status.Denied, "policy forbids process %d to talk to process %d: %w", p.ID, id, err)
	}
	return b.makeLane(p, to, files, a)
}

func (b *Broker) process(id uint64) *Process {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.processes[id]
}

// getManager tells who is behind handle 0. With an outbox it introduces p to it too: who asks is about to call. Where that
// is not possible, p learns why when it asks for the introduction.
func (b *Broker) getManager(p *Process, files []sys.FD, a *answer) error {
	b.mu.Lock()
	manager, node := b.manager, b.root
	b.mu.Unlock()
	if manager == nil {
		return status.Errorf(status.UnknownTarget, "this bus has no service manager: start one with \"ubinder up\" or \"ubinderd\"")
	}
	if manager != p && len(files) > 0 && b.config.Policy.Talk(p, manager) == nil {
		b.makeLane(p, manager, files, a)
	}
	a.ID, a.Value = manager.ID, node
	return nil
}

// makeLane gives both an end of a new socket, and to the outbox of p; the second request of a pair gets no second lane.
func (b *Broker) makeLane(p, to *Process, files []sys.FD, a *answer) error {
	outbox, err := outboxOf(files)
	if err != nil {
		return err
	}
	here, there, err := sys.Socketpair()
	if err != nil {
		return status.Errorf(status.Quota, "no socket for a lane: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	gone := b.processes[to.ID] != to
	if gone || p.lanes[to] {
		here.Close()
		there.Close()
	}
	switch {
	case gone:
		return status.Errorf(status.Dead, "process %d has ended", to.ID)
	case to.frozen:
		a.Code = 1
	}
	if p.lanes[to] {
		return nil
	}
	killpoint.At("broker: sockets made")
	p.lanes[to], to.lanes[p] = true, true
	to.send(brokerwire.Packet{Kind: brokerwire.Introduction, Identity: p.Identity}, there, sys.NewFD(outbox.Take()))
	killpoint.At("broker: one introduced")
	a.Kind, a.Identity, a.files = brokerwire.Introduction, to.Identity, []sys.FD{here}
	return nil
}

// outboxOf returns the outbox that came with a request. Nothing else is passed on: to close a file of another kind
// may take as long as whoever made it likes, and what waits to be received keeps its memory when its maker has ended. The
// receiver looks at what is in it.
func outboxOf(files []sys.FD) (sys.FD, error) {
	if len(files) != 1 {
		return sys.FD{}, status.Errorf(status.BadValue, "a request for a lane has one file, the outbox, and %d came", len(files))
	}
	if err := bus.CheckOutbox(files[0]); err != nil {
		return sys.FD{}, status.Errorf(status.BadValue, "the outbox of a request for a lane: %w", err)
	}
	return files[0], nil
}
