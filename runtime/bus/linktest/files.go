package linktest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/bus"
	"ubinder/runtime/status"
)

func contents(n, seed int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("file %d of %d", i, seed))
	}
	return list
}

func filesOfTheirMessage(t *testing.T, a, b actor) {
	counts := []int{1, 0, 3, bus.MaxFiles, 0, 2}
	for i, n := range counts {
		a.send(Message{Kind: bus.KindCall, Files: contents(n, i)}, 10, 0)
	}
	var got []Result
	for range counts {
		got = append(got, b.must(Op{Do: Next}))
	}
	for i := len(counts) - 1; i >= 0; i-- { // in any order
		require.Equal(t, counts[i], got[i].NumFiles)
		r := b.must(Op{Do: Files, Position: got[i].Position})
		require.Equal(t, contents(counts[i], i), r.Files)
		b.free(got[i].Position)
	}
	if err := b.Do(Op{Do: Files, Position: got[0].Position}).Err; err != nil { // taken, and forgotten by Free
		require.Equal(t, status.Protocol, err.Code)
	}
	b.must(Op{Do: Err})
}

func filesLimited(t *testing.T, a, b actor) {
	m := Message{Kind: bus.KindCall, Files: make([]string, bus.MaxFiles)} // all empty: one file, often
	var err *status.Error
	n := 0
	for ; err == nil; n++ {
		slot := a.reserve(bus.ClassCall, 10, 0)
		err = a.Do(Op{Do: Post, Slot: slot, Message: m}).Err
	}
	n--
	require.Equal(t, status.Full, err.Code, err.Message)
	requireLimit(t, err)
	require.Positive(t, n)
	for range n {
		pos := b.must(Op{Do: Next}).Position
		require.Len(t, b.must(Op{Do: Files, Position: pos}).Files, bus.MaxFiles)
		b.free(pos)
	}
	a.send(m, 10, 0)
	b.must(Op{Do: Files, Position: b.must(Op{Do: Next}).Position})
}

func busSocketRefused(t *testing.T, a, b actor) {
	slot := a.reserve(bus.ClassCall, 10, 0)
	a.fails(status.BadValue, Op{Do: Post, Slot: slot, Message: Message{Kind: bus.KindCall, Files: []string{busSocket}}})
	a.call(3)
	require.EqualValues(t, 3, b.receive().Message.Node)
}

func filesNeverTaken(t *testing.T, a, b actor) {
	for i := range 3 {
		a.send(Message{Kind: bus.KindCall, Files: contents(4, i)}, 10, 0)
	}
	b.must(Op{Do: Next}) // and nothing more: the leak check has the rest
}

func filesOfTheDead(t *testing.T, a, b actor) {
	b.must(Op{Do: Hold})
	b.call(0) // not received: the kernel then reports the death ahead of what is queued
	a.send(Message{Kind: bus.KindCall, Files: contents(2, 7)}, 10, 0)
	a.close()
	b.Do(Op{Do: Hangup})
	pos := b.must(Op{Do: Next}).Position
	require.Equal(t, contents(2, 7), b.must(Op{Do: Files, Position: pos}).Files)
	b.must(Op{Do: Drop})
}

func bulkAgain(t *testing.T, a, b actor) {
	for i, n := range []int{1, 4096, 1 << 20, 1 << 16, bus.MaxMessage, 1<<20 + 7} {
		slot := a.must(Op{Do: Reserve, Class: bus.ClassCall, Bulk: n, Seed: uint64(i)}).Slot
		a.must(Op{Do: Post, Slot: slot, Message: Message{Kind: bus.KindCall}})
		r := b.must(Op{Do: Poll})
		require.Equal(t, 1, r.NumFiles)
		got := b.must(Op{Do: Files, Position: r.Position, Bulk: n}).Message.Payload
		require.True(t, string(Pattern(uint64(i), n)) == string(got), "%d bytes", n)
		b.free(r.Position)
	}
}

func bulkTooBig(t *testing.T, a, b actor) {
	a.fails(status.TooBig, Op{Do: Reserve, Class: bus.ClassCall, Bulk: bus.MaxPayload + 1})
	for _, class := range []bus.Class{bus.ClassCall, bus.ClassOneway, bus.ClassReply} {
		slot := a.must(Op{Do: Reserve, Class: class, Bulk: 1 << 20}).Slot
		a.must(Op{Do: Abandon, Slot: slot})
	}
	b.must(Op{Do: Err})
}
