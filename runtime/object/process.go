package object

import (
	"context"
	"encoding/binary"
	"time"

	"ubinder/runtime/binder"
	"ubinder/runtime/internal/reftab"
	"ubinder/runtime/status"
)

// processNode is the number of the node that stands for a process itself. Whoever has a lane may call
// it; the runtime answers, on a goroutine aside from the loopers, and judges who may do what.
const processNode = 0

// Transaction codes of a process. Payloads are in the machine's byte order.
const (
	processFreeze     = 1 // timeout, 8 bytes of nanoseconds
	processUnfreeze   = 2
	processFrozenInfo = 3 // answer: flags and calls pending, 4 bytes each
)

// Flags in the answer to processFrozenInfo.
const (
	infoFrozen        = 0x1
	infoSyncReceived  = 0x2
	infoAsyncReceived = 0x4
)

// aside runs a call on a goroutine of its own: no looper need be free for it.
func (t *Transport) aside(c *incoming) {
	if t.closed {
		t.queue.push(c) // which is discarded
		return
	}
	t.routines.Go(func() {
		defer t.endAside(c)
		t.run(c, nil)
	})
}

// endAside finishes a call that ran on the calling goroutine, which perhaps ends with it.
func (t *Transport) endAside(c *incoming) {
	t.handlerExited(c)
	t.mu.Lock()
	t.finish(c)
	t.unlock()
}

// handleProcess answers a call of the process itself. It may block; the caller's end ends it.
func (t *Transport) handleProcess(c *incoming) error {
	caller, in := c.lane.peer, c.call.Payload
	t.mu.Lock()
	process := t.process
	t.mu.Unlock()
	if process == nil || !process.MayFreeze(caller) {
		return status.Errorf(status.Denied, "process %d (user %d) may not freeze process %d (user %d)", caller.Process, caller.UID, t.self.Process, t.self.UID)
	}
	switch c.desc.Code {
	case processFreeze:
		if len(in) != 8 {
			return status.Errorf(status.BadValue, "a timeout has 8 bytes, not %d", len(in))
		}
		timeout := min(binary.NativeEndian.Uint64(in), uint64(maxFreezeTimeout))
		return t.freeze(time.Duration(timeout), c.cancelled.Load)
	case processUnfreeze:
		t.unfreeze()
		return nil
	case processFrozenInfo:
		c.call.Reply.Payload = infoBytes(t.frozenInfo())
		return nil
	}
	return status.Errorf(status.UnknownMethod, "a process has no method %d", c.desc.Code)
}

// maxFreezeTimeout keeps a request from occupying a goroutine for ever.
const maxFreezeTimeout = time.Hour

func (t *Transport) unfreeze() {
	t.mu.Lock()
	t.thaw()
	t.unlock()
	t.tellBroker()
}

func infoBytes(info binder.FrozenInfo) []byte {
	var flags uint32
	for _, f := range []struct {
		set bool
		bit uint32
	}{{info.Frozen, infoFrozen}, {info.SyncReceived, infoSyncReceived}, {info.AsyncReceived, infoAsyncReceived}} {
		if f.set {
			flags |= f.bit
		}
	}
	return binary.NativeEndian.AppendUint32(binary.NativeEndian.AppendUint32(nil, flags), uint32(info.Pending))
}

func infoFrom(b []byte) (binder.FrozenInfo, error) {
	if len(b) != 8 {
		return binder.FrozenInfo{}, status.Errorf(status.Protocol, "the answer about freezing has %d bytes, not 8", len(b))
	}
	flags := binary.NativeEndian.Uint32(b)
	return binder.FrozenInfo{
		Frozen: flags&infoFrozen != 0, SyncReceived: flags&infoSyncReceived != 0, AsyncReceived: flags&infoAsyncReceived != 0,
		Pending: int(binary.NativeEndian.Uint32(b[4:])),
	}, nil
}

// callProcess calls a process itself.
func (t *Transport) callProcess(ctx context.Context, id binder.ProcessID, code uint32, payload []byte) ([]byte, error) {
	if err := status.FromContext(ctx); err != nil {
		return nil, err
	}
	chain := binder.ChainFrom(ctx)
	l, err := t.laneTo(ctx, uint64(id))
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	p, err := t.begin(ctx, l, processNode, chain.Token, true)
	t.unlock()
	if err != nil {
		return nil, err
	}
	tr := binder.Transaction{Code: code, Data: binder.Data{Payload: payload}}
	p.describe(processNode, reftab.NoClaim, chain, &tr)
	var r binder.Reply
	defer r.Release()
	if err := p.call(ctx, ctx.Done() != nil, nil, chain, &tr, &r); err != nil {
		return nil, err
	}
	return append([]byte(nil), r.Payload...), nil
}

// Freeze implements binder.Transport.
func (t *Transport) Freeze(ctx context.Context, id binder.ProcessID, timeout time.Duration) error {
	return status.About(t.freezeProcess(ctx, id, max(timeout, 0)), "freezing process %d", id)
}

func (t *Transport) freezeProcess(ctx context.Context, id binder.ProcessID, timeout time.Duration) error {
	if id == t.self.Process {
		stop := context.AfterFunc(ctx, t.noteEnd)
		defer stop()
		return t.freeze(timeout, func() bool { return ctx.Err() != nil })
	}
	_, err := t.callProcess(ctx, id, processFreeze, binary.NativeEndian.AppendUint64(nil, uint64(timeout)))
	return err
}

// noteEnd has who waits for progress look whether its context has ended.
func (t *Transport) noteEnd() {
	t.mu.Lock()
	t.noteProgress()
	t.unlock()
}

// Unfreeze implements binder.Transport.
func (t *Transport) Unfreeze(ctx context.Context, id binder.ProcessID) error {
	if id == t.self.Process {
		t.unfreeze()
		return nil
	}
	_, err := t.callProcess(ctx, id, processUnfreeze, nil)
	return status.About(err, "unfreezing process %d", id)
}

// FrozenInfo implements binder.Transport.
func (t *Transport) FrozenInfo(ctx context.Context, id binder.ProcessID) (binder.FrozenInfo, error) {
	if id == t.self.Process {
		return t.frozenInfo(), nil
	}
	b, err := t.callProcess(ctx, id, processFrozenInfo, nil)
	if err != nil {
		return binder.FrozenInfo{}, status.About(err, "asking process %d about its freezing", id)
	}
	return infoFrom(b)
}

// FindProcesses implements binder.Transport.
func (t *Transport) FindProcesses(ctx context.Context, pid int32) ([]binder.ProcessID, error) {
	var list []binder.ProcessID
	for last := uint64(0); ; {
		next, err := t.bus.Find(ctx, pid, last)
		if err != nil || next == 0 {
			return list, err
		}
		list = append(list, binder.ProcessID(next))
		last = next
	}
}
