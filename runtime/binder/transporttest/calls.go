package transporttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

var calls = []Case{
	{"Echo", func(s *Stage) {
		p := s.Puppet()
		for _, n := range []int{0, 1, 7, 64, 4096, 65536, 1 << 20} {
			payload := bytes.Repeat([]byte{byte(n), 1, 2}, n)[:n]
			assert.True(s, bytes.Equal(payload, s.Do(p, Echo, payload).Payload), "size %d", n)
		}
	}},
	{"TooBig", func(s *Stage) {
		p := s.Puppet()
		err := p.Transact(s.Ctx, &binder.Transaction{Code: Echo, Data: binder.Data{Body: huge{}}}, new(binder.Reply))
		require.ErrorIs(s, err, status.TooBig)
		var e *status.Error
		require.True(s, errors.As(err, &e))
		assert.EqualValues(s, huge{}.Size(), e.Limit.Used)
		s.Do(p, Echo, nil)
	}},
	{"ErrorsCross", func(s *Stage) {
		p := s.Puppet()
		for c := status.Dead; c <= status.Service; c++ {
			_, err := s.Try(s.Ctx, p, doFail, failureBytes(c, 42, "as told"))
			var e *status.Error
			require.True(s, errors.As(err, &e), "code %v", c)
			require.NotNil(s, e.Call)
			e.Call = nil
			assert.Equal(s, status.Error{Code: c, Service: 42, Message: "as told", Remote: true}, *e)
		}
	}},
	{"ErrorsNameTheCall", errorsNameTheCall},
	{"PanicIsTheCallersError", func(s *Stage) {
		p := s.Puppet()
		_, err := s.Try(s.Ctx, p, doPanic, nil)
		require.ErrorIs(s, err, status.Internal)
		assert.ErrorContains(s, err, "as told")
		s.Do(p, Echo, nil)
	}},
	{"UnknownMethod", func(s *Stage) {
		_, err := s.Try(s.Ctx, s.Puppet(), 12345, nil)
		require.ErrorIs(s, err, status.UnknownMethod)
	}},
	{"OnewayKeepsOrder", func(s *Stage) {
		p := s.Puppet()
		var want []byte
		for i := range 1000 {
			want = append(want, byte(i), byte(i>>8))
			t := binder.Transaction{Code: doLog, Flags: binder.Oneway, Data: binder.Data{Payload: want[2*i:]}}
			require.NoError(s, p.Transact(s.Ctx, &t, nil))
		}
		for len(s.Do(p, doLogged, nil).Payload) < len(want) { // a sync call may overtake
		}
		assert.Equal(s, want, s.Do(p, doLogged, nil).Payload)
	}},
	{"NestedCallComesBackToTheWaitingCaller", func(s *Stage) {
		p := s.Puppet()
		s.SetLoopers(0)
		assert.Equal(s, "me:hi", string(s.Do(p, doCall, []byte("hi"), object(s.Named("me"))).Payload))
	}},
	{"NestedCallComesBackOverAThirdProcess", func(s *Stage) {
		a, b := s.Puppet(), s.Puppet()
		s.SetLoopers(0)
		s.Do(a, doCallVia, []byte("hi"), object(b.Handle), binder.Attachment{Field: 1, Object: s.Named("me")})
	}},
	{"DeepNesting", func(s *Stage) {
		p := s.Puppet()
		s.Do(p, doLoopers, []byte{1})
		s.SetLoopers(0)
		depth := 0
		var ping *binder.Node
		ping = s.NewNode(binder.HandlerFunc(func(ctx context.Context, c *binder.IncomingCall) error {
			if depth++; depth == 20 {
				c.Reply.Payload = []byte("bottom")
				return nil
			}
			r, err := s.Try(ctx, p, doCall, nil, object(ping))
			c.Reply.Payload = r.Payload
			return err
		}))
		assert.Equal(s, "bottom", string(s.Do(p, doCall, nil, object(ping)).Payload))
	}},
	{"ConcurrentCallers", func(s *Stage) {
		p := s.Puppet()
		var wg sync.WaitGroup
		for g := range 200 {
			wg.Go(func() {
				for i := range 30 {
					want := fmt.Sprintf("%d/%d", g, i)
					got, err := binder.Call(s.Ctx, p, Echo, []byte(want))
					if !assert.NoError(s, err) || !assert.Equal(s, want, string(got)) {
						return
					}
				}
			})
		}
		wg.Wait()
	}},
	{"EveryCallIsHandledOnce", func(s *Stage) {
		const callers, calls = 8, 100
		p := s.Puppet()
		var wg sync.WaitGroup
		for g := range byte(callers) {
			wg.Go(func() {
				for i := range byte(calls) {
					if i%2 == 0 {
						s.Do(p, doLog, []byte{g, i})
					} else {
						assert.NoError(s, p.Transact(s.Ctx, oneway([]byte{g, i}, 0), nil))
					}
				}
			})
		}
		wg.Wait()
		log := s.Do(p, doLogged, nil).Payload
		for len(log) < 2*callers*calls {
			log = s.Do(p, doLogged, nil).Payload
		}
		seen := make(map[[2]byte]bool)
		for i := 0; i < len(log); i += 2 {
			seen[[2]byte(log[i:])] = true
		}
		assert.Len(s, seen, callers*calls)
		assert.Len(s, log, 2*callers*calls)
	}},
	{"HandlersRunInParallel", func(s *Stage) {
		// Two calls of one puppet meet here: neither is answered before both have come.
		p := s.Puppet()
		var meet sync.WaitGroup
		meet.Add(2)
		barrier := s.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error {
			meet.Done()
			meet.Wait()
			return nil
		}))
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { s.Do(p, doCall, nil, object(barrier)) })
		}
		wg.Wait()
	}},
	{"Caller", func(s *Stage) {
		p := s.Puppet()
		me := s.Identity()
		want := fmt.Sprintf("%d %d", me.UID, me.Process)
		assert.Equal(s, want, string(s.Do(p, doWho, nil).Payload))
	}},
	{"CallerFromContext", func(s *Stage) {
		p := s.Puppet()
		var caller *binder.Identity
		n := s.NewNode(binder.HandlerFunc(func(ctx context.Context, c *binder.IncomingCall) error {
			caller, _ = binder.CallerFrom(ctx)
			return nil
		}))
		s.Do(p, doCall, nil, object(n))
		id, err := p.ID(s.Ctx)
		require.NoError(s, err)
		assert.Equal(s, id.Owner, caller.Process)
	}},
	{"CallsInsideOneProcess", func(s *Stage) {
		var caller *binder.Identity
		n := s.NewNode(binder.HandlerFunc(func(ctx context.Context, c *binder.IncomingCall) error {
			caller, _ = binder.CallerFrom(ctx)
			return errors.New("no code")
		}))
		_, err := s.Try(s.Ctx, n, 1, nil)
		require.ErrorIs(s, err, status.Internal)
		assert.Equal(s, s.Identity(), caller)
	}},
	{"OnewayInsideOneProcessKeepsOrder", func(s *Stage) {
		const n = 500
		got := make(chan byte, n)
		o := s.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
			got <- c.Payload[0]
			return nil
		}))
		for i := range n {
			t := binder.Transaction{Flags: binder.Oneway, Data: binder.Data{Payload: []byte{byte(i)}}}
			require.NoError(s, o.Transact(s.Ctx, &t, nil))
		}
		for i := range n {
			require.Equal(s, byte(i), <-got)
		}
	}},
	{"Deadline", func(s *Stage) { endEarly(s, status.Deadline) }},
	{"Cancel", func(s *Stage) { endEarly(s, status.Cancelled) }},
	{"GivenUpBeforeItBeganIsNeverBegun", func(s *Stage) {
		p := s.Puppet()
		resume := stall(s, p)
		var wg sync.WaitGroup
		for i := range 8 { // they reach the puppet, and wait there for its looper
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(s.Ctx, patience)
				defer cancel()
				_, err := s.Try(ctx, p, doLog, []byte{byte(i)})
				assert.ErrorIs(s, err, status.Deadline)
			})
		}
		wg.Wait()
		resume()
		s.Do(p, Echo, nil)
		assert.Empty(s, s.Do(p, doLogged, nil).Payload)
	}},
	{"ExpiredBeforeTheCall", func(s *Stage) {
		p := s.Puppet()
		ctx, cancel := context.WithCancel(s.Ctx)
		cancel()
		_, err := s.Try(ctx, p, Echo, nil)
		require.ErrorIs(s, err, status.Cancelled)
		require.ErrorIs(s, err, context.Canceled)
	}},
}

