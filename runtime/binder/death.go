package binder

import (
	"context"
	"sync/atomic"
)

// DeathLink is one registration for the death of an object.
type DeathLink struct {
	fn     func()
	remote Remote
	fired  atomic.Bool
}

// LinkToDeath implements Object.
func (h *Handle) LinkToDeath(ctx context.Context, fn func()) (*DeathLink, error) {
	if err := h.use(); err != nil {
		return nil, err
	}
	defer h.done()
	l := &DeathLink{fn: fn, remote: h.remote.Retain()}
	if err := h.remote.LinkToDeath(ctx, l); err != nil {
		l.remote.Release()
		return nil, err
	}
	return l, nil
}

// Fire tells that the object died; only the first call counts. It is for transports, and returns at
// once: the recipient runs on a goroutine of its own.
func (l *DeathLink) Fire() {
	if l.fired.CompareAndSwap(false, true) {
		go func() {
			l.remote.Release()
			l.fn()
		}()
	}
}

// Unlink takes the registration back. False means that the recipient was called, or is about to be.
// The link holds a reference to the object until it fires or is unlinked.
func (l *DeathLink) Unlink() bool {
	if l.remote == nil || !l.fired.CompareAndSwap(false, true) {
		return false
	}
	l.remote.UnlinkToDeath(l)
	l.remote.Release()
	return true
}
