package object

import (
	"context"
	"slices"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/status"
)

// tellFrozen has the peer look at the frozen word, if it wants to know. The word was stored before: a
// peer that begins to watch meanwhile looks after it has said so.
func (l *lane) tellFrozen() {
	if l.words.Watched.Load() != 0 {
		l.news = true
		l.t.sendNews(l)
	}
}

// sendNews posts what tellFrozen could not for want of credit; Readable follows when there is some. One
// message stands for all changes until then.
func (t *Transport) sendNews(l *lane) {
	if !l.news || !l.writable {
		return
	}
	if _, err := l.link.PostControl(&bus.Descriptor{Kind: bus.KindFrozen}); err == nil {
		l.news = false
		t.noteRing(l)
	}
}

// takeFrozen looks at the peer's frozen word, tells who listens, and has who waits look again.
func (t *Transport) takeFrozen(l *lane) {
	frozen := bus.Settled(l.words.Peer.Load())
	if frozen != l.peerFrozen {
		l.peerFrozen = frozen
		for _, link := range l.frozenLinks {
			link.Tell(frozen)
		}
	}
	t.noteProgress()
}

// LinkToFrozen implements binder.Remote. The claim makes sure that the object may be used.
func (r *remote) LinkToFrozen(ctx context.Context, link *binder.FrozenLink) error {
	by, l, err := r.use(ctx, true)
	if err != nil {
		return err
	}
	defer r.endUse(by)
	t := r.t
	t.mu.Lock()
	defer t.unlock()
	if !l.writable {
		return errDeadObject
	}
	l.words.Watching.Store(1)
	l.frozenLinks = append(l.frozenLinks, link)
	before := l.peerFrozen
	t.takeFrozen(l)
	if before == l.peerFrozen {
		link.Tell(before)
	}
	return nil
}

// UnlinkToFrozen implements binder.Remote.
func (r *remote) UnlinkToFrozen(link *binder.FrozenLink) {
	t := r.t
	t.mu.Lock()
	defer t.unlock()
	l := t.lane(r.ref.Resolve().Owner)
	if l == nil || l.link == nil {
		return
	}
	if i := slices.Index(l.frozenLinks, link); i >= 0 {
		l.frozenLinks = slices.Delete(l.frozenLinks, i, i+1)
	}
}

// refuses returns an error, and counts it for the peer, if that is frozen and takes no call of a node.
// The caller has the lock and the lane is writable, or it has a hold.
func (l *lane) refuses(node uint64) error {
	if node == processNode || l.words.Peer.Load() == 0 {
		return nil
	}
	l.words.Refused.Add(1)
	return status.Errorf(status.Frozen, "process %d is frozen", l.id)
}
