package stub

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"ubinder/runtime/binder"
	"ubinder/runtime/connect"
	"ubinder/runtime/status"
	"ubinder/runtime/stub/wire"
)

// blob is a message with a codec: a bytes field and a text.
type blob struct {
	wrapperspb.StringValue // what package proto sees
	data                   []byte
}

func (m *blob) WireSize() int {
	return 2 + protowire.SizeBytes(len(m.data)) + protowire.SizeBytes(len(m.Value))
}

func (m *blob) AppendWire(b []byte) ([]byte, error) {
	return wire.AppendString("text", append(wire.Append(protowire.AppendVarint(append(b, 0x0a), uint64(len(m.data))), m.data), 0x12), m.Value)
}

func (m *blob) ParseWire(b []byte, _ int, from *wire.Source) error {
	data, n := protowire.ConsumeBytes(b[1:])
	if n < 0 {
		return wire.Malformed("data", n)
	}
	text, _, err := wire.ConsumeString("text", b[1+n+1:])
	m.data, m.Value = from.Bytes(data), text
	return err
}

// fill makes a blob that intact knows again.
func fill(number, size int) *blob {
	m := &blob{data: bytes.Repeat([]byte(fmt.Sprintf("%09d.", number)), size/10)}
	m.Value = fmt.Sprint(number)
	return m
}

func (m *blob) intact() bool { return bytes.Equal(m.data, fill(m.number(), len(m.data)).data) }

func (m *blob) number() (n int) {
	fmt.Sscan(m.Value, &n)
	return n
}

// hoard keeps some blobs, for as long as it likes.
type hoard struct {
	sync.Mutex
	list [40]*blob
}

// keep takes m in the place of another one that it finds intact.
func (h *hoard) keep(m *blob) error {
	h.Lock()
	defer h.Unlock()
	n := rand.IntN(len(h.list))
	if old := h.list[n]; old != nil && !old.intact() {
		return fmt.Errorf("blob %d of %d bytes has changed", old.number(), len(old.data))
	}
	h.list[n] = m
	if rand.IntN(20) == 0 {
		runtime.GC() // what nobody has comes back
	}
	return nil
}

// The methods of the service of blobs. Both answer with what they are given.
const (
	hoardBlob  = 1
	borrowBlob = 2
)

func blobs() *Interface {
	i := NewInterface("test.Blobs", 1, "")
	h := new(hoard)
	i.Define(ClientOf[counterClient],
		Method{Name: "Hoard", Code: hoardBlob, Handle: func(_ context.Context, _ any, c *Incoming) error {
			m := new(blob)
			if err := c.Decode(m); err != nil {
				return err
			}
			c.Reply(m)
			return h.keep(m)
		}},
		Method{Name: "Borrow", Code: borrowBlob, Handle: func(_ context.Context, _ any, c *Incoming) error {
			m := new(blob)
			if err := c.Decode(m); err != nil {
				return err
			}
			c.Reply(m)
			return h.keep(&blob{StringValue: wrapperspb.StringValue{Value: m.Value}, data: bytes.Clone(m.data)})
		}})
	return i
}

// busOfBlobs makes this program the service of blobs behind handle 0 on the bus of that path.
const busOfBlobs = "STUB_TEST_BLOBS"

func serveBlobs(path string) {
	ctx := context.Background()
	p, err := connect.Open(ctx, path)
	if err == nil {
		var options []binder.NodeOption
		if os.Getenv(borrowing) != "" {
			options = append(options, WithBorrowedRequests())
		}
		err = p.BecomeContextManager(ctx, p.NewNode(&server{iface: blobs()}, options...))
	}
	if err == nil && os.Getenv(littleMemory) != "" {
		err = limitMemory()
	}
	if err != nil {
		panic(err)
	}
	select {}
}

const (
	borrowing    = "STUB_TEST_BORROW"
	littleMemory = "STUB_TEST_LITTLE_MEMORY"
)

// largeBlob is of a size that a service with little memory can map, and not copy.
const largeBlob = 96 << 20

// limitMemory leaves this process address space for one large blob and a half.
func limitMemory() error {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return err
	}
	var pages uint64
	fmt.Sscan(string(text), &pages)
	limit := pages*uint64(os.Getpagesize()) + largeBlob/2*3
	return syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: limit, Max: limit})
}

// A peer cannot end a process by sending it more than it has memory for.
func TestAPayloadThatIsTooLargeForTheMemoryIsRefused(t *testing.T) {
	c := NewClient(openService(t, busOfBlobs, littleMemory+"=1"), blobs())
	err := Call(t.Context(), c, hoardBlob, fill(1, largeBlob), new(blob), nil)
	require.ErrorIs(t, err, status.Quota)
	require.NoError(t, Call(t.Context(), c, hoardBlob, fill(1, 1000), new(blob), nil))
}

// What either side keeps of large messages stays as it is, whatever comes later: their memory is used again only when
// nobody has it any more.
func TestLargeMessagesStayAsTheyAre(t *testing.T) {
	for name, code := range map[string]uint32{"owned": hoardBlob, "borrowed": borrowBlob} {
		t.Run(name, func(t *testing.T) {
			var env []string
			if code == borrowBlob {
				env = append(env, borrowing+"=1")
			}
			c := NewClient(openService(t, busOfBlobs, env...), blobs())
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var kept hoard
			for n := range 400 {
				size := []int{100, 10_000, 20_000, 70_000, 300_000, 1 << 20, 3 << 20}[rand.IntN(7)]
				in, out := fill(n, size), new(blob)
				require.NoError(t, Call(ctx, c, code, in, out, nil))
				require.Equal(t, in.data, out.data)
				require.Equal(t, in.Value, out.Value)
				require.NoError(t, kept.keep(out))
			}
		})
	}
}

