package broker_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/broker"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/brokerwire"
	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/internal/sys"
)

const (
	patience = 20 * time.Second
	tick     = time.Millisecond
)

// settle waits until the broker has answered all that c has asked, and c has taken it.
func settle(t testing.TB, c *bus.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := c.Find(ctx, 0, 0)
	require.NoError(t, err)
}

// member is a process's handler of lanes: it counts what comes, and answers calls if it is to.
type member struct {
	mu     sync.Mutex
	links  map[uint64]*bus.Link
	peers  map[uint64]*bus.Peer
	lanes  int // introductions
	failed int // of those
	got    int // messages
	ends   map[uint64]error
}

func newMember() *member {
	return &member{links: make(map[uint64]*bus.Link), peers: make(map[uint64]*bus.Peer), ends: make(map[uint64]error)}
}

// Introduced implements bus.ConnHandler.
func (m *member) Introduced(p *bus.Peer) (bus.Events, func(*bus.Link), func(*bus.Link, error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lanes++
	m.peers[p.ID] = p
	return m, func(*bus.Link) {}, func(l *bus.Link, err error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if err == nil {
			m.links[p.ID] = l
		} else {
			m.failed++
		}
	}
}

// Readable implements bus.Events: calls are answered with what they brought.
func (m *member) Readable(l *bus.Link) {
	var d bus.Descriptor
	for {
		ok, err := l.Next(&d)
		if err != nil || !ok {
			break
		}
		m.mu.Lock()
		m.got++
		m.mu.Unlock()
		payload := make([]byte, d.Length)
		l.Payload(payload, &d)
		l.Free(&d)
		if d.Kind == bus.KindCall {
			send(l, bus.KindReply, payload)
		}
	}
	l.Drained()
}

func send(l *bus.Link, kind uint8, payload []byte) error {
	slot, err := l.Reserve(bus.Need{Class: bus.ClassReply, Size: len(payload)})
	if err != nil {
		return err
	}
	copy(slot.Bytes, payload)
	_, err = l.Post(&bus.Descriptor{Kind: kind, Length: uint32(len(payload))}, slot, nil)
	l.RingLooper()
	return err
}

// Hangup implements bus.Events.
func (m *member) Hangup(l *bus.Link, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ends[l.Peer().ID] = err
}

func (m *member) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.got
}

// link waits for the lane to a process.
func (m *member) link(t *testing.T, id uint64) (l *bus.Link) {
	require.Eventually(t, func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		l = m.links[id]
		return l != nil
	}, patience, tick)
	return l
}

func (m *member) ended(id uint64) func() bool {
	return func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.ends[id] != nil
	}
}

func (m *member) closeAll() {
	m.mu.Lock()
	links := m.links
	m.mu.Unlock()
	for _, l := range links {
		l.Close()
	}
}

// serve runs a broker until the test ends.
func serve(t *testing.T, c broker.Config) *broker.Broker {
	leaktest.Check(t)
	if c.Path == "" {
		c.Path = filepath.Join(t.TempDir(), "bus")
	}
	b, err := broker.Listen(c)
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- b.Serve() }()
	t.Cleanup(func() {
		b.Close()
		require.NoError(t, <-served)
	})
	return b
}

func busPath(t *testing.T) string { return filepath.Join(t.TempDir(), "bus") }

// join connects a process of this program.
func join(t *testing.T, path string) (*bus.Conn, *member) {
	m := newMember()
	c, err := bus.Dial(t.Context(), path, t.Name(), m)
	require.NoError(t, err)
	t.Cleanup(func() {
		c.Close()
		m.closeAll()
	})
	return c, m
}

// echo calls over a link and waits for the answer.
func (m *member) echo(t *testing.T, l *bus.Link) {
	before := m.count()
	require.NoError(t, send(l, bus.KindCall, []byte("hello")))
	require.Eventually(t, func() bool { return m.count() > before }, patience, tick)
}

func hello() *brokerwire.Packet {
	return &brokerwire.Packet{Kind: brokerwire.Hello, Value: brokerwire.Magic, Code: brokerwire.Version, Text: "raw"}
}

// raw is a connection by hand.
type raw struct {
	t    testing.TB
	conn *sys.Conn
}

func dialRaw(t testing.TB, path string) *raw {
	conn, err := sys.Dial(path)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return &raw{t, conn}
}

func (r *raw) send(p *brokerwire.Packet) { require.NoError(r.t, r.conn.SendWait(p.Append(nil))) }

// receive returns the next packet; its files are closed.
func (r *raw) receive() (brokerwire.Packet, error) {
	var b [brokerwire.MaxSize]byte
	n, fds, err := r.conn.Receive(b[:])
	sys.CloseAll(fds)
	if err != nil {
		return brokerwire.Packet{}, err
	}
	return brokerwire.Parse(b[:n])
}

func background() context.Context { return context.Background() }
