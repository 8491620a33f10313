package object_test

import (
	"context"
	"encoding/binary"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/status"
)

// counter serves oneway calls that are numbered: it notes their numbers, and lets a test step in.
type counter struct {
	mu   sync.Mutex
	seen []uint64
	at   map[uint64]func() // what a call does
}

func (c *counter) Transact(_ context.Context, in *binder.IncomingCall) error {
	n := binary.LittleEndian.Uint64(in.Payload)
	c.mu.Lock()
	c.seen = append(c.seen, n)
	do := c.at[n]
	c.mu.Unlock()
	if do != nil {
		do()
	}
	return nil
}

func (c *counter) numbers() []uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]uint64(nil), c.seen...)
}

// gate is what a call waits for; begun is closed when it does.
type gate struct{ begun, end chan struct{} }

func newGate() gate { return gate{make(chan struct{}), make(chan struct{})} }

func (g gate) wait() {
	close(g.begun)
	<-g.end
}

// sendNumbered makes oneway calls from number first on.
func sendNumbered(t testing.TB, h *binder.Handle, first, n int) {
	for i := first; i < first+n; i++ {
		call := binder.Transaction{Code: 1, Flags: binder.Oneway, Data: binder.Data{Payload: binary.LittleEndian.AppendUint64(nil, uint64(i))}}
		require.NoError(t, h.Transact(t.Context(), &call, nil))
	}
}

func upTo(n int) (list []uint64) {
	for i := range n {
		list = append(list, uint64(i))
	}
	return list
}

// served is a process with a counter behind handle 0, and a handle to it from another process.
func served(t testing.TB, c *counter) (*binder.Process, *binder.Handle) {
	path := brokertest.Start(t)
	server := serveRoot(t, path, c.Transact)
	return server, rootOf(t, dial(t, path))
}

func requireSeen(t testing.TB, c *counter, want []uint64) {
	t.Helper()
	require.Eventually(t, func() bool { return len(c.numbers()) == len(want) }, time.Minute, time.Millisecond)
	require.Equal(t, want, c.numbers())
}

// A handler that ends its goroutine ends the looper, in the middle of what that has taken.
func TestAHandlerThatEndsItsGoroutineLeavesTheOthersOfItsLine(t *testing.T) {
	first := newGate()
	c := &counter{at: map[uint64]func(){0: first.wait, 5: runtime.Goexit, 6: runtime.Goexit, 40: runtime.Goexit}}
	_, h := served(t, c)
	sendNumbered(t, h, 0, 60)
	<-first.begun
	close(first.end)
	requireSeen(t, c, upTo(60))
}

// Who freezes a process waits until each call has begun that came before, and for no handler.
func TestFreezeInTheMiddleOfALine(t *testing.T) {
	first, middle, last := newGate(), newGate(), newGate()
	c := &counter{at: map[uint64]func(){0: first.wait, 4: middle.wait, 9: last.wait}}
	server, h := served(t, c)
	sendNumbered(t, h, 0, 10)
	<-first.begun
	require.Eventually(t, func() bool { // and the others are taken
		info, err := server.FrozenInfo(t.Context(), server.ID())
		return err == nil && info.Pending == 9
	}, time.Minute, time.Millisecond)
	close(first.end)
	<-middle.begun
	require.ErrorIs(t, freezeSelf(t, server, 0), status.Full)
	info, err := server.FrozenInfo(t.Context(), server.ID())
	require.NoError(t, err)
	assert.Equal(t, 5, info.Pending)
	frozen := make(chan error, 1)
	go func() { frozen <- freezeSelf(t, server, time.Minute) }()
	close(middle.end)
	<-last.begun
	require.NoError(t, <-frozen)
	sendNumbered(t, h, 10, 10)
	close(last.end)
	require.NoError(t, server.Unfreeze(t.Context(), server.ID()))
	requireSeen(t, c, upTo(20))
}

