package transporttest

import (
	"context"
	"strconv"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// signal makes a node that closes a channel when it is called.
func (s *Stage) signal() (*binder.Node, <-chan struct{}) {
	ch := make(chan struct{})
	return s.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error {
		close(ch)
		return nil
	})), ch
}

// made has a puppet make nodes and returns them.
func (s *Stage) made(p *Puppet, n int) []binder.Object {
	return s.Do(p, doMake, []byte(strconv.Itoa(n))).TakeObjects(0)
}

// answers returns what a puppet answers.
func (s *Stage) answers(p *Puppet, code uint32, list ...binder.Attachment) string {
	s.Helper()
	return string(s.Do(p, code, nil, list...).Payload)
}

var destructions = []Case{
	{"DestroyIsTold", func(s *Stage) {
		p := s.Puppet()
		n, told := s.Named("n"), make(chan struct{})
		bell, rung := s.signal()
		s.Do(p, doWatch, nil, object(n), binder.Attachment{Field: 1, Object: bell})
		_, err := n.LinkToDeath(s.Ctx, func() { close(told) })
		require.NoError(s, err)
		assert.True(s, n.Alive())
		n.Destroy()
		n.Destroy()
		<-rung
		<-told
		assert.False(s, n.Alive())
		assert.Equal(s, "x", string(s.Do(p, Echo, []byte("x")).Payload), "the process lives on")
	}},
	{"DestroyedObjectsAreDead", func(s *Stage) {
		p := s.Puppet()
		list := s.made(p, 2)
		h := list[0].(*binder.Handle)
		before, err := h.ID(s.Ctx)
		require.NoError(s, err)
		gone := make(chan struct{}, 2)
		_, err = h.LinkToDeath(s.Ctx, func() { gone <- struct{}{} })
		require.NoError(s, err)
		s.Do(p, doDestroyMade, nil)
		<-gone
		assert.False(s, h.Alive())
		_, err = s.Try(s.Ctx, h, 1, nil)
		require.ErrorIs(s, err, status.Dead)
		link, err := h.LinkToDeath(s.Ctx, func() { gone <- struct{}{} })
		require.NoError(s, err)
		<-gone
		assert.False(s, link.Unlink())
		after, err := h.ID(s.Ctx)
		require.NoError(s, err)
		assert.Equal(s, before, after)
		binder.ReleaseAll(list...)
		require.Equal(s, "x", string(s.Do(s.made(p, 1)[0], 1, []byte("x")).Payload)[len("made:"):])
	}},
	{"ADestroyedNodeIsPassedOnDead", func(s *Stage) {
		p, q := s.Puppet(), s.Puppet()
		n := s.Named("n")
		n.Destroy()
		_, err := s.Try(s.Ctx, p, doCall, nil, object(n))
		require.ErrorIs(s, err, status.Dead)
		o := s.made(p, 1)[0]
		defer binder.Release(o)
		s.Do(p, doDestroyMade, nil)
		_, err = s.Try(s.Ctx, q, doCall, nil, object(o)) // whether this process knows it or not
		require.ErrorIs(s, err, status.Dead)
	}},
	{"ADestroyedNodeComesHome", func(s *Stage) {
		p := s.Puppet()
		n := s.Named("n")
		s.Do(p, doHold, nil, object(n))
		n.Destroy()
		assert.Same(s, n, s.Do(p, doHeld, nil).TakeObject(0))
	}},
	{"DestroyedUnderAGrant", func(s *Stage) {
		p, q := s.Puppet(), s.Puppet()
		released := make(chan struct{}, 1)
		n := s.Named("n", binder.OnRelease(func() { released <- struct{}{} }))
		s.Do(p, doHold, nil, object(n))
		s.Do(p, doGive, nil, object(q.Handle)) // q has not claimed it
		n.Destroy()
		_, err := s.Try(s.Ctx, q, doCallHeld, nil)
		require.ErrorIs(s, err, status.Dead)
		bell, rung := s.signal()
		held := s.Do(q, doHeld, nil).TakeObject(0)
		s.Do(p, doWatch, nil, object(held), binder.Attachment{Field: 1, Object: bell})
		<-rung
		binder.Release(held)
		select {
		case <-released:
			s.Fatal("released while p holds it")
		default:
		}
		s.Do(p, doDrop, nil)
		s.Do(q, doDrop, nil)
		<-released
	}},
	{"DestroyEndsCallsThatHaveNotBegun", func(s *Stage) {
		p := s.Puppet()
		s.SetLoopers(1)
		reached, leave := make(chan struct{}), make(chan struct{})
		busy := s.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error {
			close(reached)
			<-leave
			return nil
		}))
		n := s.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error {
			s.Error("a destroyed node was called")
			return nil
		}))
		results := make(chan error, 2)
		call := func(o binder.Object) { _, err := s.Try(s.Ctx, p, doCallAlone, nil, object(o)); results <- err }
		go call(busy)
		<-reached
		go call(n)
		s.Do(p, Echo, nil)
		n.Destroy()
		close(leave)
		codes := []status.Code{status.CodeOf(<-results), status.CodeOf(<-results)}
		assert.ElementsMatch(s, []status.Code{status.OK, status.Dead}, codes)
	}},
	{"ACallThatHasBegunIsAnswered", func(s *Stage) {
		p := s.Puppet()
		var n *binder.Node
		n = s.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
			n.Destroy()
			c.Reply.Payload = []byte("last words")
			return nil
		}))
		assert.Equal(s, "last words", string(s.Do(p, doCall, nil, object(n)).Payload))
		_, err := s.Try(s.Ctx, n, 1, nil)
		require.ErrorIs(s, err, status.Dead)
	}},
	{"DestroyIsInOrderWithCalls", func(s *Stage) {
		p := s.Puppet()
		nodes := s.holdMany(p, 1000)
		assert.Equal(s, "1000", s.answers(p, doAlive))
		for _, n := range nodes {
			n.Destroy()
		}
		assert.Equal(s, "0", s.answers(p, doAlive))
	}},
	{"DestroyIsInOrderWithReplies", func(s *Stage) {
		p := s.Puppet()
		nodes := s.holdMany(p, 1000)
		executioner := s.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error {
			for _, n := range nodes {
				n.Destroy()
			}
			return status.Errorf(status.Service, "an error is a reply too")
		}))
		_, err := s.Try(s.Ctx, p, doCallAlive, nil, object(executioner))
		require.ErrorIs(s, err, status.Service)
		assert.Equal(s, "0", s.answers(p, doAlive))
		nodes = s.holdMany(p, 1000)
		executioner = s.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error {
			for _, n := range nodes {
				n.Destroy()
			}
			return nil
		}))
		assert.Equal(s, "0", s.answers(p, doCallAlive, object(executioner)))
	}},
	{"DestroyedWhileItIsSent", func(s *Stage) {
		p := s.Puppet()
		for range 50 {
			n := s.Named("n")
			done := make(chan struct{})
			go func() { n.Destroy(); close(done) }()
			s.Do(p, doHold, nil, object(n))
			<-done
		}
		assert.Equal(s, "0", s.answers(p, doAlive))
		s.Do(p, doDrop, nil)
	}},
	{"TheNodeBehindHandle0IsDestroyed", func(s *Stage) {
		p, q := s.Puppet(), s.Puppet()
		first := s.Named("first")
		require.NoError(s, s.BecomeContextManager(s.Ctx, first))
		assert.Equal(s, "first:x", string(s.Do(p, doCallManager, []byte("x")).Payload))
		bell, rung := s.signal()
		s.Do(p, doWatchManager, nil, object(bell))
		first.Destroy()
		<-rung
		require.ErrorIs(s, s.BecomeContextManager(s.Ctx, first), status.Dead)
		_, err := s.Try(s.Ctx, q, doCallManager, nil) // found dead, or not found
		require.Contains(s, []status.Code{status.Dead, status.UnknownTarget}, status.CodeOf(err))
		require.NoError(s, s.BecomeContextManager(s.Ctx, s.Named("second")))
		assert.Equal(s, "second:x", string(s.Do(p, doCallManager, []byte("x")).Payload))
		assert.Equal(s, "second:x", string(s.Do(q, doCallManager, []byte("x")).Payload))
	}},
	{"DeathLinksInTheNodesOwnProcess", func(s *Stage) {
		n := s.Named("n")
		told := make(chan struct{}, 2)
		_, err := n.LinkToDeath(s.Ctx, func() { told <- struct{}{} })
		require.NoError(s, err)
		unlinked, err := n.LinkToDeath(s.Ctx, func() { s.Error("unlinked, and told all the same") })
		require.NoError(s, err)
		assert.True(s, unlinked.Unlink())
		assert.False(s, unlinked.Unlink())
		n.Destroy()
		<-told
		late, err := n.LinkToDeath(s.Ctx, func() { told <- struct{}{} })
		require.NoError(s, err)
		<-told
		assert.False(s, late.Unlink())
	}},
}

// holdMany has a puppet hold new nodes of this process.
func (s *Stage) holdMany(p *Puppet, count int) []*binder.Node {
	var nodes []*binder.Node
	for len(nodes) < count {
		var list []binder.Attachment
		for range min(200, count-len(nodes)) {
			n := s.Named("n")
			nodes = append(nodes, n)
			list = append(list, object(n))
		}
		s.Do(p, doHold, nil, list...)
	}
	return nodes
}
