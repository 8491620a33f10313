package linktest

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/bus"
	"ubinder/runtime/status"
)

func inOrder(t *testing.T, a, b actor) {
	kinds := []Message{
		{Kind: bus.KindCall},
		{Kind: bus.KindGrant},
		{Kind: bus.KindCall, Flags: bus.FlagOneway},
		{Kind: bus.KindReply, Index: 5},
		{Kind: bus.KindVerdict},
		{Kind: bus.KindCancel},
	}
	const rounds = 100 // more than the ring holds
	for i := range uint64(rounds) {
		for j, m := range kinds {
			m.Node = i*10 + uint64(j)
			if m.Kind <= bus.KindReply {
				a.send(m, 40, m.Node)
			} else {
				a.must(Op{Do: Control, Message: m})
				a.must(Op{Do: RingLooper})
			}
		}
		for j, m := range kinds {
			r := b.must(Op{Do: Next})
			require.Equal(t, i*10+uint64(j), r.Message.Node)
			require.Equal(t, m.Kind, r.Message.Kind)
			require.Equal(t, m.Flags, r.Message.Flags)
			require.Equal(t, i*uint64(len(kinds))+uint64(j), r.Position)
			if m.Kind <= bus.KindReply {
				b.free(r.Position)
			}
		}
		b.must(Op{Do: Drained})
	}
}

func everySize(t *testing.T, a, b actor) {
	sizes := []int{0, 1, 7, 8, 9, 63, 64, 65, 4095, 4096, 4097, 1 << 18, bus.MaxMessage - 1, bus.MaxMessage}
	for i, size := range sizes {
		a.send(Message{Kind: bus.KindCall}, size, uint64(i))
		r := b.receive()
		requireSame(t, Pattern(uint64(i), size), r.Message.Payload)
		require.Empty(t, r.Message.Entries)
		b.free(r.Position)
	}
	for i, size := range sizes[:len(sizes)-2] {
		for _, n := range []int{1, 3, bus.MaxEntries} {
			sendEntries(t, a, b, size, n, uint64(i))
		}
	}
}

// requireSame does not print megabytes.
func requireSame(t testing.TB, want, got []byte) {
	t.Helper()
	require.Len(t, got, len(want))
	require.True(t, bytes.Equal(want, got), "%d bytes have changed on the way", len(want))
}

func sendEntries(t *testing.T, a, b actor, size, n int, seed uint64) {
	m := Message{Kind: bus.KindCall, Payload: Pattern(seed, size)}
	for i := range n {
		x := seed + uint64(i)
		m.Entries = append(m.Entries, bus.Entry{Kind: bus.EntryKind(i % 5), Weak: i%2 == 1, Field: uint32(x),
			Node: x << 32, Owner: ^x, Position: x * 3})
	}
	a.send(m, bus.SlotSize(size, n), seed)
	r := b.receive()
	requireSame(t, m.Payload, r.Message.Payload)
	require.Equal(t, m.Entries, r.Message.Entries)
	b.free(r.Position)
}

func overTheLimit(t *testing.T, a, b actor) {
	for _, c := range []bus.Class{bus.ClassCall, bus.ClassOneway, bus.ClassReply} {
		err := a.fails(status.TooBig, Op{Do: Reserve, Class: c, Size: bus.MaxMessage + 1})
		require.EqualValues(t, bus.MaxMessage, err.Limit.Max)
		require.EqualValues(t, bus.MaxMessage+1, err.Limit.Used)
	}
	a.call(1)
	require.EqualValues(t, 1, b.receive().Message.Node)
}
