package object_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/brokerwire"
	"ubinder/runtime/object"
	"ubinder/runtime/status"
)

// transactAside makes a call on a goroutine of its own, and tells how it has ended.
func transactAside(ctx context.Context, h *binder.Handle, tr *binder.Transaction) <-chan error {
	ended := make(chan error, 1)
	go func() {
		var r binder.Reply
		ended <- h.Transact(ctx, tr, &r)
		r.Release()
	}()
	return ended
}

// A call that comes back to a chain is left to who waits there. If that one finds its reply first, a looper has it:
// nothing else need happen in the process.
func TestACallThatComesBackJustBeforeTheReplyIsHandled(t *testing.T) {
	victim, _, l, h := calling(t)
	ended := transactAside(t.Context(), h, &binder.Transaction{Code: 1})
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

// Who has more calls come back than its caller can handle does not keep that from giving up.
func TestACallerThatIsAlwaysCalledBackCanGiveUp(t *testing.T) {
	path := brokertest.Start(t)
	server, client := dial(t, path), dial(t, path)
	require.NoError(t, server.BecomeContextManager(t.Context(), server.NewNode(binder.HandlerFunc(func(ctx context.Context, c *binder.IncomingCall) error {
		if c.Code == 2 {
			return nil
		}
		back := c.TakeObject(0).(*binder.Handle)
		defer back.Release()
		var callers sync.WaitGroup
		for range 64 {
			callers.Go(func() {
				for ctx.Err() == nil { // it ends when the caller has given up
					binder.Call(ctx, back, 1, nil)
				}
			})
		}
		callers.Wait()
		return nil
	}))))
	h := rootOf(t, client)
	ctx, giveUp := context.WithCancel(t.Context())
	var nested atomic.Int32
	own := client.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error {
		if nested.Add(1) == 20 {
			giveUp()
		}
		time.Sleep(time.Millisecond) // by then the others have called again
		return nil
	}))
	ended := transactAside(ctx, h, &binder.Transaction{Code: 1, Data: binder.Data{Attachments: []binder.Attachment{object0(own)}}})
	stop := make(chan struct{})
	var other sync.WaitGroup
	other.Go(func() { // it takes what comes back as soon as it comes
		for {
			select {
			case <-stop:
				return
			default:
				binder.Call(t.Context(), h, 2, nil)
			}
		}
	})
	defer other.Wait()
	defer close(stop)
	select {
	case err := <-ended:
		require.ErrorIs(t, err, status.Cancelled)
	case <-time.After(killPatience):
		t.Fatalf("it has handled %d calls meanwhile", nested.Load())
	}
}

// What a peer tells of a payload waits for a looper once, even if the calls themselves need none: they come back to who waits.
func TestPayloadsThatAreToldOfDoNotPileUp(t *testing.T) {
	victim, process, l, h := calling(t)
	victim.SpinAlways(testSpin)
	process.SetLoopers(0)
	ended := transactAside(t.Context(), h, &binder.Transaction{Code: 1})
	call, at := l.await(t, bus.KindCall)
	for range 20 {
		l.writer.Put(&bus.Descriptor{Kind: bus.KindFilling, Code: bus.KindCall, Length: 1})
		l.writer.Put(&bus.Descriptor{Kind: bus.KindCall, Flags: bus.FlagFilled, Node: 7, Chain: call.Chain, Length: 1})
		l.ring()
		answer, _ := l.await(t, bus.KindReply)
		l.acknowledge(answer.Slot)
	}
	require.LessOrEqual(t, process.Loopers().Waiting, 1)
	l.writer.Put(&bus.Descriptor{Kind: bus.KindReply, Node: at, Index: call.Index})
	l.ring()
	require.NoError(t, <-ended)
}

// calling returns a victim with a handle of a hostile peer's node, and that peer's side of their lane.
func calling(t *testing.T) (*object.Transport, *binder.Process, *peerLane, *binder.Handle) {
	path := brokertest.Start(t)
	victim, err := object.Dial(t.Context(), path, "victim")
	require.NoError(t, err)
	process := binder.NewProcess(victim)
	t.Cleanup(func() { process.Close() })
	p := joinPeer(t, path)
	t.Cleanup(p.leave)
	manager := brokerwire.Packet{Kind: brokerwire.SetContextManager, Value: 1, Cookie: 1}
	require.NoError(t, p.broker.Send(manager.Append(nil)))
	p.hear(brokerwire.Done)
	l := p.newLane(uint64(process.ID()))
	p.shake(l)
	h, err := process.ContextManager(t.Context())
	require.NoError(t, err)
	return victim, process, l, h
}
