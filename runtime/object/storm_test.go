package object_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"ubinder/runtime/binder"
	"ubinder/runtime/binder/transporttest"
	"ubinder/runtime/status"
)

// Calls that are given up at every moment leave indices, slots and references as they were.
func TestCancellationStorm(t *testing.T) {
	s := transporttest.NewStage(t, forkDomain(t))
	p := s.Puppet()
	n := s.Named("n")
	var wg sync.WaitGroup
	for g := range 32 {
		wg.Go(func() {
			for i := range 200 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration((g*7+i*13)%300)*time.Microsecond)
				call := binder.Transaction{Code: transporttest.Echo, Data: binder.Data{Payload: make([]byte, 64+i*100), Attachments: []binder.Attachment{{Object: n}}}}
				var r binder.Reply
				err := p.Transact(ctx, &call, &r)
				if err != nil && !errors.Is(err, status.Deadline) {
					assert.NoError(t, err)
				}
				r.Release()
				cancel()
			}
		})
	}
	wg.Wait()
	for range 300 { // more than there are caller indices
		out, err := binder.Call(t.Context(), p, transporttest.Echo, []byte("still"))
		assert.NoError(t, err)
		assert.Equal(t, "still", string(out))
	}
}
