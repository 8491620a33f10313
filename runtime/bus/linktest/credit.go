package linktest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/bus"
	"ubinder/runtime/status"
)

// requireLimit checks that an error says which resource, what it allows and what was asked for.
func requireLimit(t testing.TB, err *status.Error) {
	t.Helper()
	require.NotEmpty(t, err.Limit.Resource)
	require.NotZero(t, err.Limit.Max)
	require.NotZero(t, err.Limit.Used)
	require.Contains(t, err.Message, err.Limit.Resource)
}

// comesBack checks that what one free or one drain gives back is one more of the class.
func comesBack(t *testing.T, a, b actor, c bus.Class, size int) {
	b.free(b.must(Op{Do: Poll}).Position)
	n, _ := a.fill(c, size)
	require.Equal(t, 1, n)
	b.drain()
}

func messageCredit(t *testing.T, a, b actor) {
	n, err := a.fill(bus.ClassCall, 10)
	requireLimit(t, err)
	require.EqualValues(t, n, err.Limit.Max)
	require.EqualValues(t, n+1, err.Limit.Used)
	comesBack(t, a, b, bus.ClassCall, 10)
	again, _ := a.fill(bus.ClassCall, 10)
	require.Equal(t, n, again)
}

func onewayHalf(t *testing.T, a, b actor) {
	n, err := a.fill(bus.ClassOneway, 10)
	requireLimit(t, err)
	require.EqualValues(t, n, err.Limit.Max)
	calls, _ := a.fill(bus.ClassCall, 10)
	require.Equal(t, n, calls, "calls have the other half")
	comesBack(t, a, b, bus.ClassOneway, 10)
}

func onewayBytes(t *testing.T, a, b actor) {
	n, err := a.fill(bus.ClassOneway, bus.MaxMessage)
	requireLimit(t, err)
	require.Equal(t, bus.SegmentSize/2/bus.MaxMessage, n)
	require.EqualValues(t, bus.SegmentSize/2, err.Limit.Max)
	a.send(Message{Kind: bus.KindCall}, bus.MaxMessage, 0)
	comesBack(t, a, b, bus.ClassOneway, bus.MaxMessage)
}

func outboxBytes(t *testing.T, a, b actor) {
	n, err := a.fill(bus.ClassCall, bus.MaxMessage)
	requireLimit(t, err)
	require.Equal(t, bus.CallBytes/bus.MaxMessage, n)
	require.EqualValues(t, bus.CallBytes, err.Limit.Max)
	comesBack(t, a, b, bus.ClassCall, bus.MaxMessage)
}

func repliesNeedNoCredit(t *testing.T, a, b actor) {
	a.fill(bus.ClassCall, 10)
	for i := range uint32(bus.Callers) {
		a.send(Message{Kind: bus.KindReply, Index: i}, 10, 0)
	}
	b.drain()
}

func controlCredit(t *testing.T, a, b actor) {
	const kind = bus.KindDrop
	n := 0
	r := a.Do(Op{Do: Control, Message: Message{Kind: kind}})
	for ; r.Err == nil; n++ {
		r = a.Do(Op{Do: Control, Message: Message{Kind: kind}})
	}
	require.Equal(t, status.Full, r.Err.Code, r.Err.Message)
	requireLimit(t, r.Err)
	require.EqualValues(t, n, r.Err.Limit.Max)
	for range bus.Claims { // their room is the claimer's
		a.must(Op{Do: Control, Message: Message{Kind: bus.KindVerdict}})
	}
	calls, _ := a.fill(bus.ClassCall, 10)
	require.NotZero(t, calls, "calls have room of their own")
	seen := a.must(Op{Do: Count}).Count
	require.Equal(t, n+bus.Claims+calls, b.drain())
	a.must(Op{Do: Readable, Count: seen}) // it is told
	for range n {
		a.must(Op{Do: Control, Message: Message{Kind: kind}})
	}
	a.fails(status.Full, Op{Do: Control, Message: Message{Kind: kind}})
	require.Equal(t, n, b.drain())
}

