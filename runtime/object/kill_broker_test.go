package object_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/broker"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/object"
	"ubinder/runtime/status"
)

// killableBrokerMain serves a bus until standard input ends; then it says what points it has passed.
func killableBrokerMain(path string) int {
	b, err := broker.Listen(broker.Config{Path: path})
	if err != nil {
		fmt.Fprintln(os.Stderr, "broker:", err)
		return 1
	}
	fmt.Println("serving")
	go func() {
		io.Copy(io.Discard, os.Stdin)
		b.Close()
	}()
	if b.Serve() != nil {
		return 1
	}
	json.NewEncoder(os.Stdout).Encode(killpoint.Passed())
	return 0
}

// killableBroker is a broker in a process of its own.
type killableBroker struct {
	cmd *exec.Cmd
	in  io.Closer
	out *bufio.Reader
}

// startKillableBroker fails when the broker dies before it serves.
func startKillableBroker(t testing.TB, path, point string) (*killableBroker, error) {
	c := command(t, "broker", path, point)
	in, err := c.StdinPipe()
	require.NoError(t, err)
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	b := &killableBroker{c, in, bufio.NewReader(out)}
	if _, err := b.out.ReadString('\n'); err != nil {
		c.Wait()
		return nil, err
	}
	return b, nil
}

// end lets it end, if it still lives, and tells what points it has passed; nil when it was killed.
func (b *killableBroker) end() (passed map[string]int) {
	b.in.Close()
	json.NewDecoder(b.out).Decode(&passed)
	b.cmd.Wait()
	return passed
}

// TestKillBroker kills the broker at every step of its work. Whoever has a lane goes on, nobody
// hangs, and the next broker of the bus gives out ids that nobody had.
func TestKillBroker(t *testing.T) {
	passed := passedByBroker(t)
	kills := 0
	for _, point := range slices.Sorted(maps.Keys(passed)) {
		kills += killEverywhere(point, func(at string) bool { return playBroker(t, at) == nil })
	}
	t.Logf("%d points, %d kills", len(passed), kills)
}

func passedByBroker(t *testing.T) map[string]int {
	passed := playBroker(t, "")
	require.NotEmpty(t, passed)
	return passed
}

// playBroker has three processes meet on a bus whose broker dies at a point.
func playBroker(t *testing.T, point string) (passed map[string]int) {
	dir, err := os.MkdirTemp("", "bus")
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "bus")
	fds, maps := sys.Open()
	last := uint64(0)
	b, err := startKillableBroker(t, path, point)
	if err == nil {
		m := meeting{t: t, path: path, point: point}
		m.hold()
		last = m.last
		m.end()
		passed = b.end()
	}
	leaktest.Settled(t, fds, maps)
	next, err := startKillableBroker(t, path, "")
	require.NoError(t, err, point)
	p := dial(t, path)
	require.Greater(t, uint64(p.ID()), last, point)
	require.NoError(t, p.Close())
	next.end()
	return passed
}

// meeting is what processes do on a bus whose broker may end at any moment.
type meeting struct {
	t           *testing.T
	path, point string
	last        uint64
	processes   []*binder.Process
	transports  []*object.Transport
}

// join is nil when the broker is gone.
func (m *meeting) join() *binder.Process {
	ctx, cancel := context.WithTimeout(m.t.Context(), killPatience)
	defer cancel()
	t, err := object.Dial(ctx, m.path, "member")
	if err != nil {
		m.expected(err)
		return nil
	}
	p := binder.NewProcess(t)
	m.last = max(m.last, uint64(p.ID()))
	m.processes = append(m.processes, p)
	m.transports = append(m.transports, t)
	return p
}

// expected: a broker that dies is told of by these alone, and nothing runs into its deadline.
func (m *meeting) expected(err error) {
	m.t.Helper()
	switch status.CodeOf(err) {
	case status.OK, status.Dead, status.UnknownTarget:
	case status.Protocol: // it died in the middle of a hello
		require.ErrorContains(m.t, err, "does not answer as a broker", m.point)
	default:
		require.NoError(m.t, err, m.point)
	}
}

