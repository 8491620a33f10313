package interceptor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"expvar"
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/interceptor"
	"ubinder/runtime/object"
	"ubinder/runtime/status"
)

// pair returns a handle to a node of another process of the same bus, which fails for code 2. Of the
// processes, the server has uid 1000 and the client uid 2000.
func pair(t *testing.T, server, client binder.ProcessOption) *binder.Handle {
	hub := bus.NewHub()
	join := func(uid uint32, o binder.ProcessOption) *binder.Process {
		tr, err := object.Join(hub, bus.Peer{UID: uid, PID: 7})
		require.NoError(t, err)
		p := binder.NewProcess(tr, o)
		t.Cleanup(func() { p.Close() })
		return p
	}
	s := join(1000, server)
	n := s.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
		if c.Code == 2 {
			return status.Errorf(status.BadValue, "as told")
		}
		c.Reply.Payload = append([]byte("re:"), c.Payload...)
		return nil
	}), binder.WithDescriptor("test.Echo"))
	require.NoError(t, s.BecomeContextManager(context.Background(), n))
	h, err := join(2000, client).ContextManager(context.Background())
	require.NoError(t, err)
	t.Cleanup(h.Release)
	return h
}

func none(*binder.Process) {}

func servers(list ...binder.ServerInterceptor) binder.ProcessOption {
	return binder.WithServerInterceptors(list...)
}

func TestAuthorize(t *testing.T) {
	check := func(_ context.Context, caller *binder.Identity, target *binder.Node, code uint32) error {
		assert.EqualValues(t, 2000, caller.UID)
		assert.Equal(t, "test.Echo", target.Descriptor())
		switch code {
		case 3:
			return errors.New("three is too many")
		case 4:
			return status.Errorf(status.Quota, "no more today")
		case 5:
			return status.UnknownTarget
		}
		return nil
	}
	h, ctx := pair(t, servers(interceptor.Authorize(check)), none), context.Background()
	_, err := binder.Call(ctx, h, 1, nil)
	require.NoError(t, err)
	_, err = binder.Call(ctx, h, 3, nil)
	require.ErrorIs(t, err, status.Denied)
	assert.ErrorContains(t, err, "three is too many")
	_, err = binder.Call(ctx, h, 4, nil)
	require.ErrorIs(t, err, status.Quota)
	_, err = binder.Call(ctx, h, 5, nil)
	require.ErrorIs(t, err, status.UnknownTarget)
}

func TestAllowUsers(t *testing.T) {
	ctx := context.Background()
	h := pair(t, servers(interceptor.AllowUsers(1, 2)), none)
	require.NoError(t, binder.Ping(ctx, h))
	_, err := binder.Call(ctx, h, 1, nil)
	require.ErrorIs(t, err, status.Denied)
	_, err = binder.InterfaceDescriptor(ctx, h)
	require.ErrorIs(t, err, status.Denied)
	_, err = binder.Call(ctx, pair(t, servers(interceptor.AllowUsers(1, 2000)), none), 1, nil)
	require.NoError(t, err)
}

func TestLog(t *testing.T) {
	var server, client bytes.Buffer
	logger := func(b *bytes.Buffer) *slog.Logger {
		return slog.New(slog.NewJSONHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	h := pair(t, servers(interceptor.LogServer(logger(&server))), binder.WithClientInterceptors(interceptor.LogClient(logger(&client))))
	ctx := context.Background()
	_, err := binder.Call(ctx, h, 1, []byte("hello"))
	require.NoError(t, err)
	_, err = binder.Call(ctx, h, 2, nil)
	require.Error(t, err)
	require.NoError(t, binder.Ping(ctx, h))
	lines := bytes.Split(bytes.TrimSpace(client.Bytes()), []byte("\n"))
	require.Len(t, lines, 3)
	assert.Regexp(t, `"level":"DEBUG","msg":"made a call","code":"1","oneway":false,"reply_bytes":8,"took":\d+,"status":"OK"}`, string(lines[0]))
	assert.Regexp(t, `"level":"WARN",.*"code":"2".*"status":"BAD_VALUE","error":"BAD_VALUE \(remote\): as told.*"}`, string(lines[1]))
	lines = bytes.Split(bytes.TrimSpace(server.Bytes()), []byte("\n"))
	require.Len(t, lines, 3)
	assert.Regexp(t, `"interface":"test.Echo","node":1,"code":"1","oneway":false,"bytes":5,"caller":{"process":\d+,"pid":7,"uid":2000},"took":\d+,"status":"OK"}`, string(lines[0]))
	assert.Contains(t, string(lines[2]), `"code":"ping"`)
}

func TestMetrics(t *testing.T) {
	m := interceptor.NewMetrics()
	h := pair(t, servers(m.Server()), binder.WithClientInterceptors(m.Client()))
	ctx := context.Background()
	for range 10 {
		_, err := binder.Call(ctx, h, 1, []byte("hello"))
		require.NoError(t, err)
	}
	for range 3 {
		_, err := binder.Call(ctx, h, 2, nil)
		require.Error(t, err)
	}
	all := m.Snapshot()
	require.Len(t, all, 4)
	assert.Equal(t, "client", all[0].Side)
	assert.Equal(t, "server", all[1].Side)
	assert.Equal(t, "test.Echo", all[1].Interface)
	assert.EqualValues(t, 10, all[1].Calls)
	assert.EqualValues(t, 50, all[1].Received)
	assert.EqualValues(t, 80, all[1].Sent)
	assert.EqualValues(t, 80, all[0].Received)
	assert.Empty(t, all[1].Failed)
	assert.Positive(t, all[1].Time)
	assert.Equal(t, map[string]uint64{"BAD_VALUE": 3}, all[3].Failed)
	var inBuckets uint64
	for _, b := range all[1].Latency {
		inBuckets += b.Calls
	}
	assert.EqualValues(t, 10, inBuckets)
	var published expvar.Var = m
	assert.True(t, json.Valid([]byte(published.String())))
}

func TestMetricsAreBounded(t *testing.T) {
	m := interceptor.NewMetrics()
	h := pair(t, servers(m.Server()), none)
	for code := range uint32(1500) {
		binder.Call(context.Background(), h, code+10, nil)
	}
	all := m.Snapshot()
	assert.Len(t, all, 1001)
	assert.Equal(t, "other", all[0].Interface)
	assert.EqualValues(t, 500, all[0].Calls)
}

// spans is a tracing library that writes down which span began below which.
type spans struct {
	mu   sync.Mutex
	next byte
	log  []string
}

func (s *spans) begin(ctx context.Context, name string) (context.Context, func(error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	span, _ := binder.TraceFrom(ctx)
	s.log = append(s.log, fmt.Sprintf("%d below %d: %s", s.next, span.SpanID[0], name))
	span.TraceID[0], span.SpanID[0] = 1, s.next
	return binder.WithTrace(ctx, span), func(error) {}
}

func TestTraceGoesFromProcessToProcess(t *testing.T) {
	s := new(spans)
	h := pair(t, servers(interceptor.TraceServer(s.begin)), binder.WithClientInterceptors(interceptor.TraceClient(s.begin)))
	_, err := binder.Call(context.Background(), h, 1, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"1 below 0: call 1", "2 below 1: test.Echo/1"}, s.log)
}
