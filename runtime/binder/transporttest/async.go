package transporttest

import (
	"context"
	"fmt"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// start starts a call.
func (s *Stage) start(ctx context.Context, o binder.Object, code uint32, payload string, list ...binder.Attachment) *binder.Future {
	return binder.Async(ctx, o, &binder.Transaction{Code: code, Data: binder.Data{Payload: []byte(payload), Attachments: list}})
}

// answer waits for a call that must not fail.
func (s *Stage) answer(f *binder.Future) string {
	s.Helper()
	r, err := f.Wait(s.Ctx)
	require.NoError(s, err)
	defer r.Release()
	return string(r.Payload)
}

var async = []Case{
	{"AsyncAnswersLater", func(s *Stage) {
		p := s.Puppet()
		var futures []*binder.Future
		for i := range 50 {
			futures = append(futures, s.start(s.Ctx, p, Echo, fmt.Sprint(i)))
		}
		for i, f := range futures {
			<-f.Done()
			assert.Equal(s, fmt.Sprint(i), s.answer(f))
		}
	}},
	{"AsyncKeepsTheOrderOfStarts", func(s *Stage) {
		p := s.Puppet()
		resume := stall(s, p) // it has one looper, which takes them as they came
		var want []byte
		var futures []*binder.Future
		for i := range 100 {
			want = append(want, byte(i))
			futures = append(futures, s.start(s.Ctx, p, doLog, string(want[i:])))
		}
		resume()
		for _, f := range futures {
			s.answer(f)
		}
		assert.Equal(s, want, s.Do(p, doLogged, nil).Payload)
	}},
	{"AsyncWaitsForALimitOnly", func(s *Stage) {
		p := s.Puppet()
		resume := stall(s, p)
		ctx, cancel := context.WithTimeout(s.Ctx, patience)
		defer cancel()
		var futures []*binder.Future
		for range 100 {
			futures = append(futures, s.start(s.Ctx, p, Echo, "x"))
		}
		var err error
		started := 0
		for ; err == nil; started++ {
			f := s.start(ctx, p, Echo, "y")
			select {
			case <-f.Done():
				_, err = f.Wait(s.Ctx)
			default:
			}
		}
		require.ErrorIs(s, err, status.Deadline)
		require.Less(s, started, 1000, "the one above the limit has waited")
		resume()
		for _, f := range futures {
			assert.Equal(s, "x", s.answer(f))
		}
	}},
	{"AsyncWaitEndsWithoutTheCall", func(s *Stage) {
		p := s.Puppet()
		resume := stall(s, p)
		f := s.start(s.Ctx, p, Echo, "x")
		ctx, cancel := context.WithCancel(s.Ctx)
		cancel()
		_, err := f.Wait(ctx)
		require.ErrorIs(s, err, status.Cancelled)
		select {
		case <-f.Done():
			require.Fail(s, "the call has not ended")
		default:
		}
		resume()
		assert.Equal(s, "x", s.answer(f))
	}},
	{"AsyncCancel", func(s *Stage) {
		p := s.Puppet()
		told := make(chan string, 2)
		n := s.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
			told <- string(c.Payload)
			return nil
		}))
		f := s.start(s.Ctx, p, doBlock, "", object(n))
		require.Empty(s, <-told) // the handler waits for the end of its context
		f.Cancel()
		assert.Equal(s, context.Canceled.Error(), <-told)
		<-f.Done()
		_, err := f.Wait(s.Ctx)
		require.ErrorIs(s, err, status.Cancelled)
		f.Cancel()
		s.Do(p, Echo, nil)
	}},
	{"AsyncCancelAfterTheReply", func(s *Stage) {
		p := s.Puppet()
		f := s.start(s.Ctx, p, Echo, "x", object(p.Handle))
		<-f.Done()
		f.Cancel()
		_, err := f.Wait(s.Ctx)
		require.ErrorIs(s, err, status.Cancelled)
		f = s.start(s.Ctx, p, Echo, "x", object(p.Handle))
		r, err := f.Wait(s.Ctx)
		require.NoError(s, err)
		defer r.Release()
		f.Cancel()
		assert.Equal(s, "x", string(r.Payload), "what was taken stays")
		assert.True(s, binder.Same(s.Ctx, p, r.Attachments[0].Object))
	}},
	{"AsyncFails", func(s *Stage) {
		p := s.Puppet()
		_, err := s.start(s.Ctx, p, doFail, string(failureBytes(status.Service, 42, "as told"))).Wait(s.Ctx)
		require.ErrorIs(s, err, status.Service)
		ctx, cancel := context.WithCancel(s.Ctx)
		cancel()
		_, err = s.start(ctx, p, Echo, "").Wait(s.Ctx)
		require.ErrorIs(s, err, status.Cancelled)
		resume := stall(s, p)
		f := s.start(s.Ctx, p, Echo, "")
		p.Kill()
		_, err = f.Wait(s.Ctx)
		require.ErrorIs(s, err, status.Dead)
		resume()
	}},
	{"AsyncNestedCallComesBack", func(s *Stage) {
		p := s.Puppet()
		s.SetLoopers(0)
		f := s.start(s.Ctx, p, doCall, "hi", object(s.Named("me")))
		assert.Equal(s, "me:hi", s.answer(f))
	}},
	{"AsyncInsideOneProcess", func(s *Stage) {
		release := make(chan struct{})
		n := s.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
			<-release
			c.Reply.Payload = []byte("late")
			return nil
		}))
		f := s.start(s.Ctx, n, 1, "")
		close(release)
		assert.Equal(s, "late", s.answer(f))
	}},
}
