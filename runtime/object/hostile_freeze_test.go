package object_test

import (
	"context"
	"encoding/binary"
	"math"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/status"
)

// request posts a call of the owner's process itself.
func (s *scene) request(code uint32, flags uint16, payload []byte) {
	slot, err := s.link.Reserve(bus.Need{Class: bus.ClassCall, Size: len(payload)})
	require.NoError(s.T, err)
	copy(slot.Bytes, payload)
	_, err = s.link.Post(&bus.Descriptor{Kind: bus.KindCall, Code: code, Flags: flags, Length: uint32(len(payload))}, slot, nil)
	require.NoError(s.T, err)
	s.settle(s.link)
}

func TestRequestsToAProcessAreJudged(t *testing.T) {
	freeze := binary.NativeEndian.AppendUint64(nil, 0)
	cases := map[string]struct {
		may     bool
		code    uint32
		payload []byte
		answer  status.Code
	}{
		"freeze without the right":   {false, 1, freeze, status.Denied},
		"unfreeze without the right": {false, 2, nil, status.Denied},
		"info without the right":     {false, 3, nil, status.Denied},
		"timeout of 3 bytes":         {true, 1, []byte{1, 2, 3}, status.BadValue},
		"no timeout":                 {true, 1, nil, status.BadValue},
		"unfreeze of what runs":      {true, 2, []byte("noise"), status.OK},
		"unknown request":            {true, 99, freeze, status.UnknownMethod},
		"ping of no object":          {true, binder.PingTransaction, nil, status.UnknownMethod},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t, binder.WithFreezePolicy(func(*binder.Identity) bool {
					return c.may
				}))
				s.request(c.code, 0, c.payload)
				require.Equal(t, c.answer, s.answer(s.link))
				s.honestGoOn()
			})
		})
	}
}

// By default it takes the same user, or root.
func TestAnotherUserMayNotFreeze(t *testing.T) {
	hub := bus.NewHub()
	open := func(uid uint32) *binder.Process { return openHubAs(t, hub, bus.Peer{UID: uid}) }
	root, target, same, other := open(0), open(5), open(5), open(6)
	for _, p := range []*binder.Process{root, same} {
		require.NoError(t, p.Freeze(t.Context(), target.ID(), 0))
		require.NoError(t, p.Unfreeze(t.Context(), target.ID()))
	}
	require.ErrorIs(t, other.Freeze(t.Context(), target.ID(), 0), status.Denied)
	require.ErrorIs(t, other.Unfreeze(t.Context(), target.ID()), status.Denied)
	_, err := other.FrozenInfo(t.Context(), target.ID())
	require.ErrorIs(t, err, status.Denied)
	require.ErrorIs(t, other.Freeze(t.Context(), 999, 0), status.Dead)
}

// A peer that says nonsense about itself is not called, and that is all.
func TestLiesAboutBeingFrozen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		var got binder.Object
		deputy := s.client.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
			got = c.TakeObject(0)
			return nil
		}))
		node := s.lend(s.client, deputy)
		l := s.links[uint64(s.client.ID())]
		s.say(l, bus.Descriptor{Kind: bus.KindCall, Code: 1, Node: node}, bus.Entry{Kind: bus.EntrySend, Node: 6})
		require.NotNil(t, got)
		told := make(chan bool, 100)
		_, err := got.(*binder.Handle).LinkToFrozen(t.Context(), func(frozen bool) { told <- frozen })
		require.NoError(t, err)
		require.False(t, <-told)
		words := l.FreezeWords()
		for _, w := range []uint64{1, 2, 3, 1 << 63, math.MaxUint64, bus.FrozenFrom(math.MaxUint64>>2, true)} {
			words.Mine.Store(w)
			s.control(l, bus.Descriptor{Kind: bus.KindFrozen, Node: w, By: w})
			err := got.Transact(t.Context(), &binder.Transaction{Code: 1}, new(binder.Reply))
			require.ErrorIs(t, err, status.Frozen)
			require.NoError(t, got.Transact(t.Context(), &binder.Transaction{Code: 1, Flags: binder.Oneway}, nil))
		}
		synctest.Wait()
		words.Refused.Store(math.MaxUint32)
		words.Watching.Store(math.MaxUint32)
		require.NoError(t, s.owner.Freeze(t.Context(), s.client.ID(), 0))
		require.NoError(t, s.owner.Unfreeze(t.Context(), s.client.ID()))
		s.settle(l)
		require.NoError(t, l.Err())
		s.honestGoOn()
	})
}

// A call that comes while the process is frozen is answered, and not begun; a oneway call to the process
// itself is nothing.
func TestAFrozenProcessAnswersWhoCallsAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		require.NoError(t, s.client.Freeze(t.Context(), s.owner.ID(), 0))
		s.say(s.link, bus.Descriptor{Kind: bus.KindCall, Code: 1, Node: 1})
		require.Equal(t, status.Frozen, s.answer(s.link))
		s.say(s.link, s.call(0)) // which it does not hold
		require.Equal(t, status.Denied, s.answer(s.link))
		s.request(1, bus.FlagOneway, nil)
		s.request(2, bus.FlagOneway|uint16(binder.UpdateTxn), nil)
		s.request(2, bus.FlagOneway|uint16(binder.UpdateTxn), nil)
		s.control(s.link, bus.Descriptor{Kind: bus.KindCancel, Node: 1, Index: 3})
		info, err := s.client.FrozenInfo(t.Context(), s.owner.ID())
		require.NoError(t, err)
		require.True(t, info.Frozen)
		require.NoError(t, s.client.Unfreeze(t.Context(), s.owner.ID()))
		synctest.Wait()
		require.NoError(t, s.link.Err())
		s.honestGoOn()
	})
}

// Whoever is cut off, or ends, while calls of its wait in a frozen process leaves nothing behind.
func TestTheEndOfWhoseCallsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		require.NoError(t, s.client.Freeze(t.Context(), s.owner.ID(), 0))
		oneway := bus.Descriptor{Kind: bus.KindCall, Flags: bus.FlagOneway, Code: rootLeave, Node: 1}
		s.say(s.link, oneway, bus.Entry{Kind: bus.EntrySend, Node: 9})
		s.say(s.link, oneway)
		s.control(s.link, bus.Descriptor{Kind: bus.KindRelease, Node: 1, By: 7})
		s.cutOff()
		require.NoError(t, s.client.Unfreeze(t.Context(), s.owner.ID()))
		synctest.Wait()
		s.honestGoOn()
	})
}

// A call that was posted while the process was frozen, and that it has not looked at before it goes on, is
// not begun: its caller may have seen the word, and given up. A oneway call is.
func TestACallOfFrozenTimesIsNotBegunLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		began := 0
		root := s.owner.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
			began++
			return nil
		}))
		require.NoError(t, s.owner.BecomeContextManager(t.Context(), root))
		require.NoError(t, s.client.Freeze(t.Context(), s.owner.ID(), 0))
		for _, flags := range []uint16{0, bus.FlagOneway} {
			slot, err := s.link.Reserve(bus.Need{Class: bus.ClassCall})
			require.NoError(t, err)
			_, err = s.link.Post(&bus.Descriptor{Kind: bus.KindCall, Code: 1, Node: root.NodeID(), Flags: flags}, slot, nil)
			require.NoError(t, err) // and nobody is rung
		}
		require.NoError(t, s.client.Unfreeze(t.Context(), s.owner.ID()))
		synctest.Wait()
		require.Equal(t, status.Frozen, s.answer(s.link))
		require.Equal(t, 1, began)
		s.honestGoOn()
	})
}
