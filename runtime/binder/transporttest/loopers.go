package transporttest

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// oneLooper starts puppets that have one looper each, as has the test's own process.
func oneLooper(s *Stage, n int) (list []*Puppet) {
	s.SetLoopers(1)
	for range n {
		p := s.Puppet()
		s.Do(p, doLoopers, []byte{1})
		list = append(list, p)
	}
	return list
}

var loopers = []Case{
	{"NestedABA", func(s *Stage) {
		p := oneLooper(s, 1)
		assert.Equal(s, "me:hi", string(s.Do(p[0], doCall, []byte("hi"), object(s.Named("me"))).Payload))
	}},
	{"NestedABCA", func(s *Stage) {
		p := oneLooper(s, 2)
		meet(s, p[0], p[1])
		s.Do(p[0], doCallVia, []byte("hi"), object(p[1].Handle), binder.Attachment{Field: 1, Object: s.Named("me")})
	}},
	{"NestedABCB", func(s *Stage) {
		p := oneLooper(s, 2)
		for range 20 { // B has no looper left but who waits
			s.Do(p[0], doCallVia, []byte("hi"), object(p[1].Handle), binder.Attachment{Field: 1, Object: p[0].Handle})
		}
	}},
	{"NestedWhileAllLoopersAreBusy", func(s *Stage) {
		p := oneLooper(s, 2)
		hold, held, release := occupy(s)
		ended := make(chan error)
		go func() {
			_, err := binder.Call(s.Ctx, p[1], Echo, nil)
			if err == nil {
				_, err = s.Try(s.Ctx, p[1], doCallFresh, nil, object(hold))
			}
			ended <- err
		}()
		<-held // this process's only looper runs
		assert.Equal(s, "me:hi", string(s.Do(p[0], doCall, []byte("hi"), object(s.Named("me"))).Payload))
		release()
		require.NoError(s, <-ended)
	}},
	{"BlockUntilLooperAvailable", func(s *Stage) {
		p := s.Puppet()
		require.NoError(s, s.BlockUntilLooperAvailable(s.Ctx))
		s.SetLoopers(2)
		hold, held, release := occupy(s)
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				// Each call has a chain of its own, so it comes back to a looper.
				_, err := s.Try(s.Ctx, p, doCallFresh, nil, object(hold))
				assert.NoError(s, err)
			})
		}
		<-held
		<-held
		for s.Loopers().Waiting < 3 {
			runtime.Gosched()
			time.Sleep(time.Millisecond)
		}
		info := s.Loopers()
		assert.Equal(s, binder.LooperInfo{Max: 2, Started: 2, Busy: 2, Waiting: 3, Starved: info.Starved}, info)
		assert.False(s, info.Starved.IsZero())
		assert.False(s, info.Starved.After(time.Now()))
		ctx, cancel := context.WithTimeout(s.Ctx, patience)
		defer cancel()
		require.ErrorIs(s, s.BlockUntilLooperAvailable(ctx), status.Deadline)
		blocked := make(chan error)
		go func() { blocked <- s.BlockUntilLooperAvailable(s.Ctx) }()
		release()
		require.NoError(s, <-blocked)
		wg.Wait()
		for s.Loopers().Busy > 0 { // the last answer is out before its looper is done
			runtime.Gosched()
			time.Sleep(time.Millisecond)
		}
		assert.True(s, s.Loopers().Starved.IsZero())

		s.SetLoopers(0)
		go func() { blocked <- s.BlockUntilLooperAvailable(s.Ctx) }()
		s.SetLoopers(1)
		require.NoError(s, <-blocked)
		s.SetLoopers(0)
		go func() { blocked <- s.BlockUntilLooperAvailable(s.Ctx) }()
		require.NoError(s, s.Close())
		require.ErrorIs(s, <-blocked, status.Dead)
	}},
}

// meet has two puppets get to know each other.
func meet(s *Stage, a, b *Puppet) { s.Do(a, doCall, nil, object(b.Handle)) }

// occupy makes a node whose handlers tell that they run and wait for release.
func occupy(s *Stage) (n *binder.Node, held chan struct{}, release func()) {
	held = make(chan struct{}, 16)
	end := make(chan struct{})
	n = s.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error {
		held <- struct{}{}
		<-end
		return nil
	}))
	return n, held, func() { close(end) }
}
