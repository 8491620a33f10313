package binder

import (
	"context"
	"errors"
	"sync"
	"time"

	"ubinder/runtime/status"
)

// FrozenInfo is what a process knows of its own freezing; the driver's BINDER_GET_FROZEN_INFO.
type FrozenInfo struct {
	Frozen        bool
	SyncReceived  bool // since it was frozen last, somebody tried a sync call, which failed
	AsyncReceived bool // since it was frozen last, a oneway call came, which waits
	Pending       int  // calls that it waits for, or handles; those since it was frozen, that is
}

// Freeze freezes a process: until Unfreeze no handler of its begins. Calls of others that are not
// oneway fail with status.Frozen at once, whether it runs or not: it may be stopped (SIGSTOP, a cgroup)
// as soon as Freeze has returned. Oneway calls wait, in order. What it has called itself is answered.
//
// Freeze waits for calls that the process handles, has queued, has not answered or has made itself; of
// oneway calls only until they have begun. If there are any left after timeout it fails with status.Full,
// and the process is unfrozen, also if it was frozen before, unless another Freeze gives it more time; the
// driver's EAGAIN is that too. When ctx
// ends Freeze fails with its error, and gives up likewise; but what another process had answered by then
// counts, so who must know calls Unfreeze.
//
// It is the process itself that judges whether this one may, and so it must run: for Unfreeze, let it
// go on first. By default root and the process's own user may; see WithFreezePolicy.
func (p *Process) Freeze(ctx context.Context, target ProcessID, timeout time.Duration) error {
	return p.transport.Freeze(ctx, target, timeout)
}

// Unfreeze lets a frozen process go on: oneway calls that came meanwhile are handled, in order. It
// does nothing to one that is not frozen.
func (p *Process) Unfreeze(ctx context.Context, target ProcessID) error {
	return p.transport.Unfreeze(ctx, target)
}

// FrozenInfo asks a process about its freezing; it takes the right to freeze it.
func (p *Process) FrozenInfo(ctx context.Context, target ProcessID) (FrozenInfo, error) {
	return p.transport.FrozenInfo(ctx, target)
}

// FindProcesses returns the connections that the OS process pid has to the domain, in order; pid is as
// the broker sees it. There may be none.
func (p *Process) FindProcesses(ctx context.Context, pid int32) ([]ProcessID, error) {
	return p.transport.FindProcesses(ctx, pid)
}

// FreezePID is Freeze for every connection of an OS process: all of them, or none, also when ctx ends. It fails with
// status.UnknownTarget if there is none.
func (p *Process) FreezePID(ctx context.Context, pid int32, timeout time.Duration) error {
	list, err := p.ofPID(ctx, pid)
	if err != nil {
		return err
	}
	end := time.Now().Add(timeout)
	for i, id := range list {
		if err := p.Freeze(ctx, id, time.Until(end)); err != nil {
			frozen := list[:i]
			if ctx.Err() != nil { // it may have answered meanwhile
				frozen = list[:i+1]
			}
			return p.undoFreeze(ctx, frozen, err)
		}
	}
	return nil
}

// undoTimeout bounds the wait for processes that a freeze is taken back of: they run, for else they could not have frozen.
const undoTimeout = 10 * time.Second

// undoFreeze unfreezes processes because of err, and returns that; it tells which may have stayed frozen.
func (p *Process) undoFreeze(ctx context.Context, frozen []ProcessID, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	for _, id := range frozen {
		switch e := p.Unfreeze(ctx, id); {
		case e == nil, errors.Is(e, status.Dead), errors.Is(e, status.Denied):
		default:
			err = status.About(err, "process %d may have stayed frozen (%v)", id, e)
		}
	}
	return err
}

// UnfreezePID is Unfreeze for every connection of an OS process.
func (p *Process) UnfreezePID(ctx context.Context, pid int32) error {
	list, err := p.ofPID(ctx, pid)
	for _, id := range list {
		if e := p.Unfreeze(ctx, id); e != nil && err == nil {
			err = e
		}
	}
	return err
}

func (p *Process) ofPID(ctx context.Context, pid int32) ([]ProcessID, error) {
	list, err := p.FindProcesses(ctx, pid)
	if err == nil && len(list) == 0 {
		err = status.Errorf(status.UnknownTarget, "the OS process %d has no connection to this bus", pid)
	}
	return list, err
}

// FreezePolicy decides who may freeze this process, unfreeze it, and ask about that. The identity is
// the broker's word. It may be called concurrently, and must not block.
type FreezePolicy func(caller *Identity) bool

// WithFreezePolicy replaces the default: root, and the process's own user.
func WithFreezePolicy(may FreezePolicy) ProcessOption {
	return func(p *Process) { p.mayFreeze = may }
}

// MayFreeze reports whether a process may freeze this one. It is for transports.
func (p *Process) MayFreeze(caller *Identity) bool {
	if p.mayFreeze != nil {
		return p.mayFreeze(caller)
	}
	return caller.UID == 0 || caller.UID == p.Identity().UID
}

// FrozenLink is one registration for the frozen state of the process that an object lives in.
type FrozenLink struct {
	fn     func(frozen bool)
	remote Remote
	death  *DeathLink

	mu      sync.Mutex
	state   bool // the newest
	told    bool // fn was called
	last    bool // with this
	running bool // a goroutine calls fn
	ended   bool
}

// LinkToFrozen arranges for fn to be called, on a goroutine of its own, with the state that the
// object's process is in now, and then whenever it has changed. Calls are in order and one at a time:
// the next comes when fn has returned, with the newest state, if that differs. The registration ends
// with Unlink or the object. It fails with status.Dead for an object that is dead.
func (h *Handle) LinkToFrozen(ctx context.Context, fn func(frozen bool)) (*FrozenLink, error) {
	if err := h.use(); err != nil {
		return nil, err
	}
	defer h.done()
	l := &FrozenLink{fn: fn, remote: h.remote.Retain()}
	err := h.remote.LinkToFrozen(ctx, l)
	if err == nil {
		l.death, err = h.LinkToDeath(ctx, func() { l.end() })
	}
	if err != nil {
		l.end()
		return nil, err
	}
	return l, nil
}

// Unlink takes the registration back: fn is not called again, though a call may be under way. False
// means that it has ended already. The link holds a reference to the object until then.
func (l *FrozenLink) Unlink() bool {
	l.death.Unlink()
	return l.end()
}

func (l *FrozenLink) end() bool {
	l.mu.Lock()
	before := l.ended
	l.ended = true
	l.mu.Unlock()
	if before {
		return false
	}
	l.remote.UnlinkToFrozen(l)
	l.remote.Release()
	return true
}

// Tell notes the state of the object's process. It is for transports, and returns at once.
func (l *FrozenLink) Tell(frozen bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = frozen
	if !l.running && !l.ended {
		l.running = true
		routine(l.run)
	}
}

func (l *FrozenLink) run() {
	for {
		l.mu.Lock()
		if l.ended || l.told && l.last == l.state {
			l.running = false
			l.mu.Unlock()
			return
		}
		l.told, l.last = true, l.state
		frozen := l.state
		l.mu.Unlock()
		l.fn(frozen)
	}
}
