package transporttest

import (
	"sync"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// fill sends oneway calls to p until there is room for none. It returns how many.
func fill(s *Stage, p *Puppet) (sent int) {
	var err error
	for ; err == nil; sent++ {
		err = p.Transact(s.Ctx, oneway([]byte("x"), binder.NoWait), nil)
	}
	require.ErrorIs(s, err, status.Full)
	return sent - 1
}

// slow is about who has to wait for a handler that takes long, and who has not.
var slow = []Case{
	{"ABlockedHandlerDelaysNoOtherNode", func(s *Stage) {
		p := s.Puppet()
		other := s.Do(p, doNew, nil).TakeObject(0)
		hold, held, release := occupy(s)
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := s.Try(s.Ctx, p, doCall, nil, object(hold))
			assert.NoError(s, err)
		})
		<-held
		for range 100 {
			assert.Equal(s, "new:x", string(s.Do(other, 1, []byte("x")).Payload))
		}
		release()
		wg.Wait()
	}},
	{"ALineOfOnewaysDelaysNoOtherNode", func(s *Stage) {
		p, q := s.Puppet(), s.Puppet()
		other := s.Do(p, doNew, nil).TakeObject(0)
		hold, held, release := occupy(s)
		first := binder.Transaction{Code: doCall, Flags: binder.Oneway, Data: binder.Data{Attachments: []binder.Attachment{object(hold)}}}
		require.NoError(s, p.Transact(s.Ctx, &first, nil))
		<-held // those that follow wait for it
		sent := fill(s, p)
		for range 100 {
			assert.Equal(s, "new:x", string(s.Do(other, 1, []byte("x")).Payload))
		}
		assert.Equal(s, "new:y", string(s.Do(q, doCall, []byte("y"), object(other)).Payload))
		assert.Empty(s, s.Do(p, doLogged, nil).Payload)
		release()
		logged(s, p, sent)
	}},
	{"ASlowProcessDelaysOnlyWhoSendsToIt", func(s *Stage) {
		p, q := s.Puppet(), s.Puppet()
		meet(s, q, p)
		resume := stall(s, p)
		sent := fill(s, p)
		const waiting, quick = 8, 100
		var wg sync.WaitGroup
		for range waiting { // for room, and for the looper
			wg.Go(func() { assert.NoError(s, p.Transact(s.Ctx, oneway([]byte("w"), 0), nil)) })
			wg.Go(func() {
				_, err := s.Try(s.Ctx, p, Echo, nil)
				assert.NoError(s, err)
			})
		}
		for range quick {
			require.NoError(s, q.Transact(s.Ctx, oneway([]byte("q"), 0), nil))
			assert.Len(s, s.Do(q, Echo, make([]byte, 100_000)).Payload, 100_000)
		}
		logged(s, q, quick)
		s.Do(q, doCallOneway, []byte("o"), object(p.Handle)) // another sender has room of its own
		resume()
		wg.Wait()
		logged(s, p, sent+waiting+1)
	}},
}
