package transporttest

import (
	"context"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

var deaths = []Case{
	{"DeathIsTold", func(s *Stage) {
		p := s.Puppet()
		first, second := make(chan struct{}), make(chan struct{})
		_, err := p.LinkToDeath(s.Ctx, func() { close(first) })
		require.NoError(s, err)
		_, err = p.LinkToDeath(s.Ctx, func() { close(second) })
		require.NoError(s, err)
		unlinked, err := p.LinkToDeath(s.Ctx, func() { s.Error("unlinked, and told all the same") })
		require.NoError(s, err)
		assert.True(s, unlinked.Unlink())
		assert.False(s, unlinked.Unlink())
		p.Kill()
		<-first
		<-second
		assert.False(s, p.Alive())
		_, err = s.Try(s.Ctx, p, Echo, nil)
		require.ErrorIs(s, err, status.Dead)
	}},
	{"LinkToTheDead", func(s *Stage) {
		p := s.Puppet()
		gone := make(chan struct{}, 2)
		_, err := p.LinkToDeath(s.Ctx, func() { gone <- struct{}{} })
		require.NoError(s, err)
		p.Kill()
		<-gone
		link, err := p.LinkToDeath(s.Ctx, func() { gone <- struct{}{} })
		require.NoError(s, err)
		<-gone
		assert.False(s, link.Unlink())
	}},
	{"DeathEndsACall", func(s *Stage) {
		p := s.Puppet()
		n := s.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error {
			p.Kill()
			return nil
		}))
		_, err := s.Try(s.Ctx, p, doBlock, nil, object(n))
		require.ErrorIs(s, err, status.Dead)
	}},
	{"DeathOfAPassedObject", func(s *Stage) {
		owner, watcher := s.Puppet(), s.Puppet()
		n := s.Do(owner, doNew, nil).TakeObject(0)
		defer binder.Release(n)
		told := make(chan struct{})
		s.Do(watcher, doWatch, nil, object(n), binder.Attachment{Field: 1, Object: s.NewNode(binder.HandlerFunc(
			func(context.Context, *binder.IncomingCall) error { close(told); return nil }))})
		owner.Kill()
		<-told
	}},
	{"APassedObjectMayBeDead", func(s *Stage) {
		owner, user := s.Puppet(), s.Puppet()
		n := s.Do(owner, doNew, nil).TakeObject(0)
		defer binder.Release(n)
		gone := make(chan struct{})
		_, err := n.LinkToDeath(s.Ctx, func() { close(gone) })
		require.NoError(s, err)
		owner.Kill()
		<-gone
		_, err = s.Try(s.Ctx, user, doCall, nil, object(n))
		require.ErrorIs(s, err, status.Dead)
	}},
	{"APassedObjectDiesMeanwhile", func(s *Stage) {
		user := s.Puppet()
		for range 10 {
			owner := s.Puppet()
			n := s.Do(owner, doNew, nil).TakeObject(0).(*binder.Handle)
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				owner.Kill()
			}()
			for n.Alive() { // what it is in cannot fail by it
				s.Do(user, Echo, nil, object(n))
			}
			s.Do(user, Echo, nil, object(n))
			<-ended
			n.Release()
		}
	}},
	{"TheHandlerIsToldThatItsCallerDied", func(s *Stage) {
		p := s.Puppet()
		reached, ended := make(chan struct{}), make(chan error, 1)
		n := s.NewNode(binder.HandlerFunc(func(ctx context.Context, c *binder.IncomingCall) error {
			close(reached)
			<-ctx.Done()
			ended <- ctx.Err()
			return nil
		}))
		go s.Try(s.Ctx, p, doCall, nil, object(n))
		<-reached
		p.Kill()
		require.ErrorIs(s, <-ended, context.Canceled)
	}},
	{"CloseEndsCalls", func(s *Stage) {
		p := s.Puppet()
		closed := make(chan struct{})
		n := s.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error {
			go func() {
				s.Process.Close()
				close(closed)
			}()
			return nil
		}))
		_, err := s.Try(s.Ctx, p, doBlock, nil, object(n))
		require.ErrorIs(s, err, status.Dead)
		<-closed
		<-s.Done()
		_, err = s.Try(s.Ctx, p, Echo, nil)
		require.ErrorIs(s, err, status.Dead)
	}},
}
