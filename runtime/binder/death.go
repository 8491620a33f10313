package binder

import "sync/atomic"

// DeathLink is one registration for the death of an object.
type DeathLink struct {
	fn     func()
	remote Remote // of another process's object
	node   *Node  // of this process
	fired  atomic.Bool
}

// Fire tells that the object died; only the first call counts. It is for transports, and returns at
// once: the recipient runs on a goroutine of its own.
func (l *DeathLink) Fire() {
	if l.fired.CompareAndSwap(false, true) {
		go func() {
			if l.remote != nil {
				l.remote.Release()
			}
			l.fn()
		}()
	}
}

// Unlink takes the registration back. False means that the recipient was called, or is about to be.
// The link holds a reference to the object until it fires or is unlinked.
func (l *DeathLink) Unlink() bool {
	if !l.fired.CompareAndSwap(false, true) {
		return false
	}
	if l.node != nil {
		l.node.unlinkToDeath(l)
		return true
	}
	l.remote.UnlinkToDeath(l)
	l.remote.Release()
	return true
}
