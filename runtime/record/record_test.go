package record_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/object"
	"ubinder/runtime/record"
	"ubinder/runtime/status"
)

func sample(n int) *record.Transaction {
	return &record.Transaction{
		Time: time.Unix(1700000000, int64(n)), Took: time.Duration(n), Side: record.Made,
		Caller: binder.Identity{Process: 9, PID: -1, UID: 7}, Node: 3, Descriptor: "a.B", Interface: 5,
		Code: uint32(n), Flags: binder.ClearBuf, Encoding: binder.Protobuf, Payload: bytes.Repeat([]byte{1}, n),
		Passed: []record.Attachment{{Kind: record.Object, Weak: true, Field: 4}, {Kind: record.File}, {Kind: record.Null, Field: 9}},
		Status: status.Service, Service: -5, Error: "no", ReplyEncoding: binder.Raw, Reply: []byte("reply"),
		Returned: []record.Attachment{{Kind: record.File, Field: 1}},
	}
}

func fileOf(t testing.TB, list ...*record.Transaction) []byte {
	var b bytes.Buffer
	w, err := record.NewWriter(&b)
	require.NoError(t, err)
	for _, r := range list {
		require.NoError(t, w.Write(r))
	}
	return b.Bytes()
}

// readAll returns what is in a file, and how it ends.
func readAll(b []byte) (list []*record.Transaction, truncated bool, err error) {
	r, err := record.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, false, err
	}
	for {
		t, err := r.Next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return list, r.Truncated(), err
		}
		list = append(list, t)
	}
}

func TestRoundTrip(t *testing.T) {
	list, truncated, err := readAll(fileOf(t, sample(0), sample(1), sample(100000)))
	require.NoError(t, err)
	assert.False(t, truncated)
	require.Len(t, list, 3)
	for i, n := range []int{0, 1, 100000} {
		want := sample(n)
		assert.True(t, want.Time.Equal(list[i].Time))
		assert.True(t, bytes.Equal(want.Payload, list[i].Payload))
		list[i].Time, list[i].Payload = want.Time, want.Payload
		assert.Equal(t, want, list[i])
	}
}

func TestFileThatEndsAnywhere(t *testing.T) {
	whole := fileOf(t, sample(3), sample(4))
	first := len(fileOf(t, sample(3)))
	for n := range whole {
		list, truncated, err := readAll(whole[:n])
		switch {
		case n < 16:
			require.ErrorIs(t, err, status.Encoding, n)
		case n == 16 || n == first:
			require.NoError(t, err)
			require.False(t, truncated)
		default:
			require.NoError(t, err)
			require.True(t, truncated, n)
		}
		require.Len(t, list, map[bool]int{true: 1}[n >= first])
	}
}

func TestDamageIsSeen(t *testing.T) {
	whole := fileOf(t, sample(3))
	for i := range whole {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 0x40
		if i >= 12 && i < 16 {
			continue // nothing is there yet
		}
		list, truncated, err := readAll(damaged)
		require.True(t, err != nil || truncated, i)
		require.Empty(t, list)
	}
}

func TestLengthIsNotBelieved(t *testing.T) {
	b := fileOf(t)
	_, truncated, err := readAll(binary.LittleEndian.AppendUint64(b, 15<<20))
	require.NoError(t, err)
	require.True(t, truncated)
	_, _, err = readAll(binary.LittleEndian.AppendUint64(b, 3<<30))
	require.ErrorIs(t, err, status.Encoding)
}

func FuzzReader(f *testing.F) {
	f.Add(fileOf(f, sample(1), sample(2)))
	f.Add(fileOf(f))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, _, err := readAll(b)
		if err != nil {
			require.ErrorIs(t, err, status.Encoding)
		}
		if again, _, err := readAll(fileOf(t, list...)); err != nil || len(again) != len(list) {
			t.Fatal(len(again), err)
		}
	})
}

