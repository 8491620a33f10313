package transporttest

import (
	"context"
	"io"
	"os"
	"sync"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// patience is how long a case lets something hang that must end by itself.
const patience = 200 * time.Millisecond

// stall makes p's only looper wait inside a call until the result is called.
func stall(s *Stage, p *Puppet) (resume func()) {
	s.Do(p, doLoopers, []byte{1})
	reached, release, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	gate := s.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error {
		close(reached)
		<-release
		return nil
	}))
	go func() {
		defer close(ended)
		s.Try(s.Ctx, p, doCall, nil, object(gate))
	}()
	<-reached
	return func() {
		close(release)
		<-ended
	}
}

func oneway(payload []byte, flags binder.Flags) *binder.Transaction {
	return &binder.Transaction{Code: doLog, Flags: binder.Oneway | flags, Data: binder.Data{Payload: payload}}
}

var limits = []Case{
	{"FullFailsAtOnceWhenAsked", func(s *Stage) {
		p := s.Puppet()
		resume := stall(s, p)
		sent := 0
		var err error
		for ; err == nil; sent++ {
			err = p.Transact(s.Ctx, oneway([]byte("x"), binder.NoWait), nil)
		}
		require.ErrorIs(s, err, status.Full)
		resume()
		s.Do(p, Echo, nil)
		for len(s.Do(p, doLogged, nil).Payload) < sent-1 {
		}
	}},
	{"FullEndsWithTheContext", func(s *Stage) {
		p := s.Puppet()
		resume := stall(s, p)
		ctx, cancel := context.WithTimeout(s.Ctx, patience)
		defer cancel()
		var err error
		for err == nil {
			err = p.Transact(ctx, oneway(make([]byte, 100000), 0), nil)
		}
		require.ErrorIs(s, err, status.Deadline)
		resume()
		s.Do(p, Echo, nil)
	}},
	{"FullWaitsForRoom", func(s *Stage) {
		p := s.Puppet()
		resume := stall(s, p)
		const n = 2000
		var wg sync.WaitGroup
		wg.Go(func() {
			for range n {
				assert.NoError(s, p.Transact(s.Ctx, oneway([]byte("x"), 0), nil))
			}
		})
		resume()
		wg.Wait()
		for len(s.Do(p, doLogged, nil).Payload) < n {
		}
	}},
	{"OnewaysLeaveRoomForCalls", func(s *Stage) {
		p := s.Puppet()
		resume := stall(s, p)
		for p.Transact(s.Ctx, oneway([]byte("x"), binder.NoWait), nil) == nil {
		}
		var wg sync.WaitGroup
		wg.Go(func() { s.Do(p, Echo, nil) }) // finds room, though it waits for the looper
		resume()
		wg.Wait()
	}},
	{"OnewaySpamIsToldToWhoSends", func(s *Stage) {
		p := s.Puppet()
		resume := stall(s, p)
		var r binder.Reply
		told, sent := 0, 0
		fill := func() (err error) {
			for ; err == nil; sent++ {
				if err = p.Transact(s.Ctx, oneway([]byte("x"), binder.NoWait), &r); r.Delivery&binder.SpamSuspected != 0 {
					told++
				}
				assert.Zero(s, r.Delivery&binder.PendingFrozen)
				r.Release()
			}
			sent--
			return err
		}
		require.ErrorIs(s, fill(), status.Full)
		assert.Equal(s, 1, told)
		assert.Greater(s, sent, 50)
		resume()
		logged(s, p, sent)
		s.SetOnewaySpamDetection(false)
		resume = stall(s, p)
		require.ErrorIs(s, fill(), status.Full)
		assert.Equal(s, 1, told)
		resume()
	}},
	{"OnewayOfAFrozenProcessIsToldToWhoSends", func(s *Stage) {
		p := s.Puppet()
		goOn, unfreeze := freezeAndStop(s, p)
		var r binder.Reply
		require.NoError(s, p.Transact(s.Ctx, oneway([]byte("x"), 0), &r))
		assert.Equal(s, binder.PendingFrozen, r.Delivery)
		goOn()
		unfreeze()
		require.NoError(s, p.Transact(s.Ctx, oneway([]byte("x"), 0), &r))
		assert.Zero(s, r.Delivery)
	}},
	{"CallsDoNotWaitForRoomInAFrozenProcess", func(s *Stage) {
		p := s.Puppet()
		goOn, unfreeze := freezeAndStop(s, p)
		for p.Transact(s.Ctx, oneway(make([]byte, 1<<20), binder.NoWait), nil) == nil {
		}
		_, err := s.Try(s.Ctx, p, Echo, make([]byte, 1<<21))
		require.ErrorIs(s, err, status.Frozen)
		goOn()
		unfreeze()
		s.Do(p, Echo, make([]byte, 1<<21))
	}},
	{"FilesWaitForRoom", func(s *Stage) {
		p := s.Puppet()
		resume := stall(s, p)
		r, w, err := os.Pipe()
		require.NoError(s, err)
		defer r.Close()
		send := func(flags binder.Flags) error {
			t := oneway([]byte("x"), flags)
			for range 16 {
				t.Attachments = append(t.Attachments, binder.Attachment{File: w})
			}
			return p.Transact(s.Ctx, t, nil)
		}
		n := 0
		for err = send(binder.NoWait); err == nil; err = send(binder.NoWait) {
			n++
		}
		require.ErrorIs(s, err, status.Full)
		assert.Equal(s, 24, n) // 384 files; the rest of 512 is for replies
		var wg sync.WaitGroup
		wg.Go(func() {
			for range 64 {
				assert.NoError(s, send(0))
			}
		})
		resume()
		wg.Wait()
		w.Close()
		logged(s, p, n+64)
		_, err = r.Read(make([]byte, 1)) // all were given back
		assert.ErrorIs(s, err, io.EOF)
	}},
	{"NoWaitDoesNotWaitForAnIntroduction", func(s *Stage) {
		a, b := s.Puppet(), s.Puppet()
		o := s.Do(a, doNew, nil).TakeObject(0)
		refused := 0
		for {
			_, err := s.Try(s.Ctx, b, doCallNoWait, nil, object(o))
			if err == nil {
				break
			}
			require.ErrorIs(s, err, status.Full)
			refused++
		}
		if s.Forks {
			assert.Positive(s, refused, "two processes have met within no time")
		}
	}},
	{"LargeRepliesWaitForRoom", func(s *Stage) {
		p := s.Puppet()
		payload := make([]byte, 1<<20)
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				b, err := binder.Call(s.Ctx, p, Echo, payload)
				assert.NoError(s, err)
				assert.Len(s, b, len(payload))
			})
		}
		wg.Wait()
	}},
	{"TooManyObjects", func(s *Stage) {
		var list []binder.Attachment
		n := s.Named("n")
		for range 10000 {
			list = append(list, object(n))
		}
		p := s.Puppet()
		_, err := s.Try(s.Ctx, p, doHold, nil, list...)
		require.ErrorIs(s, err, status.TooBig)
		s.Do(p, Echo, nil)
	}},
	{"ObjectsOfAnotherConnection", func(s *Stage) {
		p := s.Puppet()
		other := s.Open()
		n := other.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error { return nil }))
		_, err := s.Try(s.Ctx, p, doHold, nil, object(n))
		require.ErrorIs(s, err, status.BadValue)
	}},
}
