package transporttest

import (
	"context"
	"io"
	"sync"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// largeSize is more than fits beside other messages, on the bus and on the driver.
const largeSize = 5<<20 + 3

// pattern is n bytes that no other seed has.
func pattern(n int, seed byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i>>12) ^ byte(i) + seed
	}
	return b
}

// late is a body that is written where the transport says.
type late struct{ bytes []byte }

func (l late) Size() int                           { return len(l.bytes) }
func (l late) AppendTo(dst []byte) ([]byte, error) { return append(dst, l.bytes...), nil }

// shrinking is a body that becomes shorter than it said.
type shrinking struct{ late }

func (l shrinking) Size() int { return len(l.bytes) + 1000 }

// growing is a body that becomes longer than it said.
type growing struct{ late }

func (l growing) Size() int { return len(l.bytes) - 1 }

// vanishing is a body of which nothing is left when it is written.
type vanishing struct{}

func (vanishing) Size() int                           { return largeSize }
func (vanishing) AppendTo(dst []byte) ([]byte, error) { return dst, nil }

func echoes(s *Stage, p binder.Object, d binder.Data, want []byte) {
	s.Helper()
	var r binder.Reply
	require.NoError(s, p.Transact(s.Ctx, &binder.Transaction{Code: Echo, Data: d}, &r))
	// assert.Equal would print both
	assert.True(s, string(want) == string(r.Payload), "%d bytes came back, of %d", len(r.Payload), len(want))
	r.Release()
}

