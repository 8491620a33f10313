package broker_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/broker"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/brokerwire"
	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/status"
)

func TestIdentityIsTheKernelsWord(t *testing.T) {
	path := busPath(t)
	serve(t, broker.Config{Path: path})
	c, m := join(t, path)
	require.EqualValues(t, os.Getpid(), c.Self().PID)
	require.EqualValues(t, os.Geteuid(), c.Self().UID)
	require.EqualValues(t, os.Getegid(), c.Self().GID)
	child := start(t, "process", path)
	id := child.number(t)
	require.NoError(t, c.Introduce(t.Context(), id))
	peer := m.link(t, id).Peer()
	require.Equal(t, id, peer.ID)
	require.EqualValues(t, child.cmd.Process.Pid, peer.PID)
	require.EqualValues(t, os.Geteuid(), peer.UID)
	m.echo(t, m.link(t, id))
}

func TestIdentityOfAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can start a process of another user")
	}
	dir := publicFolder(t)
	path := filepath.Join(dir, "bus")
	serve(t, broker.Config{Path: path, Mode: 0o666})
	c, m := join(t, path)
	as := &syscall.Credential{Uid: 54321, Gid: 54322, Groups: []uint32{7, 54322, 99}}
	child := startAs(t, as, copyOfProgram(t, dir), "process", path)
	id := child.number(t)
	require.NoError(t, c.Introduce(t.Context(), id))
	peer := m.link(t, id).Peer()
	require.EqualValues(t, child.cmd.Process.Pid, peer.PID)
	require.EqualValues(t, 54321, peer.UID)
	require.EqualValues(t, 54322, peer.GID)
	require.ElementsMatch(t, as.Groups, peer.Groups)
}

func TestAUserWhoMayNotConnectIsToldSo(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can start a process of another user")
	}
	dir := publicFolder(t)
	path := filepath.Join(dir, "bus")
	serve(t, broker.Config{Path: path})
	program := copyOfProgram(t, dir)
	nobody := &syscall.Credential{Uid: 54321, Gid: 54322}
	said := startAs(t, nobody, program, "client", path).line(t)
	require.Contains(t, said, "DENIED")
	require.Contains(t, said, "may not connect")
	said = startAs(t, nobody, program, "broker", filepath.Join(dir, "other")).line(t)
	require.Contains(t, said, "permission denied")
}

// publicFolder is one that other users can read.
func publicFolder(t *testing.T) string {
	dir, err := os.MkdirTemp("", "broker")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}

// copyOfProgram lies where other users can run it.
func copyOfProgram(t *testing.T, dir string) string {
	from, err := os.Open("/proc/self/exe")
	require.NoError(t, err)
	defer from.Close()
	path := filepath.Join(dir, "program")
	to, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	require.NoError(t, err)
	_, err = io.Copy(to, from)
	require.NoError(t, errors.Join(err, to.Close()))
	return path
}

func TestBothSidesOfAnIntroductionKnowWhoIsThere(t *testing.T) {
	path := busPath(t)
	serve(t, broker.Config{Path: path})
	a, ma := join(t, path)
	b, mb := join(t, path)
	require.NoError(t, a.Introduce(t.Context(), b.Self().ID))
	require.Equal(t, b.Self(), ma.link(t, b.Self().ID).Peer())
	require.Equal(t, a.Self(), mb.link(t, a.Self().ID).Peer())
	ma.echo(t, ma.link(t, b.Self().ID))
}

func TestASecondIntroductionMakesNoSecondLane(t *testing.T) {
	path := busPath(t)
	serve(t, broker.Config{Path: path})
	a, ma := join(t, path)
	b, mb := join(t, path)
	for range 3 {
		require.NoError(t, a.Introduce(t.Context(), b.Self().ID))
		require.NoError(t, b.Introduce(t.Context(), a.Self().ID))
	}
	settle(t, a)
	settle(t, b)
	ma.link(t, b.Self().ID)
	mb.link(t, a.Self().ID)
	require.Equal(t, 1, ma.lanes)
	require.Equal(t, 1, mb.lanes)
}

