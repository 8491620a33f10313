package object_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/brokerwire"
	"ubinder/runtime/object"
)

// A call that comes back to a chain is left to who waits there. If that one finds its reply first, a looper has it:
// nothing else need happen in the process.
func TestACallThatComesBackJustBeforeTheReplyIsHandled(t *testing.T) {
	path := brokertest.Start(t)
	victim, err := object.Dial(t.Context(), path, "victim")
	require.NoError(t, err)
	process := binder.NewProcess(victim)
	t.Cleanup(func() { process.Close() })
	p := joinPeer(t, path)
	defer p.leave()
	manager := brokerwire.Packet{Kind: brokerwire.SetContextManager, Value: 1, Cookie: 1}
	require.NoError(t, p.broker.Send(manager.Append(nil)))
	p.hear(brokerwire.Done)
	l := p.newLane(uint64(process.ID()))
	p.shake(l)
	h, err := process.ContextManager(t.Context())
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() {
		var r binder.Reply
		ended <- h.Transact(t.Context(), &binder.Transaction{Code: 1}, &r)
		r.Release()
	}()
	call, at := l.await(t, bus.KindCall)
	armed := l.in.Uint32(offCallerArmed + 4*int(call.Index))
	for armed.Load()&3 != 1 && armed.Load()&3 != 3 {
		runtime.Gosched()
	}
	victim.TakeOne(func() {
		l.writer.Put(&bus.Descriptor{Kind: bus.KindCall, Node: 7, Index: 5, Chain: call.Chain}) // which it does not hold
		l.writer.Put(&bus.Descriptor{Kind: bus.KindReply, Node: at, Index: call.Index})
		l.ringWord(offCallerArmed+4*int(call.Index), offCallerBell+4*int(call.Index))
		for armed.Load()&3 != 0 { // then it is in want of the lock
			runtime.Gosched()
		}
	})
	require.NoError(t, <-ended)
	answer, _ := l.await(t, bus.KindReply)
	require.EqualValues(t, 5, answer.Index)
}

// await returns the next message of a kind, and its position.
func (l *peerLane) await(t *testing.T, kind uint8) (d bus.Descriptor, at uint64) {
	for deadline := time.Now().Add(killPatience); time.Now().Before(deadline); runtime.Gosched() {
		if at = l.reader.Next(); at == l.reader.Published() {
			continue
		}
		if l.reader.Get(&d); d.Kind == kind {
			return d, at
		}
	}
	t.Fatalf("no message of kind %d has come", kind)
	return d, at
}
