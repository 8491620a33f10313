package object

import (
	"context"

	"ubinder/runtime/binder"
	"ubinder/runtime/internal/reftab"
	"ubinder/runtime/status"
)

// remote is one local reference to an object of another process. It implements binder.Remote.
type remote struct {
	t   *Transport
	ref *reftab.Ref
}

// Alive implements binder.Remote.
func (r *remote) Alive() bool {
	r.t.mu.Lock()
	defer r.t.mu.Unlock()
	return !r.ref.Dead()
}

// Retain implements binder.Remote.
func (r *remote) Retain() binder.Remote {
	r.t.mu.Lock()
	defer r.t.unlock()
	r.t.table.Retain(r.ref)
	return &remote{r.t, r.ref}
}

// Release implements binder.Remote.
func (r *remote) Release() {
	r.t.mu.Lock()
	defer r.t.unlock()
	r.t.table.Release(r.ref)
}

// Collected implements binder.Remote.
func (r *remote) Collected() {
	if !r.t.collectLater {
		r.Release()
		return
	}
	r.t.garbage.Lock()
	defer r.t.garbage.Unlock()
	r.t.garbage.refs = append(r.t.garbage.refs, r.ref)
}

// releaseGarbage gives back what was collected.
func (t *Transport) releaseGarbage() {
	t.garbage.Lock()
	refs := t.garbage.refs
	t.garbage.refs = nil
	t.garbage.Unlock()
	for _, r := range refs {
		t.table.Release(r)
	}
}

var errDeadObject = status.Errorf(status.Dead, "the object's process has ended")

// use prepares a use of the reference, waiting for what it takes. EndUse follows when by is a claim.
func (r *remote) use(ctx context.Context, wait bool) (by uint64, l *lane, err error) {
	t := r.t
	for {
		t.mu.Lock()
		by, res := t.table.Use(r.ref)
		owner := r.ref.Resolve().Owner
		l := t.lanes[owner]
		if res == reftab.Ready && (l == nil || !l.writable) {
			t.table.EndUse(r.ref, by)
			res = reftab.NoCredit
		}
		t.unlock()
		switch res {
		case reftab.Ready:
			return by, l, nil
		case reftab.IsDead:
			return 0, nil, errDeadObject
		}
		if err := t.await(ctx, owner, wait); err != nil {
			return 0, nil, err
		}
	}
}

func (r *remote) endUse(by uint64) {
	if by == reftab.NoClaim {
		return
	}
	r.t.mu.Lock()
	r.t.table.EndUse(r.ref, by)
	r.t.unlock()
}

// Identity implements binder.Remote.
func (r *remote) Identity(ctx context.Context) (binder.ObjectID, error) {
	t := r.t
	for {
		by, _, err := r.use(ctx, true)
		if err != nil {
			return binder.ObjectID{}, err
		}
		r.endUse(by)
		t.mu.Lock()
		ref := r.ref.Resolve()
		if ref.Verified() && !ref.Dead() {
			defer t.unlock()
			return binder.ObjectID{Owner: binder.ProcessID(ref.Owner), Node: ref.Node}, nil
		}
		ch := t.progressChannel()
		dead := ref.Dead()
		t.unlock()
		if dead {
			return binder.ObjectID{}, errDeadObject
		}
		select {
		case <-ch:
		case <-t.done:
			return binder.ObjectID{}, errTransportClosed
		case <-ctx.Done():
			return binder.ObjectID{}, status.FromContext(ctx)
		}
	}
}

// LinkToDeath implements binder.Remote. The claim and the lane make the owner's death known.
func (r *remote) LinkToDeath(ctx context.Context, link *binder.DeathLink) error {
	by, _, err := r.use(ctx, true)
	if status.CodeOf(err) == status.Dead {
		link.Fire()
		return nil
	}
	if err != nil {
		return err
	}
	defer r.endUse(by)
	r.t.mu.Lock()
	defer r.t.unlock()
	ref := r.ref.Resolve()
	if ref.Dead() {
		link.Fire()
		return nil
	}
	ref.Links = append(ref.Links, link)
	return nil
}

// UnlinkToDeath implements binder.Remote.
func (r *remote) UnlinkToDeath(link *binder.DeathLink) bool {
	r.t.mu.Lock()
	defer r.t.unlock()
	ref := r.ref.Resolve()
	for i, l := range ref.Links {
		if l == link {
			ref.Links = append(ref.Links[:i], ref.Links[i+1:]...)
			return true
		}
	}
	return false
}