// FuzzRecord fuzzes what is in a record, past the checksum.
func FuzzRecord(f *testing.F) {
	f.Add(fileOf(f, sample(1))[24:])
	f.Fuzz(func(t *testing.T, body []byte) {
		list, _, err := readAll(record.Frame(body))
		if err == nil {
			require.Len(t, list, 1)
			back, _, err := readAll(fileOf(t, list...))
			require.NoError(t, err)
			require.Equal(t, list, back)
		}
	})
}

// bench is a bus with a service and a client of it.
type bench struct {
	*testing.T
	ctx     context.Context
	service *binder.Process
	client  *binder.Process
	handle  *binder.Handle
	greets  string
}

// Codes of the service.
const (
	greet  = 1 // answers with its greeting and the payload
	fail   = 2
	tell   = 3 // oneway
	pass   = 4 // answers with what was passed
	scrawl = 5 // writes into its payload
)

func newBench(t *testing.T, server, client binder.ProcessOption, options ...binder.NodeOption) *bench {
	return newBenchOf(t, 1000, server, client, options...)
}

// newBenchOf is newBench with a client of another user.
func newBenchOf(t *testing.T, uid uint32, server, client binder.ProcessOption, options ...binder.NodeOption) *bench {
	hub := bus.NewHub()
	join := func(uid uint32, o binder.ProcessOption) *binder.Process {
		tr, err := object.Join(hub, bus.Peer{UID: uid, PID: 7})
		require.NoError(t, err)
		p := binder.NewProcess(tr, o)
		t.Cleanup(func() { p.Close() })
		return p
	}
	b := &bench{T: t, ctx: context.Background(), service: join(1000, server), client: join(uid, client), greets: "hello "}
	n := b.service.NewNode(binder.HandlerFunc(b.serve), append(options, binder.WithDescriptor("test.Greeter"))...)
	require.NoError(t, b.service.BecomeContextManager(b.ctx, n))
	var err error
	b.handle, err = b.client.ContextManager(b.ctx)
	require.NoError(t, err)
	t.Cleanup(b.handle.Release)
	return b
}

func (b *bench) serve(_ context.Context, c *binder.IncomingCall) error {
	switch c.Code {
	case greet:
		c.Reply.Body = &body{text: b.greets + string(c.Payload)}
	case fail:
		return status.ServiceError(42, "as told")
	case pass:
		c.Reply.Attachments = append([]binder.Attachment(nil), c.Attachments...)
	case scrawl:
		copy(c.Payload, "xxxxxxxx")
	}
	return nil
}

// body can be encoded once, as those of generated code.
type body struct {
	text string
	used bool
}

func (b *body) Size() int { return len(b.text) }

func (b *body) AppendTo(dst []byte) ([]byte, error) {
	if b.used {
		return nil, errors.New("encoded twice")
	}
	b.used = true
	return append(dst, b.text...), nil
}

func (b *bench) file(name string) *os.File {
	f, err := os.OpenFile(filepath.Join(b.TempDir(), name), os.O_RDWR|os.O_CREATE, 0o666)
	require.NoError(b, err)
	b.Cleanup(func() { f.Close() })
	return f
}

func (b *bench) transact(code uint32, flags binder.Flags, payload string, list ...binder.Attachment) error {
	var r binder.Reply
	defer r.Release()
	t := binder.Transaction{Code: code, Flags: flags, Data: binder.Data{Payload: []byte(payload), Attachments: list}}
	return b.handle.Transact(b.ctx, &t, &r)
}

// play makes a call of each sort.
func (b *bench) play() {
	require.NoError(b, b.transact(greet, 0, "world"))
	require.ErrorIs(b, b.transact(fail, 0, ""), status.Service)
	require.NoError(b, b.transact(tell, binder.Oneway, "psst"))
	f := b.file("passed")
	require.NoError(b, b.transact(pass, 0, "", binder.Attachment{Field: 1, Object: b.client.NewNode(nil)},
		binder.Attachment{Field: 2, File: f}, binder.Attachment{Field: 3}))
	require.NoError(b, b.transact(scrawl, 0, "original"))
	require.NoError(b, b.transact(tell, 0, ""))
}