// endEarly ends a call while its handler waits for that, and checks that the handler is told.
func endEarly(s *Stage, code status.Code) {
	p := s.Puppet()
	told := make(chan string, 1)
	var ctx context.Context
	var cancel context.CancelFunc
	if code == status.Deadline {
		ctx, cancel = context.WithTimeout(s.Ctx, patience)
	} else {
		ctx, cancel = context.WithCancel(s.Ctx)
	}
	defer cancel()
	n := s.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
		if c.Code == 1 && code == status.Cancelled {
			cancel()
		}
		if c.Code == 2 {
			told <- string(c.Payload)
		}
		return nil
	}))
	_, err := s.Try(ctx, p, doBlock, nil, object(n))
	require.ErrorIs(s, err, code)
	assert.Contains(s, []string{"context canceled", "context deadline exceeded"}, <-told)
	assert.Equal(s, "still", string(s.Do(p, Echo, []byte("still")).Payload))
}

// broken is a payload that cannot be encoded.
type broken struct{}

func (broken) Size() int                       { return 10 }
func (broken) AppendTo([]byte) ([]byte, error) { return nil, errors.New("as told") }

// huge is a body larger than any transport carries; nobody asks for its bytes.
type huge struct{}

func (huge) Size() int                       { return 1<<30 + 1 }
func (huge) AppendTo([]byte) ([]byte, error) { panic("asked for more than fits") }

