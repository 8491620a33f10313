package hub

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/gen/internal/golden/listener"
	"ubinder/runtime/binder"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/connect"
	"ubinder/runtime/status"
	"ubinder/runtime/stub"
)

// service implements Hub. What it is given it keeps for the test to look at: under a lock, because
// the race detector does not know that a call through shared memory puts things in order.
type service struct {
	UnimplementedHub
	mu        sync.Mutex
	listeners []listener.Listener
	events    chan *listener.Event
	lent      chan *os.File
	hub       Hub // what Find returns
}

func newService() *service {
	return &service{events: make(chan *listener.Event, 10), lent: make(chan *os.File, 10)}
}

func (s *service) Echo(_ context.Context, in *Text) (*Text, error) { return in, nil }

func (s *service) Publish(_ context.Context, in *listener.Event) error {
	s.events <- in
	return nil
}

func (s *service) Subscribe(_ context.Context, _ *SubscribeRequest, l listener.Listener) (*SubscribeReply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners = append(s.listeners, l)
	return &SubscribeReply{Id: uint64(len(s.listeners))}, nil
}

func (s *service) listener(n int) listener.Listener {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.listeners[n]
}

func (s *service) Find(context.Context, *Text) (Hub, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hub, nil
}

func (s *service) setHub(h Hub) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hub = h
}

func (s *service) Lend(ctx context.Context, l listener.Listener, file *os.File) error {
	s.lent <- file
	return l.Heard(ctx, &listener.Event{Topic: "lent"})
}

func (s *service) Reset(context.Context) error                      { return nil }
func (s *service) Room(context.Context, *Roomy) (*Roomy, error)     { return nil, nil }
func (s *service) Old(context.Context, *Text) (*Text, error)        { panic("old") }
func (s *service) Undocumented(_ context.Context, in *Text) error   { return os.ErrPermission }
func (s *service) Fixed(_ context.Context, in *Text) (*Text, error) { return in, nil }
func (s *service) After(context.Context, *Text) (*Text, error) {
	return nil, status.ServiceError(7, "after")
}

func (s *service) Everything(_ context.Context, in *Extras, o binder.Object, h Hub, f *os.File, objects []binder.Object, listeners []listener.Listener, files []*os.File) (*Extras, binder.Object, Hub, *os.File, []binder.Object, []listener.Listener, []*os.File, error) {
	return in, o, h, f, objects, listeners, files, nil
}

func (s *service) Bare(_ context.Context, hubs []Hub, f *os.File) ([]Hub, *os.File, error) {
	return hubs, f, nil
}

// ear implements listener.Listener.
type ear struct {
	listener.UnimplementedListener
	heard chan *listener.Event
}

func newEar() *ear { return &ear{heard: make(chan *listener.Event, 10)} }

func (e *ear) Heard(_ context.Context, in *listener.Event) error {
	e.heard <- in
	return nil
}

func (e *ear) Next(_ context.Context, l listener.Listener) (listener.Listener, error) { return l, nil }

// open connects a process to a bus.
func open(t *testing.T, address string) *binder.Process {
	p, err := connect.Open(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Close()) })
	return p
}

// connections are the ways a test reaches a hub: from another process, over shared memory and within
// the program, and from its own process by a client that was made on purpose.
func connections(t *testing.T, test func(t *testing.T, hub *HubClient, s *service)) {
	t.Run("over a bus", func(t *testing.T) {
		s := newService()
		test(t, connectTwo(t, "bus:"+brokertest.Start(t), s), s)
	})
	t.Run("in one program", func(t *testing.T) {
		s := newService()
		test(t, connectTwo(t, "inproc:"+t.Name(), s), s)
	})
	t.Run("in one process", func(t *testing.T) {
		s := newService()
		node, err := ExportHub(open(t, "inproc:"+t.Name()), s)
		require.NoError(t, err)
		require.Same(t, s, AsHub(node))
		test(t, NewHubClient(node), s)
	})
}

// connectTwo serves s in one process and returns a client of it in another.
func connectTwo(t *testing.T, address string, s *service) *HubClient {
	server := open(t, address)
	node, err := ExportHub(server, s)
	require.NoError(t, err)
	require.NoError(t, server.BecomeContextManager(t.Context(), node))
	h, err := open(t, address).ContextManager(t.Context())
	require.NoError(t, err)
	hub, ok := AsHub(h).(*HubClient)
	require.True(t, ok)
	return hub
}