// hold has a manager and two members meet each other, as far as the broker lives.
func (m *meeting) hold() {
	ctx, cancel := context.WithTimeout(m.t.Context(), killPatience)
	defer cancel()
	manager, one, two := m.join(), m.join(), m.join()
	if manager == nil {
		return
	}
	var mu sync.Mutex
	var kept []binder.Object
	root := manager.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
		mu.Lock()
		defer mu.Unlock()
		for _, o := range kept {
			c.Reply.Attachments = append(c.Reply.Attachments, object0(o))
		}
		if o := c.TakeObject(0); o != nil {
			kept = append(kept, o)
		}
		return nil
	}))
	m.expected(manager.BecomeContextManager(ctx, root))
	for _, p := range []*binder.Process{one, two} {
		m.visit(ctx, p)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, o := range kept {
		binder.Release(o)
	}
}

// visit leaves an object with the manager and calls the one that is there. What works once works on.
func (m *meeting) visit(ctx context.Context, p *binder.Process) {
	if p == nil {
		return
	}
	h, err := p.ContextManager(ctx)
	m.expected(err)
	if err != nil {
		return
	}
	defer h.Release()
	own := p.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error { return nil }))
	var r binder.Reply
	defer r.Release()
	require.NoError(m.t, h.Transact(ctx, &binder.Transaction{Data: binder.Data{Attachments: []binder.Attachment{object0(own)}}}, &r), m.point)
	for o := r.TakeObject(0); o != nil; o = r.TakeObject(0) {
		_, err := binder.Call(ctx, o, 1, nil)
		m.expected(err)
		if err == nil {
			_, err = binder.Call(ctx, o, 1, nil)
			require.NoError(m.t, err, m.point)
		}
		binder.Release(o)
	}
	_, err = binder.Call(ctx, h, 1, nil)
	require.NoError(m.t, err, m.point)
}

func (m *meeting) end() {
	for _, p := range m.processes {
		require.NoError(m.t, p.Close())
	}
}

// emptyThrone is a bus without a context manager.
type emptyThrone struct {
	t         testing.TB
	path      string
	broker    *broker.Broker
	process   *binder.Process
	transport *object.Transport
}

func newEmptyThrone(t testing.TB) *emptyThrone {
	s := &emptyThrone{t: t}
	s.broker, s.path = brokertest.Run(t)
	var err error
	s.transport, err = object.Dial(context.Background(), s.path, "subject")
	require.NoError(t, err)
	s.process = binder.NewProcess(s.transport)
	t.Cleanup(func() { s.process.Close() })
	return s
}

// play has a victim become context manager, calls it, and has it die at a point. Afterwards the place
// is free.
func (s *emptyThrone) play(point string) (killed bool, passed map[string]int) {
	s.t.Helper()
	stop, called := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(called)
		s.callUntil(stop)
	}()
	killed, passed = runVictim(s.t, "usurper", s.path, point)
	close(stop)
	<-called
	require.Eventually(s.t, func() bool {
		u := s.broker.Usage()
		return u.Manager == 0 && len(u.Processes) == 1 && u.Greeting == 0 && u.Lanes == 0 && s.transport.Left() == nil
	}, killPatience, 1000)
	ctx, cancel := context.WithTimeout(s.t.Context(), killPatience)
	defer cancel()
	_, err := s.process.ContextManager(ctx)
	require.ErrorIs(s.t, err, status.UnknownTarget, point)
	heir := dial(s.t, s.path)
	require.NoError(s.t, heir.BecomeContextManager(ctx, heir.NewNode(binder.HandlerFunc(nil))), point)
	require.NoError(s.t, heir.Close())
	require.Eventually(s.t, func() bool { return s.broker.Usage().Manager == 0 }, killPatience, 1000)
	return killed, passed
}

// callUntil calls whoever is behind handle 0, as long as the victim lives.
func (s *emptyThrone) callUntil(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		h, err := s.process.ContextManager(context.Background())
		if err == nil {
			_, err = binder.Call(context.Background(), h, 1, nil)
			h.Release()
		}
		switch status.CodeOf(err) {
		case status.OK, status.Dead, status.UnknownTarget, status.Denied:
		default:
			s.t.Errorf("calling the context manager: %v", err)
			return
		}
	}
}