var large = []Case{
	{"LargePayloadsAroundEveryLimit", func(s *Stage) {
		p := s.Puppet()
		for _, limit := range []int{1 << 20, 2 << 20, 4 << 20, 8 << 20, 16 << 20} {
			for _, n := range []int{limit - 33, limit - 1, limit, limit + 1, limit + 4097} {
				b := pattern(n, byte(n))
				echoes(s, p, binder.Data{Payload: b}, b)
				echoes(s, p, binder.Data{Body: late{b}}, b)
			}
		}
	}},
	{"LargePayloadsWithObjectsAndFiles", func(s *Stage) {
		p := s.Puppet()
		n := s.Named("n")
		b := pattern(largeSize, 1)
		r := s.Do(p, Echo, b, binder.Attachment{File: pipeWith(s, "one")}, object(n), binder.Attachment{File: pipeWith(s, "two")})
		assert.True(s, string(b) == string(r.Payload))
		for _, want := range []string{"one", "two"} {
			f := r.TakeFile(0)
			require.NotNil(s, f)
			got, err := io.ReadAll(f)
			f.Close()
			require.NoError(s, err)
			assert.Equal(s, want, string(got))
		}
		assert.Same(s, n, r.TakeObject(0))
		assert.Nil(s, r.TakeFile(0))
	}},
	{"LargePayloadsAndAsManyFilesAsFit", func(s *Stage) {
		p := s.Puppet()
		f := pipeWith(s, "")
		list := make([]binder.Attachment, 128)
		for i := range list {
			list[i] = binder.Attachment{File: f}
		}
		s.Do(p, doRead, pattern(largeSize, 2), list...)
		s.Do(p, doRead, pattern(1<<20, 2), list...)
		_, err := s.Try(s.Ctx, p, doRead, pattern(largeSize, 2), append(list, list[0])...)
		require.ErrorIs(s, err, status.TooBig)
	}},
	{"LargePayloadsAndAsManyObjectsAsFit", func(s *Stage) {
		p := s.Puppet()
		list := make([]binder.Attachment, 256)
		assert.Len(s, s.Do(p, Echo, pattern(largeSize, 2), list...).Attachments, 256)
		_, err := s.Try(s.Ctx, p, Echo, pattern(largeSize, 2), append(list, list[0])...)
		require.ErrorIs(s, err, status.TooBig)
	}},
	{"LargeBodiesThatChange", func(s *Stage) {
		p := s.Puppet()
		b := pattern(largeSize, 3)
		echoes(s, p, binder.Data{Body: shrinking{late{b}}}, b)
		err := p.Transact(s.Ctx, &binder.Transaction{Code: Echo, Data: binder.Data{Body: growing{late{b}}}}, new(binder.Reply))
		require.ErrorIs(s, err, status.Encoding)
		err = p.Transact(s.Ctx, &binder.Transaction{Code: Echo, Data: binder.Data{Body: vanishing{}}}, new(binder.Reply))
		require.ErrorIs(s, err, status.Encoding)
		s.Do(p, Echo, nil)
	}},
	{"LargeOneways", func(s *Stage) {
		p := s.Puppet()
		for i := range 5 {
			require.NoError(s, p.Transact(s.Ctx, oneway(pattern(largeSize, byte(i)), 0), nil))
		}
		logged(s, p, 5*largeSize)
		b := s.Do(p, doLogged, nil).Payload
		for i := range 5 {
			assert.True(s, string(pattern(largeSize, byte(i))) == string(b[i*largeSize:(i+1)*largeSize]), "call %d", i)
		}
	}},
	{"LargePayloadIsTheHandlersToWriteIn", func(s *Stage) {
		n := s.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
			for i := range c.Payload {
				c.Payload[i]++
			}
			c.Reply.Payload = c.Payload
			return nil
		}))
		p := s.Puppet()
		b := pattern(largeSize, 1)
		got := s.Do(p, doCall, b, object(n)).Payload
		for i := range b {
			b[i]++
		}
		assert.True(s, string(b) == string(got))
	}},
	{"LargeCallsAtOnce", func(s *Stage) {
		p := s.Puppet()
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				b := pattern(largeSize+i, byte(i))
				for range 3 {
					echoes(s, p, binder.Data{Payload: b}, b)
				}
			})
		}
		wg.Wait()
	}},
	{"LargeSecrets", func(s *Stage) {
		p := s.Puppet()
		b := pattern(largeSize, 9)
		var r binder.Reply
		require.NoError(s, p.Transact(s.Ctx, &binder.Transaction{Code: Echo, Flags: binder.ClearBuf, Data: binder.Data{Payload: b}}, &r))
		assert.True(s, string(b) == string(r.Payload))
		r.Release()
	}},
	{"LargeCallsOfTheDead", func(s *Stage) {
		p := s.Puppet()
		resume := stall(s, p)
		for range 3 {
			require.NoError(s, p.Transact(s.Ctx, oneway(make([]byte, largeSize), 0), nil))
		}
		p.Kill()
		resume()
		q := s.Puppet()
		echoes(s, q, binder.Data{Payload: pattern(largeSize, 4)}, pattern(largeSize, 4))
	}},
	{"LargeCallsThatNobodyWaitsFor", func(s *Stage) {
		p := s.Puppet()
		resume := stall(s, p)
		ctx, cancel := context.WithCancel(s.Ctx)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				_, err := s.Try(ctx, p, Echo, make([]byte, largeSize))
				assert.ErrorIs(s, err, status.Cancelled)
			})
		}
		cancel()
		wg.Wait()
		resume()
		s.Do(p, Echo, nil)
	}},
	{"LargeCallsToAFrozenProcess", func(s *Stage) {
		p := s.Puppet()
		goOn, unfreeze := freezeAndStop(s, p)
		b := pattern(largeSize, 5)
		update := oneway(b, binder.UpdateTxn)
		for range 3 {
			require.NoError(s, p.Transact(s.Ctx, update, nil))
		}
		_, err := s.Try(s.Ctx, p, Echo, b)
		require.ErrorIs(s, err, status.Frozen)
		goOn()
		unfreeze()
		for len(s.Do(p, doLogged, nil).Payload) < largeSize {
		}
		echoes(s, p, binder.Data{Payload: b}, b)
	}},
	{"LargePayloadsUnderWayAreLimited", func(s *Stage) {
		p := s.Puppet()
		resume := stall(s, p)
		lazy := func(flags binder.Flags) *binder.Transaction {
			return &binder.Transaction{Code: doLog, Flags: flags | binder.NoWait, Data: binder.Data{Body: untouched(256 << 20)}}
		}
		n := 0
		var err error
		for err = p.Transact(s.Ctx, lazy(binder.Oneway), nil); err == nil; err = p.Transact(s.Ctx, lazy(binder.Oneway), nil) {
			n++
		}
		require.ErrorIs(s, err, status.Full)
		assert.Contains(s, err.Error(), "large oneway payloads")
		assert.Equal(s, 4, n) // 1 GiB
		p.Kill()
		resume()
	}},
	{"LargeRepliesThatFail", func(s *Stage) {
		n := s.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
			c.Reply.Body = huge{}
			return nil
		}))
		_, err := s.Try(s.Ctx, s.Puppet(), doCall, nil, object(n))
		require.ErrorIs(s, err, status.TooBig)
	}},
}

// untouched is a body that takes much room and writes nothing into it but its end.
type untouched int

func (n untouched) Size() int { return int(n) }
func (n untouched) AppendTo(dst []byte) ([]byte, error) {
	return dst[:n], nil
}

// Huge echoes a payload of the largest size there is through a puppet: for machines with the memory.
func Huge(s *Stage, size int) {
	p := s.Puppet()
	b := pattern(size, 7)
	echoes(s, p, binder.Data{Payload: b}, b)
}