// Calls that have not begun when their process is closed are not.
func TestCloseInTheMiddleOfALine(t *testing.T) {
	first := newGate()
	c := &counter{at: map[uint64]func(){0: first.wait}}
	server, h := served(t, c)
	sendNumbered(t, h, 0, 20)
	<-first.begun
	require.NoError(t, server.Close())
	close(first.end)
	require.Never(t, func() bool { return len(c.numbers()) > 1 }, 20*time.Millisecond, time.Millisecond)
}

// While a oneway call is handled those that follow on its node wait in the sender's outbox and wake nobody; a
// sync call, and one of another node, find a looper.
func TestOnewayCallsThatHaveToWaitWakeNobody(t *testing.T) {
	path := brokertest.Start(t)
	first, other := newGate(), make(chan struct{})
	c := &counter{at: map[uint64]func(){0: first.wait}}
	server := dial(t, path)
	second := server.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error {
		close(other)
		return nil
	}))
	root := server.NewNode(binder.HandlerFunc(func(ctx context.Context, in *binder.IncomingCall) error {
		if in.Oneway() {
			return c.Transact(ctx, in)
		}
		in.Reply.Attachments = []binder.Attachment{{Object: second}}
		return nil
	}))
	require.NoError(t, server.BecomeContextManager(t.Context(), root))
	h := rootOf(t, dial(t, path))
	sendNumbered(t, h, 0, 1)
	<-first.begun
	sendNumbered(t, h, 1, 1) // a looper may have been asleep
	before := h.Process().Wakeups()
	sendNumbered(t, h, 2, 48)
	after := h.Process().Wakeups()
	assert.Equal(t, before.Wakes, after.Wakes)
	assert.Equal(t, before.PollRings, after.PollRings)
	var r binder.Reply
	require.NoError(t, h.Transact(t.Context(), &binder.Transaction{Code: 1}, &r))
	o := r.TakeObject(0)
	r.Release()
	require.NoError(t, o.Transact(t.Context(), &binder.Transaction{Code: 1, Flags: binder.Oneway}, nil))
	<-other
	binder.Release(o)
	assert.Equal(t, upTo(1), c.numbers())
	close(first.end)
	requireSeen(t, c, upTo(50))
}

// A busy line keeps the only looper no longer than a call if others wait for it.
func TestALineGivesWayWhereLoopersAreFew(t *testing.T) {
	path := brokertest.Start(t)
	server := dial(t, path)
	server.SetLoopers(1)
	first := newGate()
	order := make(chan []uint64, 1)
	c := &counter{at: map[uint64]func(){0: first.wait}}
	require.NoError(t, server.BecomeContextManager(t.Context(), server.NewNode(binder.HandlerFunc(func(ctx context.Context, in *binder.IncomingCall) error {
		if in.Oneway() {
			return c.Transact(ctx, in)
		}
		order <- c.numbers()
		return nil
	}))))
	h := rootOf(t, dial(t, path))
	sendNumbered(t, h, 0, 1)
	<-first.begun
	sendNumbered(t, h, 1, 49)
	called := make(chan error, 1)
	go func() {
		_, err := binder.Call(context.Background(), h, 2, nil)
		called <- err
	}()
	require.Eventually(t, func() bool { return server.Loopers().Waiting == 1 }, time.Minute, time.Millisecond)
	close(first.end)
	require.NoError(t, <-called)
	assert.Len(t, <-order, 1)
	requireSeen(t, c, upTo(50))
}

// TestNotesOfAHandlerThatExits stay with its call, also where the next uses the same memory.
func TestNotesOfAHandlerThatExits(t *testing.T) {
	path := brokertest.Start(t)
	sources := make(chan bool, 1)
	serveRoot(t, path, func(ctx context.Context, c *binder.IncomingCall) error {
		_, of := binder.WorkSourceFrom(ctx)
		sources <- of
		if c.Code == 1 {
			runtime.Goexit()
		}
		return nil
	})
	h := rootOf(t, dial(t, path))
	for code := range uint32(4) {
		ctx := t.Context()
		if code == 1 {
			ctx = binder.WithWorkSource(ctx, 4711)
		}
		tr := binder.Transaction{Code: code, Flags: binder.Oneway}
		require.NoError(t, h.Transact(ctx, &tr, nil))
		require.Equal(t, code == 1, <-sources, "call %d", code)
	}
}