func receive[T any](t *testing.T, from chan T) T {
	select {
	case v := <-from:
		return v
	case <-time.After(10 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func TestPlainCalls(t *testing.T) {
	connections(t, func(t *testing.T, hub *HubClient, s *service) {
		out, err := hub.Echo(t.Context(), &Text{Text: "hello"})
		require.NoError(t, err)
		assert.Equal(t, "hello", out.Text)
		out, err = hub.Echo(t.Context(), nil)
		require.NoError(t, err)
		assert.Empty(t, out.Text)
		require.NoError(t, hub.Reset(t.Context()))
		roomy, err := hub.Room(t.Context(), &Roomy{})
		require.NoError(t, err)
		assert.NotNil(t, roomy)
		out, err = hub.Fixed(t.Context(), &Text{Text: "fixed"})
		require.NoError(t, err)
		assert.Equal(t, "fixed", out.Text)
	})
}

func TestErrors(t *testing.T) {
	connections(t, func(t *testing.T, hub *HubClient, s *service) {
		_, err := hub.Last(t.Context(), nil)
		assert.ErrorIs(t, err, status.UnknownMethod)
		assert.ErrorContains(t, err, "golden.hub.Hub: method Last is not implemented")
		_, err = hub.Old(t.Context(), nil)
		assert.ErrorIs(t, err, status.Internal)
		assert.Equal(t, status.Internal, status.CodeOf(hub.Undocumented(t.Context(), nil)))
		_, err = hub.After(t.Context(), nil)
		var e *status.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, int32(7), e.Service)
		wrong := listener.NewListenerClient(hub.Object())
		_, err = wrong.Next(t.Context(), nil)
		assert.ErrorIs(t, err, status.UnknownMethod, "a hub is no listener")
	})
}

func TestOneway(t *testing.T) {
	connections(t, func(t *testing.T, hub *HubClient, s *service) {
		for _, topic := range []string{"a", "b"} {
			require.NoError(t, hub.Publish(t.Context(), &listener.Event{Topic: topic}))
			assert.Equal(t, topic, receive(t, s.events).Topic)
		}
	})
}

func TestCallback(t *testing.T) {
	connections(t, func(t *testing.T, hub *HubClient, s *service) {
		e := newEar()
		for id := range uint64(2) {
			reply, err := hub.Subscribe(t.Context(), &SubscribeRequest{}, e)
			require.NoError(t, err)
			assert.Equal(t, id+1, reply.Id)
		}
		require.NoError(t, s.listener(0).Heard(t.Context(), &listener.Event{Topic: "called back"}))
		assert.Equal(t, "called back", receive(t, e.heard).Topic)

		previous, err := s.listener(1).Next(t.Context(), s.listener(0))
		require.NoError(t, err)
		require.NoError(t, previous.Heard(t.Context(), &listener.Event{Topic: "passed on"}))
		assert.Equal(t, "passed on", receive(t, e.heard).Topic)
	})
}

func TestNullObject(t *testing.T) {
	connections(t, func(t *testing.T, hub *HubClient, s *service) {
		found, err := hub.Find(t.Context(), &Text{})
		require.NoError(t, err)
		assert.Nil(t, found)
		_, err = hub.Subscribe(t.Context(), nil, nil)
		require.NoError(t, err)
		assert.Nil(t, s.listener(0))
	})
}

func TestObjectThatComesHome(t *testing.T) {
	connections(t, func(t *testing.T, hub *HubClient, s *service) {
		mine := newService()
		out, object, h, _, objects, _, _, err := hub.Everything(t.Context(), &Extras{Text: "x"}, hub.Object(), mine, nil, []binder.Object{nil, hub.Object()}, nil, nil)
		require.NoError(t, err)
		assert.Equal(t, "x", out.Text)
		assert.True(t, binder.Same(t.Context(), hub.Object(), object))
		assert.Same(t, mine, h, "an implementation of this process comes back as itself")
		require.Len(t, objects, 2)
		assert.Nil(t, objects[0])
		stub.Release(NewHubClient(objects[1]))
	})
}

func TestService(t *testing.T) {
	connections(t, func(t *testing.T, hub *HubClient, s *service) {
		s.setHub(s)
		found, err := hub.Find(t.Context(), &Text{})
		require.NoError(t, err)
		out, err := found.Echo(t.Context(), &Text{Text: "again"})
		require.NoError(t, err)
		assert.Equal(t, "again", out.Text)
	})
}

func TestRepeated(t *testing.T) {
	connections(t, func(t *testing.T, hub *HubClient, s *service) {
		mine := []Hub{newService(), nil, newService()}
		hubs, file, err := hub.Bare(t.Context(), mine, nil)
		require.NoError(t, err)
		assert.Equal(t, mine, hubs)
		assert.Nil(t, file)
	})
}
