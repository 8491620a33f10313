package object

import (
	"context"

	"ubinder/runtime/binder"
	"ubinder/runtime/internal/reftab"
	"ubinder/runtime/status"
)

// remote is one local reference to an object of another process. It implements binder.Remote.
type remote struct {
	t    *Transport
	ref  *reftab.Ref
	lane *lane // on which it was called last; guarded by Transport.mu
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
	return &remote{t: r.t, ref: r.ref}
}

// Release implements binder.Remote.
func (r *remote) Release() {
	r.t.mu.Lock()
	defer r.t.unlock()
	r.t.table.Release(r.ref)
}

// ReleaseAll implements binder.Transport.
func (t *Transport) ReleaseAll(list []binder.Remote) {
	refs := make([]*reftab.Ref, len(list))
	for i, r := range list {
		refs[i] = r.(*remote).ref
	}
	for len(refs) > 0 {
		n := min(len(refs), releaseBatch)
		t.mu.Lock()
		t.table.ReleaseAll(refs[:n])
		t.unlock()
		refs = refs[n:]
	}
}

// releaseBatch is how many references are released before others get the lock.
const releaseBatch = 1024

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
	t.table.ReleaseAll(refs)
}

var errDeadObject = status.Errorf(status.Dead, "the object is dead: it was destroyed, or its process has ended")

// use prepares a use of the reference, waiting for what it takes. EndUse follows when by is a claim.
func (r *remote) use(ctx context.Context, wait bool) (by uint64, l *lane, err error) {
	for {
		r.t.mu.Lock()
		by, l, missing, err := r.tryUse()
		r.t.unlock()
		if l != nil || err != nil {
			return by, l, err
		}
		if err := missing.await(ctx, wait); err != nil {
			return 0, nil, err
		}
	}
}

// tryUse prepares a use, unless something has to be waited for first; then there is no lane. The caller
// has the lock.
func (r *remote) tryUse() (by uint64, l *lane, m missing, err error) {
	t := r.t
	by, res := t.table.Use(r.ref)
	owner := r.ref.Owner
	l = t.lane(owner)
	if res == reftab.Ready && (l == nil || !l.writable) {
		t.table.EndUse(r.ref, by)
		res = reftab.NoCredit
	}
	switch res {
	case reftab.Ready:
		return by, l, m, nil
	case reftab.IsDead:
		return 0, nil, m, errDeadObject
	}
	return 0, nil, t.missing(owner, res), nil
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
	if id, ok := r.verified(); ok {
		return id, nil
	}
	by, _, err := r.use(ctx, true)
	if err != nil {
		return binder.ObjectID{}, err
	}
	defer r.endUse(by)
	if err := r.awaitVerdict(ctx); err != nil {
		return binder.ObjectID{}, err
	}
	id, _ := r.verified()
	return id, nil
}

func (r *remote) verified() (id binder.ObjectID, ok bool) {
	r.t.mu.Lock()
	defer r.t.mu.Unlock()
	ref := r.ref.Resolve()
	return binder.ObjectID{Owner: binder.ProcessID(ref.Owner), Node: ref.Node}, ref.Verified()
}

// awaitVerdict waits for the owner's word on the reference; it fails when that is bad.
func (r *remote) awaitVerdict(ctx context.Context) error {
	t := r.t
	for {
		t.mu.Lock()
		judged, dead := r.ref.Verified(), r.ref.Dead()
		progress := t.progressChannel()
		t.unlock()
		switch {
		case judged:
			return nil
		case dead:
			return errDeadObject
		}
		if err := t.awaitProgress(ctx, progress); err != nil {
			return err
		}
	}
}

// Ask implements binder.Remote.
func (r *remote) Ask(ctx context.Context, weak bool) (binder.Remote, error) {
	for {
		ref, missing, err := r.tryAsk(weak)
		if err != nil {
			return nil, err
		}
		if ref != nil {
			return r.t.answered(ctx, &remote{t: r.t, ref: ref})
		}
		if err := missing.await(ctx, true); err != nil {
			return nil, err
		}
	}
}

func (r *remote) tryAsk(weak bool) (*reftab.Ref, missing, error) {
	t := r.t
	t.mu.Lock()
	defer t.unlock()
	ref, res := t.table.Ask(r.ref, weak)
	switch res {
	case reftab.Ready:
		return ref, missing{}, nil
	case reftab.IsDead:
		return nil, missing{}, errDeadObject
	}
	return nil, t.missing(r.ref.Owner, res), nil
}

// answered returns a reference that was asked for, once it is there.
func (t *Transport) answered(ctx context.Context, r *remote) (binder.Remote, error) {
	err := r.awaitVerdict(ctx)
	if err == nil && !r.Alive() {
		err = errDeadObject
	}
	if err != nil {
		r.Release()
		return nil, err
	}
	return r, nil
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
	ref.Link(link)
	return nil
}

// UnlinkToDeath implements binder.Remote.
func (r *remote) UnlinkToDeath(link *binder.DeathLink) bool {
	r.t.mu.Lock()
	defer r.t.unlock()
	return r.ref.Unlink(link)
}
