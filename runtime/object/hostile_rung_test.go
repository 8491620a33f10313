package object_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/bus"
)

// A peer that says it has woken a looper, and wakes nobody, does not keep others from being served: their
// first call comes through the poller, which relies on a looper that was rung.
func TestALooperThatWasNotReallyRungIsWoken(t *testing.T) {
	path := brokertest.Start(t)
	server := dial(t, path)
	root := server.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error { return nil }))
	require.NoError(t, server.BecomeContextManager(t.Context(), root))
	p := joinPeer(t, path)
	defer p.leave()
	l := p.newLane(uint64(server.ID()))
	p.shake(l)
	l.writer.Put(&bus.Descriptor{Kind: bus.KindCall, Node: root.NodeID(), Flags: bus.FlagOneway})
	l.ring()
	for l.in.Uint64(offDrained).Load() == 0 { // now loopers sleep on its lane
		runtime.Gosched()
	}
	var ended atomic.Bool
	p.work.Go(func() {
		for ; !ended.Load(); runtime.Gosched() {
			for i := range bus.Loopers {
				l.pretendRing(offArmed+4*i, offBell+4*i)
			}
		}
	})
	defer ended.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), killPatience)
	defer cancel()
	for range 20 {
		h, err := dial(t, path).ContextManager(ctx)
		require.NoError(t, err)
		_, err = binder.Call(ctx, h, 1, nil)
		require.NoError(t, err)
	}
}

// pretendRing marks a looper that sleeps as rung.
func (l *peerLane) pretendRing(armed, bell int) {
	if a := l.in.Uint32(armed).Load(); a&3 == 1 && l.bells.Uint32(bell).Load() != a {
		time.Sleep(time.Millisecond) // else it is awake still, and sees the bell
		l.bells.Uint32(bell).Store(a)
	}
}
