package object

import (
	"context"

	"ubinder/runtime/internal/reftab"
	"ubinder/runtime/status"
)

// missing is what a use of something of owner's has to wait for: the lane, or credit on it.
type missing struct {
	t        *Transport
	owner    uint64
	progress <-chan struct{} // nil: the lane
}

// missing notes what the table says that there is none of. The caller has the lock, since it asked.
func (t *Transport) missing(owner uint64, res reftab.UseResult) missing {
	m := missing{t: t, owner: owner}
	if res == reftab.NoCredit {
		m.progress = t.progressChannel()
	}
	return m
}

// await waits until it is worth while to try again. Without wait it fails with status.Full.
func (m missing) await(ctx context.Context, wait bool) error {
	switch {
	case !wait:
		return m.t.wouldWait(m.owner)
	case m.progress == nil:
		_, err := m.t.laneTo(ctx, m.owner)
		return err
	}
	return m.t.awaitProgress(ctx, m.progress)
}

// wouldWait is await for who does not wait: it gets the lane under way, if there is none, and fails.
func (t *Transport) wouldWait(owner uint64) error {
	t.mu.Lock()
	defer t.unlock()
	l := t.lane(owner)
	if l != nil && l.writable {
		return status.Errorf(status.Full, "process %d takes no more control messages now", owner)
	}
	if l == nil {
		t.askBroker(func(ctx context.Context) { t.laneTo(ctx, owner) })
	}
	return status.Errorf(status.Full, "this process is being introduced to process %d", owner)
}

// awaitProgress waits until something has come: a verdict, credit, a death.
func (t *Transport) awaitProgress(ctx context.Context, progress <-chan struct{}) error {
	select {
	case <-progress:
		return nil
	case <-t.done:
		return errTransportClosed
	case <-ctx.Done():
		return status.FromContext(ctx)
	}
}