func TestIntroductionsThatCannotBe(t *testing.T) {
	path := busPath(t)
	serve(t, broker.Config{Path: path})
	a, _ := join(t, path)
	gone, _ := join(t, path)
	require.ErrorIs(t, a.Introduce(t.Context(), 1<<60), status.Dead)
	require.ErrorIs(t, a.Introduce(t.Context(), a.Self().ID), status.BadValue)
	gone.Close()
	require.Eventually(t, func() bool {
		return errors.Is(a.Introduce(background(), gone.Self().ID), status.Dead)
	}, patience, tick)
}

// TestTheContextManagerAskedForWithTheHello is met while the process connects, and its place is looked at again later.
func TestTheContextManagerAskedForWithTheHello(t *testing.T) {
	path := busPath(t)
	serve(t, broker.Config{Path: path})
	early := func() (*bus.Conn, *member) {
		m := newMember()
		c, err := bus.DialAndAsk(t.Context(), path, t.Name(), m)
		require.NoError(t, err)
		c.Begin()
		t.Cleanup(func() {
			c.Close()
			m.closeAll()
		})
		return c, m
	}
	manager := func(c *bus.Conn) [2]uint64 {
		process, node, err := c.ContextManager(t.Context())
		require.NoError(t, err)
		return [2]uint64{process, node}
	}
	a, ma := join(t, path)
	before, mb := early()
	_, _, err := before.ContextManager(t.Context())
	require.ErrorIs(t, err, status.UnknownTarget)
	unused, _ := early()
	require.NoError(t, a.BecomeContextManager(t.Context(), 11))
	require.Equal(t, [2]uint64{a.Self().ID, 11}, manager(unused), "there was none when it connected")
	require.Equal(t, [2]uint64{a.Self().ID, 11}, manager(before))
	mb.echo(t, mb.link(t, a.Self().ID))

	b, mb := early()
	mb.echo(t, mb.link(t, a.Self().ID)) // without a word
	require.NoError(t, a.BecomeContextManager(t.Context(), 12))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	b.ContextManager(ended)
	require.Contains(t, [][2]uint64{{a.Self().ID, 11}, {a.Self().ID, 12}}, manager(b))
	require.Equal(t, [2]uint64{a.Self().ID, 12}, manager(b))
	require.Equal(t, 1, mb.lanes)
	settle(t, a)
	require.Equal(t, 3, ma.lanes)
}

// TestAContextManagerThatDoesNotAnswer: who has asked for it with the hello begins all the same, and learns of its end.
func TestAContextManagerThatDoesNotAnswer(t *testing.T) {
	path := busPath(t)
	serve(t, broker.Config{Path: path})
	manager := dialRaw(t, path)
	manager.send(hello())
	manager.send(&brokerwire.Packet{Kind: brokerwire.SetContextManager, Value: 1})
	for range 2 {
		_, err := manager.receive()
		require.NoError(t, err)
	}
	c, err := bus.DialAndAsk(t.Context(), path, t.Name(), newMember())
	require.NoError(t, err)
	defer c.Close()
	c.Begin()
	b, mb := join(t, path)
	require.NoError(t, c.Introduce(t.Context(), b.Self().ID), "it receives")
	mb.link(t, c.Self().ID)
	_, fds, err := manager.conn.Receive(make([]byte, brokerwire.MaxSize))
	require.NoError(t, err)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err = c.ContextManager(ended)
	require.ErrorIs(t, err, context.Canceled)
	sys.CloseAll(fds)
	process, _, err := c.ContextManager(t.Context())
	require.NoError(t, err)
	require.NotZero(t, process)
}

// TestWhoIsRefusedLeavesNothing of what it has asked for with its hello.
func TestWhoIsRefusedLeavesNothing(t *testing.T) {
	path := busPath(t)
	serve(t, broker.Config{Path: path, Policy: closed{connect: errors.New("full house")}})
	_, err := bus.DialAndAsk(t.Context(), path, t.Name(), newMember())
	require.ErrorIs(t, err, status.Denied)
}