func none(*binder.Process) {}

func checkRecording(t *testing.T, list []*record.Transaction, side record.Side) {
	require.GreaterOrEqual(t, len(list), 5) // that of the oneway call may come yet
	byCode := make(map[uint32]*record.Transaction)
	for _, r := range list {
		assert.Equal(t, side, r.Side)
		assert.EqualValues(t, 1000, r.Caller.UID)
		if byCode[r.Code] == nil {
			byCode[r.Code] = r
		}
	}
	assert.Equal(t, "world", string(byCode[greet].Payload))
	assert.Equal(t, "hello world", string(byCode[greet].Reply))
	assert.Equal(t, status.OK, byCode[greet].Status)
	assert.Equal(t, status.Service, byCode[fail].Status)
	assert.EqualValues(t, 42, byCode[fail].Service)
	assert.Equal(t, "as told", byCode[fail].Error)
	assert.Equal(t, "original", string(byCode[scrawl].Payload), "what the handler was given")
	assert.Equal(t, []record.Attachment{{Kind: record.Object, Field: 1}, {Kind: record.File, Field: 2}, {Kind: record.Null, Field: 3}}, byCode[pass].Passed)
	assert.Equal(t, byCode[pass].Passed, byCode[pass].Returned)
}

// memory is a file in memory; a handler of a oneway call may write while it is read.
type memory struct {
	mu sync.Mutex
	b  []byte
}

func (m *memory) Write(b []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.b = append(m.b, b...)
	return len(b), nil
}

func (m *memory) content() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return bytes.Clone(m.b)
}

func TestServerAndClientRecordTheSame(t *testing.T) {
	var server, client memory
	sw, err := record.NewWriter(&server)
	require.NoError(t, err)
	cw, err := record.NewWriter(&client)
	require.NoError(t, err)
	b := newBench(t, binder.WithServerInterceptors(record.Server(sw)), binder.WithClientInterceptors(record.Client(cw)))
	b.play()
	list, _, err := readAll(server.content())
	require.NoError(t, err)
	checkRecording(t, list, record.Handled)
	assert.Equal(t, "test.Greeter", list[0].Descriptor)
	list, _, err = readAll(client.content())
	require.NoError(t, err)
	checkRecording(t, list, record.Made)
}

func TestRecordingOnDemand(t *testing.T) {
	b := newBench(t, none, none, record.Allow(nil))
	f := b.file("recording")
	require.NoError(t, b.transact(greet, 0, "before"))
	require.ErrorIs(t, binder.StopRecording(b.ctx, b.handle), status.BadValue)
	require.NoError(t, binder.StartRecording(b.ctx, b.handle, f))
	require.ErrorIs(t, binder.StartRecording(b.ctx, b.handle, f), status.BadValue)
	b.play()
	require.NoError(t, binder.StopRecording(b.ctx, b.handle))
	require.NoError(t, b.transact(greet, 0, "after"))
	content, err := os.ReadFile(f.Name())
	require.NoError(t, err)
	list, truncated, err := readAll(content)
	require.NoError(t, err)
	assert.False(t, truncated)
	checkRecording(t, list, record.Handled)
	for _, r := range list {
		assert.NotContains(t, []string{"before", "after"}, string(r.Payload))
	}
	require.NoError(t, binder.StartRecording(b.ctx, b.handle, f), "again")
	require.NoError(t, binder.StopRecording(b.ctx, b.handle))
}