// awaitRoom waits for room, takes it and gives it back, as a sender does that thinks better of it.
func (a actor) awaitRoom(c bus.Class, size int) <-chan Result {
	ch := make(chan Result, 1)
	go func() {
		for {
			r := a.Do(Op{Do: Reserve, Class: c, Size: size})
			if r.Err == nil {
				r = a.Do(Op{Do: Abandon, Slot: r.Slot})
			}
			if r.Err == nil || r.Err.Code != status.Full {
				ch <- r
				return
			}
			if r = a.Do(Op{Do: Room, Class: c, Size: size}); r.Err != nil {
				ch <- r
				return
			}
		}
	}()
	return ch
}

func roomAfterFree(t *testing.T, a, b actor) {
	for _, size := range []int{10, bus.MaxMessage} {
		a.fill(bus.ClassCall, size)
		var waiting []<-chan Result
		for range 3 {
			waiting = append(waiting, a.awaitRoom(bus.ClassCall, size))
		}
		b.drain()
		for _, ch := range waiting {
			require.Nil(t, (<-ch).Err)
		}
	}
}

// reserveAll takes all message credit and posts nothing.
func reserveAll(a actor) (slots []int) {
	for {
		r := a.Do(Op{Do: Reserve, Class: bus.ClassCall, Size: 10})
		if r.Err != nil {
			return slots
		}
		slots = append(slots, r.Slot)
	}
}

func roomAfterAbandon(t *testing.T, a, b actor) {
	slots := reserveAll(a)
	waiting := a.awaitRoom(bus.ClassCall, 10)
	for _, s := range slots {
		a.must(Op{Do: Abandon, Slot: s})
	}
	require.Nil(t, (<-waiting).Err)
}

func roomAfterFailedPost(t *testing.T, a, b actor) {
	slots := reserveAll(a)
	waiting := a.awaitRoom(bus.ClassCall, 10)
	tooMany := make([]string, bus.MaxFiles+1)
	for _, s := range slots[:2] {
		a.fails(status.TooBig, Op{Do: Post, Slot: s, Message: Message{Kind: bus.KindCall, Files: tooMany}})
	}
	require.Nil(t, (<-waiting).Err)
	for _, s := range slots[2:] {
		a.must(Op{Do: Abandon, Slot: s})
	}
}

// roomSeen: room that came between a failed Reserve and the wait for it ends the wait at once.
func roomSeen(t *testing.T, a, b actor) {
	wait := Op{Do: Room, Class: bus.ClassCall, Size: 10}
	slots := reserveAll(a)
	a.must(Op{Do: Abandon, Slot: slots[0]})
	a.must(wait)
	for _, s := range slots[1:] {
		a.must(Op{Do: Abandon, Slot: s})
	}
	a.fill(bus.ClassCall, 10)
	b.drain()
	a.must(Op{Do: Abandon, Slot: a.must(Op{Do: Reserve, Class: bus.ClassCall, Size: 10}).Slot}) // takes note of all
	a.must(wait)
}

func roomEndsWithContext(t *testing.T, a, b actor) {
	a.fill(bus.ClassCall, 10)
	a.fails(status.Deadline, Op{Do: Room, Class: bus.ClassCall, Size: 10, Patience: time.Millisecond})
	waiting := a.start(Op{Do: Room, Class: bus.ClassCall, Size: 10})
	b.drain()
	require.Nil(t, (<-waiting).Err)
}

func roomEndsWithLink(t *testing.T, a, b actor) {
	a.fill(bus.ClassCall, 10)
	waiting := a.awaitRoom(bus.ClassCall, 10)
	b.must(Op{Do: Close})
	r := <-waiting
	require.NotNil(t, r.Err)
	require.Equal(t, status.Dead, r.Err.Code)
}
