package object_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/copying"
	"ubinder/runtime/object"
)

const followedSize = 1 << 20

// writer is a peer that writes a payload as it likes.
type writer struct {
	*peerLane
	t      *testing.T
	arena  *arena
	victim *object.Transport
	from   uint64 // its own id
	index  uint32
}

func newWriter(t *testing.T) *writer {
	a := newArena(t)
	a.transports[0].SpinAlways(testSpin)
	p := joinPeer(t, a.path)
	l := p.newLane(uint64(a.victim.ID()))
	p.shake(l)
	t.Cleanup(p.leave)
	return &writer{peerLane: l, t: t, arena: a, victim: a.transports[0], from: p.id}
}

// put writes the part of a payload from one byte to another, at an offset in the segment.
func (w *writer) put(off int, payload []byte, from, to int) {
	copy(w.seg.Bytes(off+from, to-from), payload[from:to])
}

// tell tells of a payload at an offset.
func (w *writer) tell(off, length int) (bus.Descriptor, uint64) {
	d := bus.Descriptor{Kind: bus.KindFilling, Code: bus.KindCall, Offset: uint32(off / 64), Length: uint32(length)}
	w.written(w.writer.Next(), 0)
	pos := w.writer.Put(&d)
	w.ring()
	return d, pos
}

func (w *writer) written(pos uint64, n int) { w.out.Uint64(offProgress).Store(pos<<32 | uint64(n)) }

func (w *writer) awaitFollower() {
	require.Eventually(w.t, func() bool { return w.in.Uint32(offFollowing).Load() == 1 }, killPatience, time.Millisecond)
}

// echo posts a call and checks that the victim's handler was given what is wanted.
func (w *writer) echo(off int, flags uint16, want []byte) {
	w.writer.Put(&bus.Descriptor{
		Kind: bus.KindCall, Flags: flags, Code: arenaEcho, Node: 1, Chain: 7, Index: w.index,
		Offset: uint32(off / 64), Length: uint32(len(want)), Slot: w.index,
	})
	w.index++
	w.ring()
	var d bus.Descriptor
	for d.Kind != bus.KindReply {
		w.ring()
		require.Eventually(w.t, func() bool { return w.reader.Published() != w.reader.Next() }, killPatience, time.Millisecond)
		w.reader.Get(&d)
	}
	require.Zero(w.t, d.Code)
	got := w.in.Bytes(headerSize+int(d.Offset)*64, int(d.Length))
	require.True(w.t, bytes.Equal(want, got))
	w.acknowledge(d.Slot)
	w.out.Uint64(offDrained).Store(w.reader.Next())
	w.ring()
}

func random(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return b
}

// A handler gets what was posted, whatever was told of it before.
func TestCallsThatWereToldOfAreWhatWasPosted(t *testing.T) {
	before := object.SetFollowPatience(killPatience)
	t.Cleanup(func() { object.SetFollowPatience(before) })
	const half, far = followedSize / 2, 4 << 20
	first, second := random(followedSize), random(followedSize)
	for name, script := range map[string]func(*writer){
		"as it should": func(w *writer) {
			for i := range 3 {
				_, pos := w.tell(0, followedSize)
				w.put(0, first, 0, half)
				w.written(pos, half)
				w.awaitFollower()
				w.put(0, first, half, followedSize)
				w.written(pos, followedSize)
				w.echo(0, bus.FlagFilled, first)
				first[i]++
			}
		},
		"it says more than there can be": func(w *writer) {
			_, pos := w.tell(0, followedSize)
			w.put(0, first, 0, followedSize)
			w.written(pos, 1<<32-1)
			w.awaitFollower()
			w.echo(0, bus.FlagFilled, first)
		},
		"another place": func(w *writer) {
			_, pos := w.tell(0, followedSize)
			w.put(0, first, 0, followedSize)
			w.put(far, second, 0, followedSize)
			w.awaitFollower()
			w.written(pos, followedSize)
			w.echo(far, bus.FlagFilled, second)
		},
		"another length": func(w *writer) {
			_, pos := w.tell(0, followedSize)
			w.put(0, first, 0, followedSize)
			w.awaitFollower()
			w.written(pos, followedSize)
			w.echo(0, bus.FlagFilled, first[:half])
		},
		"another payload, at the same place": func(w *writer) {
			_, pos := w.tell(0, followedSize)
			w.put(0, first, 0, half)
			w.written(pos, half)
			w.awaitFollower()
			w.put(0, second, 0, followedSize)
			w.written(pos+1, 0) // it is given up
			w.echo(0, 0, second)
		},
		"told of again": func(w *writer) {
			_, pos := w.tell(0, followedSize)
			w.put(0, first, 0, half)
			w.written(pos, half)
			w.awaitFollower()
			w.put(0, second, 0, followedSize)
			_, pos = w.tell(0, followedSize)
			w.written(pos, followedSize)
			w.echo(0, bus.FlagFilled, second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWriter(t)
			script(w)
			w.arena.honest(t)
		})
	}
}