// outboxSize is that of an outbox's file: its header, and the segment.
const outboxSize = 0x9000 + bus.SegmentSize

// TestOutboxesThatAreNotPassedOn: a request for a lane has one file, sealed memory of an outbox's size.
func TestOutboxesThatAreNotPassedOn(t *testing.T) {
	path := busPath(t)
	serve(t, broker.Config{Path: path})
	a, ma := join(t, path)
	sealed := func(size int) int {
		fd, memory, err := sys.CreateMemory("outbox", size)
		require.NoError(t, err)
		t.Cleanup(func() { fd.Close(); memory.Unmap() })
		return fd.Int()
	}
	outbox := sealed(outboxSize)
	file, err := os.Open("/dev/null")
	require.NoError(t, err)
	defer file.Close()
	asker := dialRaw(t, path)
	asker.send(hello())
	_, err = asker.receive()
	require.NoError(t, err)
	for name, files := range map[string][]int{
		"none": nil, "two": {outbox, outbox}, "one byte": {sealed(1)}, "short": {sealed(outboxSize - 1)}, "long": {sealed(outboxSize + 1)}, "huge": {sealed(1 << 40)},
		"another file": {int(file.Fd())}, "many": make([]int, sys.MaxFDs),
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, a.BecomeContextManager(t.Context(), 11))
			ask := brokerwire.Packet{Kind: brokerwire.Introduce, Value: a.Self().ID, Cookie: 5}
			require.NoError(t, asker.conn.SendWait(ask.Append(nil), files...))
			answer, err := asker.receive()
			require.NoError(t, err)
			require.Equal(t, [3]uint32{uint32(brokerwire.Error), 5, uint32(status.BadValue)}, [3]uint32{uint32(answer.Kind), answer.Cookie, answer.Code})
			ask.Kind = brokerwire.GetContextManager
			require.NoError(t, asker.conn.SendWait(ask.Append(nil), files...))
			answer, err = asker.receive()
			require.NoError(t, err)
			require.Equal(t, brokerwire.Done, answer.Kind)
			require.Equal(t, [2]uint64{a.Self().ID, 11}, [2]uint64{answer.ID, answer.Value})
		})
	}
	settle(t, a)
	ma.mu.Lock()
	require.Zero(t, ma.lanes)
	ma.mu.Unlock()
	ask := brokerwire.Packet{Kind: brokerwire.GetContextManager}
	require.NoError(t, asker.conn.SendWait(ask.Append(nil), outbox))
	answer, err := asker.receive()
	require.NoError(t, err)
	require.Equal(t, brokerwire.Introduction, answer.Kind, "what is sealed goes to the peer, which sees that it is no outbox")
	require.Equal(t, a.Self(), &bus.Peer{ID: answer.ID, PID: answer.PID, UID: answer.UID, GID: answer.GID, Groups: answer.Groups, Label: answer.Label})
	require.EqualValues(t, 11, answer.Value)
	require.Eventually(t, func() bool {
		ma.mu.Lock()
		defer ma.mu.Unlock()
		return ma.failed == 1
	}, patience, tick)
}

// closed is a policy that forbids what it names.
type closed struct {
	broker.AllowAll
	connect, talk, manage error
}

func (p closed) Connect(*broker.Process) error              { return p.connect }
func (p closed) Talk(_, _ *broker.Process) error            { return p.talk }
func (p closed) BecomeContextManager(*broker.Process) error { return p.manage }

func TestPolicySaysWhyNot(t *testing.T) {
	path := busPath(t)
	serve(t, broker.Config{Path: path, Policy: closed{talk: errors.New("not on Sundays"), manage: errors.New("not you")}})
	a, _ := join(t, path)
	b, _ := join(t, path)
	err := a.Introduce(t.Context(), b.Self().ID)
	require.ErrorIs(t, err, status.Denied)
	require.ErrorContains(t, err, "not on Sundays")
	err = a.BecomeContextManager(t.Context(), 1)
	require.ErrorIs(t, err, status.Denied)
	require.ErrorContains(t, err, "not you")
}

