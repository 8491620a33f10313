package transporttest

import (
	"context"
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