// A secret is wiped also where it was told of, against the protocol, and copied in vain.
func TestASecretThatWasToldOfIsWiped(t *testing.T) {
	before := object.SetFollowPatience(killPatience)
	t.Cleanup(func() { object.SetFollowPatience(before) })
	told := random(followedSize)
	w := newWriter(t)
	_, pos := w.tell(0, followedSize)
	w.put(0, told, 0, followedSize)
	w.awaitFollower()
	w.written(pos, followedSize)
	w.echo(followedSize, bus.FlagFilled|bus.FlagClearBuf, make([]byte, 100)) // another's, for which no large memory is taken
	w.arena.honest(t)
	require.Equal(t, 1, w.victim.WarmBuffers())
	require.False(t, w.victim.WarmWith(told[:64]))
}

// Who writes no further keeps nobody from being served, nor a looper for long.
func TestAWriterThatStopsHoldsUpNobody(t *testing.T) {
	w := newWriter(t)
	w.put(0, make([]byte, followedSize), 0, followedSize)
	for range 100 {
		_, pos := w.tell(0, followedSize)
		w.written(pos, 1)
		w.arena.honest(t)
	}
	require.Eventually(t, func() bool { return w.in.Uint32(offFollowing).Load() == 0 }, killPatience, time.Millisecond)
	w.echo(0, 0, make([]byte, 10))
}

// What is copied is what is written, and no more; a writer that goes on and on ends it.
func TestFollowCopiesWhatIsWritten(t *testing.T) {
	w := newWriter(t)
	w.victim.SpinAlways(0)
	payload := random(followedSize)
	d := bus.Descriptor{Kind: bus.KindFilling, Code: bus.KindCall, Length: followedSize}
	w.put(0, payload, 0, followedSize)
	const pos = 5
	for _, n := range []int{0, 1, followedSize - 1} {
		w.written(pos, n)
		got, whole := w.victim.Follow(w.from, d, pos)
		require.False(t, whole)
		require.True(t, bytes.Equal(payload[:n], got[:n]))
		require.True(t, bytes.Equal(make([]byte, followedSize-n), got[n:]))
	}
	w.written(pos, followedSize)
	got, whole := w.victim.Follow(w.from, d, pos)
	require.True(t, whole)
	require.True(t, bytes.Equal(payload, got))
	_, whole = w.victim.Follow(w.from, d, pos+1)
	require.False(t, whole, "that is another's progress")

	w.written(pos, 0)
	stop := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		for n := 0; ; n = (n + 1) % (followedSize / 2) {
			select {
			case <-stop:
				return
			default:
				w.written(pos, n)
			}
		}
	})
	_, whole = w.victim.Follow(w.from, d, pos)
	close(stop)
	work.Wait()
	require.False(t, whole, "byte by byte takes too long")
}

// A writer that takes back what it has told is followed no further: what is copied never becomes less.
func TestAWriterThatTakesBackWhatItHasTold(t *testing.T) {
	w := newWriter(t)
	w.victim.SpinAlways(0)
	const pos, size = 5, 4096
	d := bus.Descriptor{Kind: bus.KindFilling, Code: bus.KindCall, Length: size}
	stop := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
				w.written(pos, n%3*(size/3))
			}
		}
	})
	for end := time.Now().Add(time.Second); time.Now().Before(end); { // more rounds show more, none too few are wrong
		_, whole := w.victim.Follow(w.from, d, pos)
		assert.False(t, whole)
	}
	close(stop)
	work.Wait()
}

// Calls and replies arrive as they were sent, whether or not they are copied while they are written.
func TestLargePayloadsOfSeveralCallers(t *testing.T) {
	before := object.SetSmallestFollowed(300 << 10)
	t.Cleanup(func() { object.SetSmallestFollowed(before) })
	path := brokertest.Start(t)
	server, client := dialSpinning(t, path, testSpin), dialSpinning(t, path, testSpin)
	ctx := context.Background()
	require.NoError(t, server.BecomeContextManager(ctx, server.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
		c.Reply.Payload, c.Reply.Encoding = c.Payload, c.Encoding
		return nil
	}))))
	h, err := client.ContextManager(ctx)
	require.NoError(t, err)
	t.Cleanup(h.Release)
	var work sync.WaitGroup
	for range 3 {
		work.Go(func() {
			sent := random(2 << 20)
			for range 60 {
				sent[0], sent[len(sent)-1] = byte(rand.Uint32()), byte(rand.Uint32())
				n := 1 + rand.IntN(len(sent))
				want := sent[len(sent)-n:]
				tr := binder.Transaction{Code: 1, Data: binder.Data{Payload: want, Encoding: binder.Encoding(rand.IntN(3))}}
				if rand.IntN(2) == 0 {
					tr.Payload, tr.Body = nil, cutUp(want)
				}
				var r binder.Reply
				require.NoError(t, h.Transact(ctx, &tr, &r))
				require.True(t, bytes.Equal(want, r.Payload))
				r.Release()
			}
		})
	}
	work.Wait()
}

// inPieces is a payload that is written in pieces of any size.
type inPieces [][]byte

func cutUp(b []byte) (p inPieces) {
	for len(b) > 0 {
		n := 1 + rand.IntN(min(len(b), 1<<rand.IntN(22)))
		p, b = append(p, b[:n]), b[n:]
	}
	return p
}

func (p inPieces) Size() (n int) {
	for _, b := range p {
		n += len(b)
	}
	return n
}

func (p inPieces) AppendTo(dst []byte) ([]byte, error) {
	for _, b := range p {
		dst = copying.Append(dst, b)
	}
	return dst, nil
}
