package linktest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/bus"
	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/status"
)

// Pair is the two ends of a fresh link.
type Pair struct{ A, B End }

// Implementation is what the suite runs over.
type Implementation struct {
	// Open makes a link that nobody has used.
	Open func(t testing.TB) Pair
	// In runs the body of a case; nil calls it.
	In func(t *testing.T, body func(t *testing.T))
}

// Run runs every case over an implementation, each on a link of its own, both ways round. A case
// fails that leaves something behind.
func Run(t *testing.T, impl Implementation) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			leaktest.Check(t)
			impl.run(t, func(t *testing.T) {
				p := impl.Open(t)
				c.run(t, actor{t, p.A}, actor{t, p.B})
				p.end(t)
				if c.symmetric {
					return
				}
				p = impl.Open(t)
				c.run(t, actor{t, p.B}, actor{t, p.A})
				p.end(t)
			})
		})
	}
}

func (impl *Implementation) run(t *testing.T, body func(t *testing.T)) {
	if impl.In == nil {
		body(t)
		return
	}
	impl.In(t, body)
}

// end closes both ends and waits until nothing happens on them any more.
func (p Pair) end(t testing.TB) {
	for _, e := range []End{p.A, p.B} {
		r := e.Do(Op{Do: CloseOwn})
		require.NotNil(t, r.Err)
	}
}

type testCase struct {
	name string
	run  func(t *testing.T, a, b actor)

	symmetric bool // the other way round is the same
}

var cases = []testCase{
	{name: "messages, replies and controls come in the order sent", run: inOrder},
	{name: "payload and entries are intact at every size", run: everySize},
	{name: "a message over the limit is too big", run: overTheLimit},
	{name: "messages under way are limited", run: messageCredit},
	{name: "oneway messages take half", run: onewayHalf},
	{name: "bytes of oneway messages take half", run: onewayBytes},
	{name: "slots are limited by the outbox", run: outboxBytes},
	{name: "replies need no credit", run: repliesNeedNoCredit},
	{name: "controls are limited until drained", run: controlCredit},
	{name: "waiting for room ends when something is freed", run: roomAfterFree},
	{name: "waiting for room ends when something is abandoned", run: roomAfterAbandon},
	{name: "waiting for room ends when a post has failed", run: roomAfterFailedPost},
	{name: "waiting for room ends at once when it is there", run: roomSeen},
	{name: "waiting for room ends with the context", run: roomEndsWithContext},
	{name: "waiting for room ends with the link", run: roomEndsWithLink},
	{name: "files come with their message", run: filesOfTheirMessage},
	{name: "files under way are limited", run: filesLimited},
	{name: "a socket of the bus is not passed", run: busSocketRefused},
	{name: "files that nobody takes are closed", run: filesNeverTaken},
	{name: "files of the dead are delivered", run: filesOfTheDead},
	{name: "bulk memory carries one payload after the other", run: bulkAgain},
	{name: "a payload over the limit of bulk memory is too big", run: bulkTooBig},
	{name: "a looper is woken once for each arming", run: looperOncePerArming},
	{name: "nobody is rung while a looper is awake", run: awakeLooperIsNotRung},
	{name: "the poller is rung when no looper sleeps", run: pollerIsRung},
	{name: "a caller is woken once for each arming", run: callerOncePerArming},
	{name: "a caller that polls is rung by the poller", run: callerByPoller},
	{name: "a ring finds its way past many files", run: ringPastFiles},
	{name: "hang-up is seen on both sides", run: hangupOnBothSides},
	{name: "what the dead published is drained", run: drainedAfterDeath},
	{name: "failing tells this side why", run: failTellsWhy},
	{name: "memory stays while it is held", run: holdKeepsMemory},
	{name: "nothing is sent on a link that has ended", run: nothingAfterTheEnd},
	{name: "random interleavings keep to the model", run: modelled, symmetric: true},
}

// actor is an End in the words of the cases. A method that is not expected to fail ends the case.
type actor struct {
	t testing.TB
	End
}

func (a actor) must(op Op) Result {
	a.t.Helper()
	r := a.Do(op)
	if r.Err != nil {
		require.FailNow(a.t, string(op.Do), r.Err.Message)
	}
	return r
}

// fails does op, which must fail with code.
func (a actor) fails(code status.Code, op Op) *status.Error {
	a.t.Helper()
	r := a.Do(op)
	require.NotNil(a.t, r.Err, op.Do)
	require.Equal(a.t, code, r.Err.Code, r.Err.Message)
	return r.Err
}

func (a actor) reserve(c bus.Class, size int, seed uint64) int {
	a.t.Helper()
	return a.must(Op{Do: Reserve, Class: c, Size: size, Seed: seed}).Slot
}

// send sends m with size bytes of seed's pattern, and wakes the peer.
func (a actor) send(m Message, size int, seed uint64) Result {
	a.t.Helper()
	slot := a.reserve(m.class(), size, seed)
	r := a.must(Op{Do: Post, Slot: slot, Message: m})
	a.must(Op{Do: RingLooper})
	return r
}

// call sends a oneway message with a small payload and no files.
func (a actor) call(seed uint64) Result {
	a.t.Helper()
	return a.send(Message{Kind: bus.KindCall, Node: seed}, 16, seed)
}

// receive waits for a message and takes its payload.
func (a actor) receive() Result {
	a.t.Helper()
	r := a.must(Op{Do: Next})
	r.Message = a.must(Op{Do: Take, Position: r.Position}).Message
	return r
}

func (a actor) free(positions ...uint64) {
	a.t.Helper()
	for _, pos := range positions {
		a.must(Op{Do: Free, Position: pos})
	}
}

// close ends the link, and waits until this side has seen it.
func (a actor) close() {
	a.t.Helper()
	a.fails(status.Dead, Op{Do: CloseOwn})
}

// start does op while the case goes on.
func (a actor) start(op Op) <-chan Result {
	ch := make(chan Result, 1)
	go func() { ch <- a.Do(op) }()
	return ch
}

// fill reserves slots of a class until one fails, and posts them. It returns how many there were.
func (a actor) fill(c bus.Class, size int) (n int, full *status.Error) {
	a.t.Helper()
	m := Message{Kind: bus.KindCall}
	if c == bus.ClassOneway {
		m.Flags = bus.FlagOneway
	}
	for {
		r := a.Do(Op{Do: Reserve, Class: c, Size: size})
		if r.Err != nil {
			require.Equal(a.t, status.Full, r.Err.Code, r.Err.Message)
			return n, r.Err
		}
		a.must(Op{Do: Post, Slot: r.Slot, Message: m})
		n++
	}
}

// drain takes what was published, and frees it.
func (a actor) drain() (n int) {
	a.t.Helper()
	for {
		r := a.must(Op{Do: Poll})
		if !r.OK {
			a.must(Op{Do: Drained})
			return n
		}
		if r.Message.Kind <= bus.KindReply {
			a.free(r.Position)
		}
		n++
	}
}
