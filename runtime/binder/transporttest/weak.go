package transporttest

import (
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// weakly is an attachment of a weak reference.
func weakly(o binder.Object) binder.Attachment { return binder.Attachment{Object: o, Weak: true} }

// watched makes a node whose releases are counted.
func (s *Stage) watched(name string) (*binder.Node, <-chan struct{}) {
	released := make(chan struct{}, 8)
	return s.Named(name, binder.OnRelease(func() { released <- struct{}{} })), released
}

func (s *Stage) notYet(ch <-chan struct{}, what string) {
	s.Helper()
	select {
	case <-ch:
		s.Fatal(what)
	default:
	}
}

var weak = []Case{
	{"AWeakReferenceKeepsNothing", func(s *Stage) {
		strong, weak := s.Puppet(), s.Puppet()
		n, released := s.watched("n")
		s.Do(weak, doHold, nil, weakly(n))
		s.Do(strong, doHold, nil, object(n))
		s.Do(weak, doHold, nil, object(n.Weak()))
		s.notYet(released, "released while held")
		s.Do(strong, doDrop, nil)
		<-released
		assert.Equal(s, "2", s.answers(weak, doAlive))
		s.Do(weak, doDrop, nil)
		s.notYet(released, "released twice")
	}},
	{"Promote", func(s *Stage) {
		p := s.Puppet()
		n, released := s.watched("n")
		s.Do(p, doHold, nil, weakly(n))
		for range 2 { // it was not disowned: it lives though nobody else holds it
			assert.Same(s, n, s.Do(p, doPromote, nil).TakeObject(0))
			<-released
		}
	}},
	{"PromoteWhatIsDestroyed", func(s *Stage) {
		p := s.Puppet()
		n := s.Named("n")
		bell, rung := s.signal()
		s.Do(p, doHold, nil, weakly(n))
		s.Do(p, doWatch, nil, weakly(n), binder.Attachment{Field: 1, Object: bell})
		n.Destroy()
		<-rung
		_, err := s.Try(s.Ctx, p, doPromote, nil)
		require.ErrorIs(s, err, status.Dead)
		assert.Equal(s, "0", s.answers(p, doAlive))
		s.Do(p, doDrop, nil)
		s.Do(p, doHold, nil, weakly(n)) // dead when it comes
		_, err = s.Try(s.Ctx, p, doPromote, nil)
		require.ErrorIs(s, err, status.Dead)
	}},
	{"ADisownedNodeLivesByItsHolders", func(s *Stage) {
		strong, weak := s.Puppet(), s.Puppet()
		n, released := s.watched("n")
		s.Do(strong, doHold, nil, object(n))
		s.Do(weak, doHold, nil, weakly(n))
		n.Disown()
		assert.True(s, n.Alive())
		promoted := s.Do(weak, doPromote, nil)
		assert.Same(s, n, promoted.TakeObject(0))
		s.Do(strong, doDrop, nil)
		<-released
		assert.False(s, n.Alive())
		_, err := s.Try(s.Ctx, weak, doPromote, nil)
		require.ErrorIs(s, err, status.Dead)
	}},
	{"ADisownedNodeThatNobodyHolds", func(s *Stage) {
		p := s.Puppet()
		n := s.Named("n")
		s.Do(p, doHold, nil, weakly(n))
		n.Disown()
		assert.False(s, n.Alive())
		assert.Equal(s, "0", s.answers(p, doAlive))
	}},
	{"AWeakReferenceComesHome", func(s *Stage) {
		p := s.Puppet()
		n := s.Named("n")
		w, ok := s.Do(p, Echo, nil, weakly(n)).TakeObject(0).(*binder.Weak)
		require.True(s, ok)
		assert.Same(s, n, w.Node())
		again, ok := s.Do(p, Echo, nil, object(w)).TakeObject(0).(*binder.Weak)
		require.True(s, ok)
		promoted, err := again.Promote(s.Ctx)
		require.NoError(s, err)
		assert.Same(s, n, promoted)
		assert.True(s, binder.Same(s.Ctx, n, again))
		n.Destroy()
		_, err = w.Promote(s.Ctx)
		require.ErrorIs(s, err, status.Dead)
		assert.False(s, w.Alive())
	}},
	{"WeakReferencesArePassedOn", func(s *Stage) {
		owner, user := s.Puppet(), s.Puppet()
		n := s.made(owner, 1)[0].(*binder.Handle)
		w, err := n.Weak(s.Ctx)
		require.NoError(s, err)
		defer w.Release()
		s.Do(user, doHold, nil, object(w))
		n.Release()
		h := s.Do(user, doPromote, nil).TakeObject(0)
		assert.Equal(s, "made:x", string(s.Do(h, 1, []byte("x")).Payload))
		assert.True(s, binder.Same(s.Ctx, h, w))
		binder.Release(h)
		s.Do(owner, doDestroyMade, nil)
		_, err = s.Try(s.Ctx, user, doPromote, nil)
		require.ErrorIs(s, err, status.Dead)
	}},
	{"AStrongReferenceIsPassedOnWeakly", func(s *Stage) {
		owner, user := s.Puppet(), s.Puppet()
		n := s.made(owner, 1)[0]
		s.Do(user, doHold, nil, weakly(n))
		binder.Release(n)
		s.eventually(owner, doReleased, "1")
		promoted := s.Do(user, doPromote, nil).TakeObject(0)
		assert.Equal(s, "1", s.answers(owner, doReleased))
		binder.Release(promoted)
		s.Do(user, doDrop, nil)
		s.eventually(owner, doReleased, "2")
	}},
	{"HoldersMakeTheirReferencesWeak", func(s *Stage) {
		p := s.Puppet()
		n, released := s.watched("n")
		s.Do(p, doHold, nil, object(n), object(n))
		s.Do(p, doWeaken, nil)
		<-released
		n.Disown()
		_, err := s.Try(s.Ctx, p, doPromote, nil)
		require.ErrorIs(s, err, status.Dead)
	}},
	{"AWeakReferenceIsNotCalled", func(s *Stage) {
		p := s.Puppet()
		n := s.made(p, 1)[0].(*binder.Handle)
		w, err := n.Weak(s.Ctx)
		require.NoError(s, err)
		_, err = s.Try(s.Ctx, w, 1, nil)
		require.ErrorIs(s, err, status.BadValue)
		_, err = s.Try(s.Ctx, p, doCall, nil, weakly(s.Named("n"))) // by mistake
		require.ErrorIs(s, err, status.BadValue)
		w.Release()
		_, err = w.Promote(s.Ctx)
		require.ErrorIs(s, err, status.BadValue)
		n.Release()
	}},
	{"PromoteInTheNodesOwnProcess", func(s *Stage) {
		n := s.Named("n")
		w := n.Weak()
		o, err := w.Promote(s.Ctx)
		require.NoError(s, err)
		assert.Same(s, n, o)
		r, err := s.Try(s.Ctx, echoNode(s), 1, nil, object(w), weakly(n))
		require.NoError(s, err)
		list := r.TakeObjects(0)
		require.Len(s, list, 2)
		for _, o := range list {
			assert.Same(s, n, o.(*binder.Weak).Node())
		}
		n.Disown()
		_, err = w.Promote(s.Ctx)
		require.ErrorIs(s, err, status.Dead)
	}},
	{"TheProcessOfAWeakReferenceDies", func(s *Stage) {
		p := s.Puppet()
		w, err := p.Weak(s.Ctx)
		require.NoError(s, err)
		told := make(chan struct{})
		_, err = w.LinkToDeath(s.Ctx, func() { close(told) })
		require.NoError(s, err)
		p.Kill()
		<-told
		_, err = w.Promote(s.Ctx)
		require.ErrorIs(s, err, status.Dead)
		_, err = p.Weak(s.Ctx)
		require.ErrorIs(s, err, status.Dead)
		w.Release()
	}},
	{"ManyPromoteAtOnce", func(s *Stage) {
		p := s.Puppet()
		w, err := p.Weak(s.Ctx)
		require.NoError(s, err)
		results := make(chan error, 300) // more than verdicts may be under way
		for range cap(results) {
			go func() {
				o, err := w.Promote(s.Ctx)
				binder.Release(o)
				results <- err
			}()
		}
		for range cap(results) {
			require.NoError(s, <-results)
		}
		w.Release()
	}},
}