func TestPolicyMayRefuseAProcess(t *testing.T) {
	path := busPath(t)
	serve(t, broker.Config{Path: path, Policy: closed{connect: errors.New("full house")}})
	_, err := dial(t, path)
	require.ErrorIs(t, err, status.Denied)
	require.ErrorContains(t, err, "full house")
}

func TestTheContextManager(t *testing.T) {
	path := busPath(t)
	serve(t, broker.Config{Path: path})
	a, _ := join(t, path)
	b, _ := join(t, path)
	_, _, err := a.ContextManager(t.Context())
	require.ErrorIs(t, err, status.UnknownTarget)
	require.NoError(t, a.BecomeContextManager(t.Context(), 11))
	require.ErrorIs(t, b.BecomeContextManager(t.Context(), 12), status.Denied)
	process, node, err := b.ContextManager(t.Context())
	require.NoError(t, err)
	require.Equal(t, [2]uint64{a.Self().ID, 11}, [2]uint64{process, node})
	a.Close()
	require.Eventually(t, func() bool { return b.BecomeContextManager(background(), 12) == nil }, patience, tick)
}

// TestWhoAsksForTheContextManagerIsIntroducedToIt, once, unless policy forbids it.
func TestWhoAsksForTheContextManagerIsIntroducedToIt(t *testing.T) {
	path := busPath(t)
	serve(t, broker.Config{Path: path})
	a, ma := join(t, path)
	b, mb := join(t, path)
	require.NoError(t, a.BecomeContextManager(t.Context(), 11))
	for range 2 {
		_, _, err := b.ContextManager(t.Context())
		require.NoError(t, err)
		mb.echo(t, mb.link(t, a.Self().ID))
	}
	_, _, err := a.ContextManager(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, ma.lanes)
	require.Equal(t, 1, mb.lanes)
}

func TestWhoMayNotTalkToTheContextManagerIsToldOfIt(t *testing.T) {
	path := busPath(t)
	serve(t, broker.Config{Path: path, Policy: closed{talk: errors.New("not on Sundays")}})
	a, _ := join(t, path)
	b, mb := join(t, path)
	require.NoError(t, a.BecomeContextManager(t.Context(), 11))
	_, _, err := b.ContextManager(t.Context())
	require.NoError(t, err)
	require.Zero(t, mb.lanes)
	require.ErrorContains(t, b.Introduce(t.Context(), a.Self().ID), "not on Sundays")
}

// TestAProcessThatDoesNotReadIsCutOff: it asks and asks and reads no answer.
func TestAProcessThatDoesNotReadIsCutOff(t *testing.T) {
	path := busPath(t)
	serve(t, broker.Config{Path: path})
	leaktest.Check(t)
	a, ma := join(t, path)
	b, _ := join(t, path)
	deaf := dialRaw(t, path)
	deaf.send(hello())
	ask := (&brokerwire.Packet{Kind: brokerwire.Find}).Append(nil)
	for deaf.conn.SendWait(ask) == nil {
	}
	require.NoError(t, a.Introduce(t.Context(), b.Self().ID))
	ma.echo(t, ma.link(t, b.Self().ID))
	for {
		if _, err := deaf.receive(); err != nil {
			require.ErrorIs(t, err, io.EOF)
			break
		}
	}
}

// slow is a policy that takes its time for the first who comes.
type slow struct {
	broker.AllowAll
	later   atomic.Bool
	asked   chan struct{} // closed when it is asked
	decided chan struct{} // ends that
}

func (s *slow) Connect(*broker.Process) error {
	if !s.later.Swap(true) {
		close(s.asked)
		<-s.decided
	}
	return nil
}

func TestASlowPolicyHoldsUpNobodyElse(t *testing.T) {
	path, s := busPath(t), &slow{asked: make(chan struct{}), decided: make(chan struct{})}
	serve(t, broker.Config{Path: path, Policy: s})
	first := dialRaw(t, path)
	first.send(hello())
	<-s.asked
	join(t, path)
	close(s.decided)
	welcome, err := first.receive()
	require.NoError(t, err)
	require.Equal(t, brokerwire.Welcome, welcome.Kind)
}