// received is the content of a message whose memory can be kept.
func received(t *testing.T, m *blob) (*binder.Received, *keeper) {
	payload, err := m.AppendWire(make([]byte, 0, m.WireSize()))
	require.NoError(t, err)
	k := &keeper{size: len(payload)}
	r := &binder.Received{Payload: payload, Encoding: binder.Protobuf}
	r.SetKeeper(k)
	return r, k
}

type keeper struct {
	size int
	kept bool
}

func (k *keeper) Size() int { return k.size }

func (k *keeper) Keep() { k.kept = true }

// within reports whether b is memory of payload's.
func within(b, payload []byte) bool {
	flip := func() {
		for i := range payload {
			payload[i] ^= 0xff
		}
	}
	before := bytes.Clone(b)
	flip()
	defer flip()
	return !bytes.Equal(before, b)
}

func TestALargeFieldKeepsThePayload(t *testing.T) {
	r, k := received(t, fill(1, 1000))
	m := new(blob)
	require.NoError(t, decode(r, m, nil))
	require.True(t, k.kept)
	require.True(t, within(m.data, r.Payload))
	before := bytes.Clone(r.Payload)
	m.data = append(m.data, 1, 2, 3)
	require.Equal(t, before, r.Payload, "an append does not write over the next field")
	again := new(blob)
	require.NoError(t, decode(r, again, nil))
	require.True(t, again.intact())
	require.False(t, within(again.data, r.Payload), "an interceptor may call the handler again: this message is another's")
}

func TestASmallFieldDoesNotKeepThePayload(t *testing.T) {
	m := fill(1, 100)
	m.Value = string(make([]byte, 1000))
	r, k := received(t, m)
	m = new(blob)
	require.NoError(t, decode(r, m, nil))
	require.False(t, k.kept)
	require.False(t, within(m.data, r.Payload))
}

// A field that is kept may outlive the message, and must not hold much more memory than its own.
func TestAFieldHoldsAtMostTwiceItsSize(t *testing.T) {
	for memory, kept := range map[int]bool{2 * 1000: true, 2*1000 + 1: false} {
		r, k := received(t, fill(1, 1000))
		k.size = memory
		m := new(blob)
		require.NoError(t, decode(r, m, nil))
		require.Equal(t, kept, k.kept, memory)
		require.Equal(t, kept, within(m.data, r.Payload), memory)
		require.True(t, m.intact())
	}
}

// What an interceptor has put in the payload's place is the interceptor's, who may use it again.
func TestWhatCannotBeKeptIsCopied(t *testing.T) {
	for name, replace := range map[string]func(*binder.Received){
		"has no keeper": func(r *binder.Received) { r.SetKeeper(nil) },
		"is another":    func(r *binder.Received) { r.Payload = bytes.Clone(r.Payload) },
	} {
		r, k := received(t, fill(1, 1000))
		replace(r)
		m := new(blob)
		require.NoError(t, decode(r, m, nil))
		require.False(t, within(m.data, r.Payload), name)
		require.False(t, k.kept, name)
	}
}

func TestBorrowedRequestsPointIntoThePayload(t *testing.T) {
	for _, size := range []int{10, 1000} {
		r, k := received(t, fill(1, size))
		m, call := new(blob), new(binder.IncomingCall)
		call.Received = *r
		require.NoError(t, (&Incoming{call: call, borrows: true}).Decode(m))
		require.True(t, within(m.data, r.Payload))
		require.False(t, k.kept)
		require.True(t, m.intact())
	}
}

// Calls within a process, also those that are not typed, have the caller's own payload.
func TestNothingIsBorrowedFromACallerOfThisProcess(t *testing.T) {
	var kept *blob
	i := NewInterface("test.Keeper", 1, "")
	i.Define(ClientOf[counterClient], Method{Name: "Keep", Code: 1, Handle: func(_ context.Context, _ any, c *Incoming) error {
		kept = new(blob)
		return c.Decode(kept)
	}})
	n, err := Export(newProcess(), i, new(counter), WithBorrowedRequests())
	require.NoError(t, err)
	for _, flags := range []binder.Flags{0, binder.ClearBuf} {
		payload, err := fill(7, 100).AppendWire(nil)
		require.NoError(t, err)
		call := binder.Transaction{Code: 1, Flags: flags, Data: binder.Data{Payload: payload, Encoding: binder.Protobuf}}
		require.NoError(t, n.Transact(t.Context(), &call, new(binder.Reply)))
		require.True(t, kept.intact())
		require.False(t, within(kept.data, payload))
		call.Payload, call.Body = nil, &message{m: fill(7, 100), codec: fill(7, 100)}
		require.NoError(t, n.Transact(t.Context(), &call, new(binder.Reply)))
		require.True(t, kept.intact())
	}
}

// An option of a node that no implementation is behind, or one of parcels, does nothing.
func TestBorrowingElsewhere(t *testing.T) {
	p := newProcess()
	p.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error { return nil }), WithBorrowedRequests())
	n, err := Export(p, blobs(), new(counter), WithBorrowedRequests())
	require.NoError(t, err)
	out := new(blob)
	require.NoError(t, Call(t.Context(), NewClient(n, blobs()), borrowBlob, fill(7, 100), out, nil))
	require.True(t, out.intact())
}
