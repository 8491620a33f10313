package binder_test

import (
	"net"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/internal/brokerwire"
	"ubinder/runtime/status"
)

const (
	noIoctl = "a bad pointer to an ioctl; here arguments are Go values"
	noRead  = "an ioctl with nothing to write or to read; here nobody reads by himself, loopers do"
	noTimer = "an ioctl that the driver knows by name and does not have"
)

var driver = []conformance{
	{name: "Version", checks: "both ends agree on the version; the broker refuses another, and says which it speaks", run: func(s *stage) {
		hello := brokerwire.Packet{Kind: brokerwire.Hello, Value: brokerwire.Magic, Code: brokerwire.Version + 1}
		answer := sayToBroker(s, hello.Append(nil))
		assert.Equal(s, brokerwire.Error, answer.Kind)
		assert.Equal(s, status.Protocol, status.Code(answer.Code))
		assert.Contains(s, answer.Text, "version")
	}},
	{name: "OpenNoMmap", checks: "a connection that is opened and not used is closed", run: func(s *stage) {
		p := s.connect()
		require.NoError(s, p.Close())
		<-p.Done()
	}},
	{name: "WriteReadNull", checks: "a packet that says nothing ends that connection with an error, and no other", run: func(s *stage) {
		assert.Equal(s, brokerwire.Error, sayToBroker(s, []byte{0}).Kind)
		s.do(s.manager(), binder.PingTransaction, "")
	}},
	{name: "SetMaxThreads", checks: "with no loopers, what comes back to a waiting call is served all the same", run: func(s *stage) {
		server := s.server()
		s.SetLoopers(0)
		assert.Equal(s, server.name+"(me)", s.ask(server, opTell, string(telling(opID, nil)), object(s.named("me"))))
	}},
	{name: "SetContextMgrBusy", checks: "there is one object behind handle 0; while its process lives no other takes its place", run: func(s *stage) {
		require.ErrorIs(s, s.BecomeContextManager(s.ctx, s.named("usurper")), status.Denied)
		s.do(s.manager(), binder.PingTransaction, "")
	}},
	{name: "ThreadExit", checks: "loopers end and come back with their number", run: func(s *stage) {
		server := s.server()
		for _, n := range []string{"\x01", "\x05", "\x01", "\x0f"} {
			s.do(server, opLoopers, n)
			assert.Equal(s, "x", s.ask(server, opEcho, "x"))
		}
	}},
	{name: "IncRefsAcquireReleaseDecRefs", checks: "references to handle 0 are taken and given back in any order", run: func(s *stage) {
		a := s.manager()
		b := a.Dup()
		a.Release()
		s.do(b, binder.PingTransaction, "")
		b.Release()
		s.do(s.manager(), binder.PingTransaction, "")
	}},
	{name: "Transaction", checks: "handle 0 answers a ping, with an empty reply", run: func(s *stage) {
		r := s.do(s.manager(), binder.PingTransaction, "")
		assert.Empty(s, r.Payload)
		assert.Empty(s, r.Attachments)
	}},
	{name: "RequestDeathNotification", checks: "a link to the death of handle 0 is made and taken back, once", run: func(s *stage) {
		link, err := s.manager().LinkToDeath(s.ctx, func() { s.Error("the service manager has not died") })
		require.NoError(s, err)
		assert.True(s, link.Unlink())
		assert.False(s, link.Unlink())
	}},
	{name: "RequestFrozenNotification", checks: "who listens to the process behind handle 0 is told at once that it is not frozen, and leaves", run: func(s *stage) {
		told := s.listenFrozen(&actor{Handle: s.manager()})
		told.next(s, false)
		told.end(s)
	}},
	{name: "OverwritePendingFrozenNotification", checks: "who leaves before it was told hears of no later state", run: func(s *stage) {
		server := s.server()
		told := s.listenFrozen(server)
		assert.True(s, told.link.Unlink())
		s.flip(server)
		for len(told.states) > 0 {
			assert.False(s, <-told.states, "the state at the beginning, if any")
		}
	}},
	{name: "ResendFrozenNotification", checks: "a listener that takes its time over one state is told the next when it is done, and none after it has left meanwhile", run: slowListener},
	{name: "WriteReadEmpty", left: noRead},
	{name: "Read", left: noRead},
	{name: "SetIdleTimeoutNull", left: noIoctl},
	{name: "SetMaxThreadsNull", left: noIoctl},
	{name: "SetIdlePriorityNull", left: noIoctl},
	{name: "VersionNull", left: noIoctl},
	{name: "SetIdleTimeoutNoTest", left: noTimer},
	{name: "SetIdlePriorityNoTest", left: noTimer},
}

func slowListener(s *stage) {
	server := s.server()
	states, release := make(chan bool, 16), make(chan struct{})
	link, err := server.LinkToFrozen(s.ctx, func(frozen bool) {
		states <- frozen
		<-release
	})
	require.NoError(s, err)
	assert.False(s, await(s, states, "the first state"))
	s.freeze(server)
	assert.Empty(s, states)
	release <- struct{}{}
	assert.True(s, await(s, states, "the second state"))
	s.unfreeze(server)
	assert.True(s, link.Unlink())
	release <- struct{}{}
	s.flip(server)
	assert.Empty(s, states)
}

// sayToBroker sends a packet on a connection of its own and returns the answer; the connection ends
// with it.
func sayToBroker(s *stage, packet []byte) (answer brokerwire.Packet) {
	c, err := net.DialUnix("unixpacket", nil, &net.UnixAddr{Name: s.bus, Net: "unixpacket"})
	require.NoError(s, err)
	defer c.Close()
	_, err = c.Write(packet)
	require.NoError(s, err)
	b := make([]byte, brokerwire.MaxSize)
	n, err := c.Read(b)
	require.NoError(s, err)
	answer, err = brokerwire.Parse(b[:n])
	require.NoError(s, err)
	n, err = c.Read(b)
	assert.Zero(s, n)
	require.Error(s, err)
	return answer
}
