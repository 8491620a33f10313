package binder

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/status"
)

// leaving ends the goroutine that handles code 1 and notes the codes of other calls.
func leaving(codes *[]uint32) HandlerFunc {
	return func(_ context.Context, c *IncomingCall) error {
		if c.Code == 1 {
			runtime.Goexit()
		}
		*codes = append(*codes, c.Code)
		return nil
	}
}

func TestOnewayCallsGoOnAfterAHandlerThatEndsItsGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var codes []uint32
		n := NewProcess(lonely{}).NewNode(leaving(&codes))
		for code := range uint32(3) {
			require.NoError(t, n.Transact(t.Context(), &Transaction{Code: code + 1, Flags: Oneway}, nil))
		}
		synctest.Wait()
		assert.Equal(t, []uint32{2, 3}, codes)
	})
}

func TestFrozenListenerThatEndsItsGoroutineIsToldTheNextState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var states []bool
		l := &FrozenLink{fn: func(frozen bool) {
			states = append(states, frozen)
			runtime.Goexit()
		}}
		for _, frozen := range []bool{true, false} {
			l.Tell(frozen)
			synctest.Wait()
		}
		assert.Equal(t, []bool{true, false}, states)
	})
}

func TestAsyncCallEndsWithAHandlerThatEndsItsGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var codes []uint32
		f := Async(t.Context(), NewProcess(lonely{}).NewNode(leaving(&codes)), &Transaction{Code: 1})
		_, err := f.Wait(t.Context())
		require.ErrorIs(t, err, status.Internal)
	})
}
