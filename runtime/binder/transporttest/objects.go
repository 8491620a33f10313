package transporttest

import (
	"context"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

var objects = []Case{
	{"ANodeComesHome", func(s *Stage) {
		n := s.Named("n")
		r := s.Do(s.Puppet(), Echo, nil, object(n))
		assert.Same(s, n, r.TakeObject(0))
	}},
	{"NullObjects", func(s *Stage) {
		r := s.Do(s.Puppet(), Echo, nil, object(nil), object(s.Named("n")), object(nil))
		list := r.TakeObjects(0)
		require.Len(s, list, 3)
		assert.Nil(s, list[0])
		assert.NotNil(s, list[1])
		assert.Nil(s, list[2])
	}},
	{"FieldsKeepApart", func(s *Stage) {
		a, b := s.Named("a"), s.Named("b")
		r := s.Do(s.Puppet(), Echo, nil, binder.Attachment{Field: 7, Object: a}, binder.Attachment{Field: 3, Object: b})
		assert.Same(s, b, r.TakeObject(3))
		assert.Nil(s, r.TakeObject(3))
		assert.Same(s, a, r.TakeObject(7))
	}},
	{"OneObjectIsOneIdentity", func(s *Stage) {
		a, b := s.Puppet(), s.Puppet()
		r := s.Do(a, doNew, nil)
		n := r.TakeObject(0)
		defer binder.Release(n)
		s.Do(a, doHold, nil, object(n))
		direct := s.Do(a, doHeld, nil).TakeObject(0)
		s.Do(b, doHold, nil, object(n))
		passed := s.Do(b, doHeld, nil).TakeObject(0)
		other := s.Do(a, doNew, nil).TakeObject(0)
		assert.True(s, binder.Same(s.Ctx, n, direct))
		assert.True(s, binder.Same(s.Ctx, n, passed))
		assert.False(s, binder.Same(s.Ctx, n, other))
		for _, o := range []binder.Object{direct, passed, other} {
			binder.Release(o)
		}
	}},
	{"ReleaseIsTold", func(s *Stage) {
		p := s.Puppet()
		released := make(chan struct{}, 2)
		n := s.Named("n", binder.OnRelease(func() { released <- struct{}{} }))
		for range 2 {
			s.Do(p, doHold, nil, object(n), object(n))
			s.Do(p, doHold, nil, object(n))
			select {
			case <-released:
				s.Fatal("released while held")
			default:
			}
			s.Do(p, doDrop, nil)
			<-released
		}
	}},
	{"DeathReleases", func(s *Stage) {
		p := s.Puppet()
		released := make(chan struct{}, 1)
		s.Do(p, doHold, nil, object(s.Named("n", binder.OnRelease(func() { released <- struct{}{} }))))
		p.Kill()
		<-released
	}},
	{"PassedOnAndCalled", func(s *Stage) {
		owner, user := s.Puppet(), s.Puppet()
		n := s.Do(owner, doNew, nil).TakeObject(0)
		assert.Equal(s, "new:x", string(s.Do(user, doCall, []byte("x"), object(n)).Payload))
		s.Do(user, doHold, nil, object(n))
		binder.Release(n) // the user's own reference counts now
		for range 3 {
			assert.Equal(s, "new:y", string(s.Do(user, doCallHeld, []byte("y")).Payload))
		}
	}},
	{"PassedOnTwice", func(s *Stage) {
		owner, first, second := s.Puppet(), s.Puppet(), s.Puppet()
		n := s.Do(owner, doNew, nil).TakeObject(0)
		s.Do(first, doHold, nil, object(n))
		binder.Release(n)
		s.Do(first, doGive, nil, object(second.Handle)) // never used by first itself
		s.Do(first, doDrop, nil)
		first.Kill()
		assert.Equal(s, "new:z", string(s.Do(second, doCallHeld, []byte("z")).Payload))
	}},
	{"PassedOnAndNeverUsed", func(s *Stage) {
		p, q := s.Puppet(), s.Puppet()
		released := make(chan struct{}, 1)
		n := s.Named("n", binder.OnRelease(func() { released <- struct{}{} }))
		s.Do(p, doHold, nil, object(n))
		s.Do(p, doGive, nil, object(q.Handle))
		s.Do(p, doDrop, nil)
		s.Do(q, doDrop, nil)
		<-released
	}},
	{"GranterDies", func(s *Stage) {
		granter, holder := s.Puppet(), s.Puppet()
		released := make(chan struct{}, 1)
		n := s.Named("n", binder.OnRelease(func() { released <- struct{}{} }))
		s.Do(granter, doHold, nil, object(n))
		s.Do(granter, doGive, nil, object(holder.Handle))
		granter.Kill()
		assert.Equal(s, "n:x", string(s.Do(holder, doCallHeld, []byte("x")).Payload))
		s.Do(holder, doDrop, nil)
		<-released
	}},
	{"GranterAndHolderDie", func(s *Stage) {
		granter, holder := s.Puppet(), s.Puppet()
		released := make(chan struct{}, 1)
		n := s.Named("n", binder.OnRelease(func() { released <- struct{}{} }))
		s.Do(granter, doHold, nil, object(n))
		s.Do(granter, doGive, nil, object(holder.Handle))
		granter.Kill()
		holder.Kill()
		<-released
	}},
	{"AReleasedHandleIsRefused", func(s *Stage) {
		h := s.Puppet().Dup()
		h.Release()
		h.Release()
		_, err := s.Try(s.Ctx, h, Echo, nil)
		require.ErrorIs(s, err, status.BadValue)
		_, err = h.ID(s.Ctx)
		require.ErrorIs(s, err, status.BadValue)
	}},
	{"WrongInterface", func(s *Stage) {
		n := s.Named("n", binder.WithDescriptor("one.Interface"))
		t := binder.Transaction{Code: 1, Interface: binder.InterfaceID("another.Interface")}
		require.ErrorIs(s, n.Transact(context.Background(), &t, new(binder.Reply)), status.UnknownMethod)
		t.Interface = binder.InterfaceID("one.Interface")
		require.NoError(s, n.Transact(context.Background(), &t, new(binder.Reply)))
	}},
	{"ManyObjects", func(s *Stage) {
		p := s.Puppet()
		var released = make(chan struct{}, 1000)
		for range 10 {
			var list []binder.Attachment
			for range 100 {
				list = append(list, object(s.Named("n", binder.OnRelease(func() { released <- struct{}{} }))))
			}
			s.Do(p, doHold, nil, list...)
		}
		s.Do(p, doDrop, nil)
		for range 1000 {
			<-released
		}
	}},
}