func errorsNameTheCall(s *Stage) {
	p := s.Puppet()
	o := s.Do(p, doNew, nil).TakeObject(0).(*binder.Handle)
	id, err := o.ID(s.Ctx)
	require.NoError(s, err)
	expired, cancel := context.WithCancel(s.Ctx)
	cancel()
	bytesOf := func(n int) binder.Data { return binder.Data{Payload: make([]byte, n)} }
	foreign := s.Open().NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error { return nil }))
	cases := []struct {
		ctx  context.Context
		data binder.Data
		code status.Code
		step status.Step
	}{
		{expired, bytesOf(1), status.Cancelled, status.StepTarget},
		{s.Ctx, binder.Data{Body: broken{}}, status.Encoding, status.StepMarshal},
		{s.Ctx, binder.Data{Attachments: []binder.Attachment{object(foreign)}}, status.BadValue, status.StepMarshal},
		{s.Ctx, binder.Data{Body: huge{}}, status.TooBig, status.StepReserve},
	}
	for _, c := range cases {
		for _, flags := range []binder.Flags{0, binder.Oneway} {
			err := o.Transact(c.ctx, &binder.Transaction{Code: 7, Flags: flags, Data: c.data}, new(binder.Reply))
			require.ErrorIs(s, err, c.code)
			requireCall(s, err, status.Call{Process: uint64(id.Owner), Node: id.Node, Code: 7, Oneway: flags != 0, Step: c.step})
		}
	}
	_, err = s.Try(s.Ctx, p, doFail, failureBytes(status.Denied, 0, "as told"))
	self, _ := p.ID(s.Ctx)
	requireCall(s, err, status.Call{Process: uint64(self.Owner), Node: self.Node, Code: doFail, Step: status.StepReply})
	gone := make(chan struct{})
	_, err = o.LinkToDeath(s.Ctx, func() { close(gone) })
	require.NoError(s, err)
	p.Kill()
	<-gone
	_, err = s.Try(s.Ctx, o, 3, nil)
	require.ErrorIs(s, err, status.Dead)
	requireCall(s, err, status.Call{Process: uint64(id.Owner), Node: id.Node, Code: 3, Step: status.StepTarget})
}

func requireCall(s *Stage, err error, want status.Call) {
	var e *status.Error
	require.True(s, errors.As(err, &e))
	require.NotNil(s, e.Call, "%v", err)
	assert.Equal(s, want, *e.Call)
}
