package object

import (
	"context"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// Destroy implements binder.Transport.
func (t *Transport) Destroy(n *binder.Node) {
	t.mu.Lock()
	defer t.unlock()
	t.destroy(n)
}

// destroy tells the holders. The caller has the lock.
func (t *Transport) destroy(n *binder.Node) {
	id := n.NodeID()
	t.table.Destroy(id)
	if root, _ := t.table.RootNode(id); root == id {
		t.leaveRoot(id)
	}
}

func (t *Transport) leaveRoot(id uint64) {
	t.askBroker(func(ctx context.Context) { t.bus.LeaveContextManager(ctx, id) })
}

// Held implements binder.Transport.
func (t *Transport) Held(n *binder.Node) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.table.Held(n.NodeID())
}

var errDestroyed = status.Errorf(status.Dead, "the node was destroyed")

// SetContextManager implements binder.Transport. The node is there before the broker tells of it. One
// that is destroyed meanwhile may have left before it came, so it leaves again.
func (t *Transport) SetContextManager(ctx context.Context, n *binder.Node) error {
	id := n.NodeID()
	t.mu.Lock()
	if !n.Alive() {
		t.unlock()
		return errDestroyed
	}
	before, known := t.table.RootNode(id)
	t.table.SetRoot(id, n)
	t.unlock()
	err := t.bus.BecomeContextManager(ctx, id)
	t.mu.Lock()
	defer t.unlock()
	switch {
	case err != nil:
		t.table.UnsetRoot(id, before, known)
	case !n.Alive():
		t.leaveRoot(id)
		err = errDestroyed
	}
	return err
}

// owesDeath reports whether the peer has still to be told that a node was destroyed: a reply must not
// overtake that.
func (t *Transport) owesDeath(l *lane) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.table.OwesDeath(l.id)
}

// awaitDeathsTold waits until the peer's credit has allowed to tell it.
func (t *Transport) awaitDeathsTold(ctx context.Context, l *lane) error {
	for {
		t.mu.Lock()
		told := !l.writable || t.table.Flush(l.id) || !t.table.OwesDeath(l.id)
		progress := t.progressChannel()
		t.unlock()
		if told {
			return nil
		}
		if err := t.awaitProgress(ctx, progress); err != nil {
			return err
		}
	}
}
