package object_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/copying"
)

// panicking is a body that panics in the middle.
type panicking []byte

func (p panicking) Size() int { return 2 * len(p) }

func (p panicking) AppendTo(dst []byte) ([]byte, error) {
	copying.Append(dst, p)
	panic("in the middle")
}

// A body that panics takes no room for good, nor is the next that it is told of kept from that.
func TestABodyThatPanicsGivesItsSlotBack(t *testing.T) {
	path := brokertest.Start(t)
	serveRoot(t, path, echo)
	client, _ := dialTransport(t, path)
	h := rootOf(t, client)
	for range 2*bus.SegmentSize/bus.MaxMessage + 1 {
		tr := binder.Transaction{Code: 1, Flags: binder.NoWait, Data: binder.Data{Body: panicking(make([]byte, bus.MaxMessage/2))}}
		require.PanicsWithValue(t, "in the middle", func() { h.Transact(t.Context(), &tr, new(binder.Reply)) })
	}
	tr := binder.Transaction{Code: 1, Flags: binder.NoWait, Data: binder.Data{Payload: make([]byte, 1<<20)}}
	var r binder.Reply
	require.NoError(t, h.Transact(t.Context(), &tr, &r))
	require.Len(t, r.Payload, 1<<20)
	r.Release()
}