func TestWhoMayRecord(t *testing.T) {
	no := func(caller *binder.Identity) error { return errors.New("not you") }
	b := newBench(t, record.AllowAll(no), none)
	err := binder.StartRecording(b.ctx, b.handle, b.file("recording"))
	require.ErrorIs(t, err, status.Denied)
	assert.ErrorContains(t, err, "not you")
	require.ErrorIs(t, binder.StopRecording(b.ctx, b.handle), status.Denied)
	require.NoError(t, b.transact(greet, 0, ""))

	b = newBenchOf(t, 2000, none, none, record.Allow(nil))
	require.ErrorIs(t, binder.StartRecording(b.ctx, b.handle, b.file("recording")), status.Denied, "another user")
}

func TestRecordingThatCannotBeWrittenEnds(t *testing.T) {
	b := newBench(t, none, none, record.Allow(nil))
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	require.NoError(t, err)
	defer full.Close()
	require.ErrorIs(t, binder.StartRecording(b.ctx, b.handle, full), status.BadValue)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, binder.StartRecording(b.ctx, b.handle, w))
	w.Close()
	r.Close()
	require.NoError(t, b.transact(greet, 0, "x"), "the call is not at fault")
	require.ErrorContains(t, binder.StopRecording(b.ctx, b.handle), "ended early")
}

// recorded plays on a bench and returns the file.
func recorded(t *testing.T) []byte {
	b := newBench(t, none, none, record.Allow(nil))
	f := b.file("recording")
	require.NoError(t, binder.StartRecording(b.ctx, b.handle, f))
	b.play()
	require.NoError(t, binder.StopRecording(b.ctx, b.handle))
	content, err := os.ReadFile(f.Name())
	require.NoError(t, err)
	return content
}

func TestReplay(t *testing.T) {
	content := recorded(t)
	b := newBench(t, none, none)
	node := b.client.NewNode(nil)
	replay := func(p *record.Replayer) record.Summary {
		r, err := record.NewReader(bytes.NewReader(content))
		require.NoError(t, err)
		p.Object = func(*record.Transaction, record.Attachment) binder.Object { return node }
		sum, err := p.Replay(b.ctx, r, b.handle)
		require.NoError(t, err)
		return sum
	}
	sum := replay(new(record.Replayer))
	assert.GreaterOrEqual(t, sum.Sent, 5)
	assert.Zero(t, sum.Differ)

	b.greets = "bye to "
	var differences []string
	sum = replay(&record.Replayer{Done: func(tr *record.Transaction, difference string) {
		if difference != "" {
			differences = append(differences, difference)
			assert.EqualValues(t, greet, tr.Code)
		}
	}})
	assert.Equal(t, 1, sum.Differ)
	assert.Equal(t, []string{"bytes of reply 12, was 11"}, differences)

	sum = replay(&record.Replayer{Skip: func(tr *record.Transaction) bool { return tr.Code == greet }})
	assert.Equal(t, 1, sum.Skipped)
	assert.Zero(t, sum.Differ)
}

func TestReplayWithoutObjectsPassesNone(t *testing.T) {
	b := newBench(t, none, none)
	r, err := record.NewReader(bytes.NewReader(recorded(t)))
	require.NoError(t, err)
	var differ []uint32
	p := record.Replayer{Done: func(tr *record.Transaction, difference string) {
		if difference != "" {
			differ = append(differ, tr.Code)
		}
	}}
	_, err = p.Replay(b.ctx, r, b.handle)
	require.NoError(t, err)
	assert.Equal(t, []uint32{pass}, differ, "it answers with a null object")
}

func TestReplayEndsWithItsContextAndTheObject(t *testing.T) {
	content := recorded(t)
	b := newBench(t, none, none)
	ctx, cancel := context.WithCancel(b.ctx)
	cancel()
	r, err := record.NewReader(bytes.NewReader(content))
	require.NoError(t, err)
	_, err = new(record.Replayer).Replay(ctx, r, b.handle)
	require.ErrorIs(t, err, status.Cancelled)
	require.NoError(t, b.service.Close())
	r, err = record.NewReader(bytes.NewReader(content))
	require.NoError(t, err)
	_, err = new(record.Replayer).Replay(b.ctx, r, b.handle)
	require.ErrorIs(t, err, status.Dead)
}
