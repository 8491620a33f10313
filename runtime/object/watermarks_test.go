package object_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
)

type markReached struct {
	owner binder.ProcessID
	held  int
	high  bool
}

func TestHandleWatermarks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := bus.NewHub()
		reached := make(chan markReached, 10)
		told := func() (list []markReached) {
			synctest.Wait()
			for len(reached) > 0 {
				list = append(list, <-reached)
			}
			return list
		}
		marks := binder.HandleWatermarks{Low: 2, Warning: 4, High: 6, Reached: func(owner *binder.Identity, held int, high bool) {
			reached <- markReached{owner.Process, held, high}
		}}
		holder, owner, other := openHubAs(t, hub, bus.Peer{}, binder.WithHandleWatermarks(marks)), openHub(t, hub), openHub(t, hub)
		var held []binder.Object
		require.NoError(t, holder.BecomeContextManager(t.Context(), holder.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
			held = append(held, c.TakeObject(0))
			return nil
		}))))
		give := func(p *binder.Process, n *binder.Node) {
			h, err := p.ContextManager(t.Context())
			require.NoError(t, err)
			defer h.Release()
			call := binder.Transaction{Code: 1, Data: binder.Data{Attachments: []binder.Attachment{{Object: n}}}}
			require.NoError(t, h.Transact(t.Context(), &call, new(binder.Reply)))
		}
		rise := func(to int) {
			for len(held) < to {
				give(owner, owner.NewNode(nil))
			}
		}
		fall := func(to int) {
			binder.ReleaseAll(held[to:]...)
			held = held[:to]
		}

		warned := []markReached{{owner.ID(), 4, false}}
		full := []markReached{{owner.ID(), 6, true}}
		rise(3)
		require.Empty(t, told())
		rise(4)
		require.Equal(t, warned, told())
		rise(5)
		require.Empty(t, told())
		rise(6)
		require.Equal(t, full, told())
		rise(9)
		fall(3)
		rise(8)
		require.Empty(t, told(), "there were never as few as the low mark")
		fall(2)
		rise(4)
		require.Equal(t, warned, told())
		rise(6)
		require.Equal(t, full, told())

		fall(0)
		one := owner.NewNode(nil)
		for range 7 {
			give(owner, one)
			give(other, other.NewNode(nil))
			if len(held) > 8 {
				break
			}
		}
		require.Equal(t, []markReached{{other.ID(), 4, false}}, told(), "one object is one, and each process is counted by itself")
	})
}

func TestWatermarksTellSomebody(t *testing.T) {
	require.Panics(t, func() { binder.WithHandleWatermarks(binder.HandleWatermarks{High: 1}) })
}
