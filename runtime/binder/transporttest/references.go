package transporttest

import (
	"context"
	"sync/atomic"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// eventually asks a puppet until it answers as wanted: what it is asked for is told it by others.
func (s *Stage) eventually(p *Puppet, code uint32, want string) {
	s.Helper()
	for s.answers(p, code) != want {
	}
}

// echoNode makes a node that answers with what it is sent.
func echoNode(s *Stage) *binder.Node {
	return s.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
		c.Reply.Attachments = append([]binder.Attachment(nil), c.Attachments...)
		return nil
	}))
}

var references = []Case{
	{"AReleaseIsNotToldWhenTheNodeIsTakenAgain", func(s *Stage) {
		p := s.Puppet()
		first, leave, told := make(chan struct{}), make(chan struct{}), make(chan struct{}, 8)
		var calls atomic.Int32
		n := s.Named("n", binder.OnRelease(func() {
			if calls.Add(1) == 1 {
				close(first)
				<-leave
			}
			told <- struct{}{}
		}))
		s.Do(p, doHold, nil, object(n))
		s.Do(p, doDrop, nil)
		<-first
		s.Do(p, doHold, nil, object(n))
		s.Do(p, doDrop, nil) // not delivered while the first is being told
		s.Do(p, doHold, nil, object(n))
		close(leave)
		<-told
		s.Do(p, doDrop, nil)
		<-told
		assert.EqualValues(s, 2, calls.Load())
	}},
	{"ANodeThatIsTakenAgainIsTheSame", func(s *Stage) {
		owner := s.Puppet()
		n := s.made(owner, 1)[0]
		s.Do(owner, doHold, nil, object(n)) // it has come home
		before, err := n.ID(s.Ctx)
		require.NoError(s, err)
		for _, count := range []string{"1", "2"} {
			binder.Release(n)
			s.eventually(owner, doReleased, count)
			n = s.Do(owner, doHeld, nil).TakeObject(0)
			after, err := n.ID(s.Ctx)
			require.NoError(s, err)
			assert.Equal(s, before, after)
			assert.Equal(s, "made:x", string(s.Do(n, 1, []byte("x")).Payload))
		}
		binder.Release(n)
	}},
	{"ReleaseAll", func(s *Stage) {
		p, q := s.Puppet(), s.Puppet()
		list := append(s.made(p, 250), s.made(q, 250)...)
		list = append(list, nil, s.Named("n"), s.Named("w").Weak())
		w, err := list[0].(*binder.Handle).Weak(s.Ctx)
		require.NoError(s, err)
		dup := list[1].(*binder.Handle).Dup()
		binder.ReleaseAll(append(list, w, list[2])...)
		binder.ReleaseAll(list...)
		s.eventually(p, doReleased, "249")
		s.eventually(q, doReleased, "250")
		_, err = s.Try(s.Ctx, list[0], 1, nil)
		require.ErrorIs(s, err, status.BadValue)
		assert.Equal(s, "made:x", string(s.Do(dup, 1, []byte("x")).Payload))
		dup.Release()
		s.eventually(p, doReleased, "250")
	}},
	{"ReleasesCoalesceInAnyOrder", func(s *Stage) {
		p := s.Puppet()
		list := s.made(p, 200)
		var odd, even []binder.Object
		for i, o := range list {
			if i%2 == 0 {
				even = append([]binder.Object{o}, even...) // falling
			} else {
				odd = append(odd, o)
			}
		}
		binder.ReleaseAll(even...)
		s.eventually(p, doReleased, "100")
		for _, o := range odd {
			assert.Equal(s, "made:", string(s.Do(o, 1, nil).Payload))
		}
		binder.ReleaseAll(odd...)
		s.eventually(p, doReleased, "200")
	}},
	{"ManyDeathLinks", func(s *Stage) {
		p := s.Puppet()
		var fired atomic.Int32
		done := make(chan struct{}, 1000)
		var links []*binder.DeathLink
		for range 1000 {
			l, err := p.LinkToDeath(s.Ctx, func() { fired.Add(1); done <- struct{}{} })
			require.NoError(s, err)
			links = append(links, l)
		}
		for _, l := range links[:500] {
			assert.True(s, l.Unlink())
		}
		p.Kill()
		for range 500 {
			<-done
		}
		for _, l := range links {
			assert.False(s, l.Unlink())
		}
		assert.EqualValues(s, 500, fired.Load())
	}},
	{"ADeathLinkOutlivesTheMerge", func(s *Stage) {
		owner, via := s.Puppet(), s.Puppet()
		n := s.made(owner, 1)[0]
		s.Do(via, doHold, nil, object(n))
		passed := s.Do(via, doHeld, nil).TakeObject(0) // not verified yet
		told := make(chan struct{})
		_, err := passed.LinkToDeath(s.Ctx, func() { close(told) })
		require.NoError(s, err)
		unlinked, err := passed.LinkToDeath(s.Ctx, func() { s.Error("unlinked, and told all the same") })
		require.NoError(s, err)
		assert.True(s, binder.Same(s.Ctx, n, passed))
		s.Do(passed, 1, nil)
		assert.True(s, unlinked.Unlink())
		binder.ReleaseAll(n, passed) // the link keeps it
		s.Do(owner, doDestroyMade, nil)
		<-told
	}},
	{"IdentityIsOneWhicheverWayItCame", func(s *Stage) {
		owner, via := s.Puppet(), s.Puppet()
		direct := s.made(owner, 1)[0].(*binder.Handle)
		s.Do(via, doHold, nil, object(direct), weakly(direct))
		ways := append(s.Do(via, doHeld, nil).TakeObjects(0), direct, direct.Dup())
		w, err := direct.Weak(s.Ctx)
		require.NoError(s, err)
		ways = append(ways, w)
		seen := make(map[binder.ObjectID]int)
		for range 2 {
			for _, o := range ways {
				id, err := o.ID(s.Ctx)
				require.NoError(s, err)
				seen[id]++
			}
		}
		require.Len(s, seen, 1)
		s.Do(owner, doDestroyMade, nil)
		for _, o := range ways { // and when it has died
			assert.True(s, binder.Same(s.Ctx, o, direct))
		}
		binder.ReleaseAll(ways...)
	}},
}
