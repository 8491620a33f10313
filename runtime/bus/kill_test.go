package bus_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/bus"
	"ubinder/runtime/bus/linktest"
	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/status"
)

// TestWhatAKilledProcessPublishedIsDelivered: its messages and its files, though it had left
// something of ours unread.
func TestWhatAKilledProcessPublishedIsDelivered(t *testing.T) {
	leaktest.Check(t)
	far := startFarEnd(t)
	do := func(e linktest.End, op linktest.Op) linktest.Result {
		r := e.Do(op)
		require.Nil(t, r.Err, "%s: %v", op.Do, r.Err)
		return r
	}
	do(far.near, linktest.Op{Do: linktest.Hold})
	do(far.near, linktest.Op{Do: linktest.RingLooper})
	for i := range uint64(3) {
		slot := do(far.remote, linktest.Op{Do: linktest.Reserve, Class: bus.ClassCall, Size: 100, Seed: i}).Slot
		m := linktest.Message{Kind: bus.KindCall, Node: i, Files: []string{"left behind"}}
		do(far.remote, linktest.Op{Do: linktest.Post, Slot: slot, Message: m})
	}
	require.NoError(t, far.cmd.Process.Kill())
	far.cmd.Wait()
	err := far.near.Do(linktest.Op{Do: linktest.Hangup}).Err
	require.Equal(t, status.Dead, err.Code)
	require.Contains(t, err.Message, "process 2 has ended")
	for i := range uint64(3) {
		r := do(far.near, linktest.Op{Do: linktest.Next})
		require.Equal(t, i, r.Message.Node)
		require.Equal(t, linktest.Pattern(i, 100), do(far.near, linktest.Op{Do: linktest.Take, Position: r.Position}).Message.Payload)
		require.Equal(t, []string{"left behind"}, do(far.near, linktest.Op{Do: linktest.Files, Position: r.Position}).Files)
		do(far.near, linktest.Op{Do: linktest.Free, Position: r.Position})
	}
	do(far.near, linktest.Op{Do: linktest.Drop})
}
