package binder_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/binder/transporttest"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/connect"
	"ubinder/runtime/status"
	"ubinder/servicemanager"
)

// busWithManager starts a broker, and a process that is the service manager; it returns their path.
func busWithManager(t *testing.T) string {
	path := brokertest.Start(t)
	transporttest.Fork(t, beManager+"=1", "UBINDER_BUS="+path)
	return path
}

// stage is what a case sees: a connection of its own, and servers that it starts, each a process.
type stage struct {
	testing.TB
	*binder.Process
	ctx   context.Context // bounds what would otherwise hang
	bus   string
	names *servicemanager.Client
}

func newStage(t testing.TB, bus string) *stage {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	s := &stage{TB: t, ctx: ctx, bus: bus}
	s.Process = s.connect()
	s.names = s.connectNames(s.Process)
	return s
}

// connect opens another connection of this process.
func (s *stage) connect() *binder.Process {
	p, err := connect.Open(s.ctx, s.bus)
	require.NoError(s, err)
	s.Cleanup(func() { p.Close() })
	return p
}

// connectNames waits until there is a service manager.
func (s *stage) connectNames(p *binder.Process) *servicemanager.Client {
	for {
		c, err := servicemanager.Connect(s.ctx, p)
		if !errors.Is(err, status.UnknownTarget) {
			require.NoError(s, err)
			s.Cleanup(c.Release)
			return c
		}
		require.NoError(s, s.ctx.Err())
		runtime.Gosched()
	}
}

// actor is a server that was started, and the handle to its object.
type actor struct {
	*binder.Handle
	name string
	kill func() // ends the process without notice; returns when it is gone
}

var servers atomic.Int64

// server starts a server and finds it by its name.
func (s *stage) server() *actor {
	s.Helper()
	return s.serverNamed(fmt.Sprint("server-", servers.Add(1)))
}

func (s *stage) serverNamed(name string) *actor {
	s.Helper()
	kill := transporttest.Fork(s, beServer+"="+name, "UBINDER_BUS="+s.bus)
	o, err := s.names.WaitService(s.ctx, name)
	require.NoError(s, err)
	return &actor{o.(*binder.Handle), name, kill}
}

// do tells o to do something and returns the reply, which the case gives back at its end.
func (s *stage) do(o binder.Object, code uint32, payload string, list ...binder.Attachment) *binder.Reply {
	s.Helper()
	r, err := s.try(o, code, payload, list...)
	require.NoError(s, err)
	return r
}

// ask is do for an answer that is text.
func (s *stage) ask(o binder.Object, code uint32, payload string, list ...binder.Attachment) string {
	s.Helper()
	return string(s.do(o, code, payload, list...).Payload)
}

// try is do for what may fail.
func (s *stage) try(o binder.Object, code uint32, payload string, list ...binder.Attachment) (*binder.Reply, error) {
	return s.transact(o, &binder.Transaction{Code: code, Data: binder.Data{Payload: []byte(payload), Attachments: list}})
}

func (s *stage) transact(o binder.Object, t *binder.Transaction) (*binder.Reply, error) {
	r := new(binder.Reply)
	s.Cleanup(r.Release)
	return r, o.Transact(s.ctx, t, r)
}

// post sends a oneway call.
func (s *stage) post(o binder.Object, code uint32, payload string, list ...binder.Attachment) {
	s.Helper()
	_, err := s.transact(o, &binder.Transaction{Code: code, Flags: binder.Oneway, Data: binder.Data{Payload: []byte(payload), Attachments: list}})
	require.NoError(s, err)
}

// take is do for one object that is answered with; the case releases it at its end.
func (s *stage) take(o binder.Object, code uint32, payload string, list ...binder.Attachment) binder.Object {
	s.Helper()
	got := s.do(o, code, payload, list...).TakeObject(0)
	s.Cleanup(func() { binder.Release(got) })
	return got
}

// callback makes a node that tells the channel of each call to it.
func (s *stage) callback() (*binder.Node, chan struct{}) {
	called := make(chan struct{}, 1)
	return s.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error {
		called <- struct{}{}
		return nil
	})), called
}

// named makes a node that answers with its name.
func (s *stage) named(name string, options ...binder.NodeOption) *binder.Node {
	return s.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
		c.Reply.Payload = []byte(name)
		return nil
	}), options...)
}

// await receives from a channel, unless that takes a minute.
func await[T any](s *stage, ch <-chan T, what string) (v T) {
	s.Helper()
	select {
	case v = <-ch:
	case <-s.ctx.Done():
		require.Fail(s, "waited in vain for "+what)
	}
	return v
}

// until repeats a question until its answer is the one waited for.
func (s *stage) until(want string, question func() string) {
	s.Helper()
	for got := question(); got != want; got = question() {
		require.NoError(s, s.ctx.Err(), "still %q, not %q", got, want)
	}
}

// sawAs asks o who calls it.
func (s *stage) sawAs(o binder.Object) (id binder.Identity) {
	s.Helper()
	require.NoError(s, json.Unmarshal(s.do(o, opWho, "").Payload, &id))
	return id
}

// openFiles counts the file descriptors of this process.
func (s *stage) openFiles() int {
	list, err := os.ReadDir("/proc/self/fd")
	require.NoError(s, err)
	return len(list)
}

// object attaches an object to field 0.
func object(o binder.Object) binder.Attachment { return objectIn(0, o) }

// objectIn attaches an object to a field.
func objectIn(field uint32, o binder.Object) binder.Attachment {
	if a, ok := o.(*actor); ok {
		o = a.Handle
	}
	return binder.Attachment{Field: field, Object: o}
}
