package binder_test

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
)

var libLoopers = []conformance{
	{name: "ThreadPoolStarted", checks: "a process that has set up nothing serves calls", run: func(s *stage) {
		info := s.loopersOf(s.server())
		assert.Equal(s, binder.DefaultLoopers, info.Max)
		assert.Positive(s, info.Started)
		assert.Positive(s, info.Busy)
	}},
	{name: "ThreadPoolAvailableThreads", checks: "with 17 loopers, 16 calls hang and the next is served; freed, all end", run: func(s *stage) {
		server := s.server()
		s.do(server, opLoopers, "\x11")
		s.do(server, opLock, "")
		var hanging sync.WaitGroup
		for range 16 {
			hanging.Go(func() { s.do(server, opLockUnlock, "") })
		}
		s.until("16", func() string { return s.ask(server, opLocking, "") })
		info := s.loopersOf(server)
		assert.Equal(s, binder.LooperInfo{Max: 17, Started: 17, Busy: 17}, info)
		s.do(server, opUnlock, "")
		hanging.Wait()
		assert.Equal(s, 17, s.loopersOf(server).Max)
	}},
	{name: "HangingServices", checks: "more calls than loopers hang, and none is lost: all are answered when the service goes on", run: hangingServices},
}

// loopersOf asks a server for what its loopers do.
func (s *stage) loopersOf(server *actor) (info binder.LooperInfo) {
	s.Helper()
	require.NoError(s, json.Unmarshal(s.do(server, opLooperInfo, "").Payload, &info))
	return info
}

func hangingServices(s *stage) {
	server := s.server()
	r, w, err := os.Pipe()
	require.NoError(s, err)
	s.do(server, opLock, "", binder.Attachment{File: r})
	r.Close()
	var answered atomic.Int32
	var hanging sync.WaitGroup
	for range binder.DefaultLoopers + 3 {
		hanging.Go(func() {
			s.do(server, opLockUnlock, "")
			answered.Add(1)
		})
	}
	assert.Zero(s, answered.Load())
	w.Close() // the server unlocks
	hanging.Wait()
	assert.EqualValues(s, binder.DefaultLoopers+3, answered.Load())
}

var libProcess = []conformance{
	{name: "CannotUseBinderAfterFork", checks: "a process that a server starts has nothing of its connection: the server's death is told while its child lives", run: func(s *stage) {
		server := s.server()
		child, err := strconv.Atoi(s.ask(server, opSpawn, ""))
		require.NoError(s, err)
		died := make(chan struct{})
		_, err = server.LinkToDeath(s.ctx, func() { close(died) })
		require.NoError(s, err)
		server.kill()
		await(s, died, "the death")
		require.NoError(s, syscall.Kill(child, syscall.SIGKILL), "the child has lived")
	}},
	{name: "GetCallingUidWithSetuid", checks: "who calls is who connected: a caller that changed its user since is seen as before", root: true, run: func(s *stage) {
		caller, callee := s.server(), s.server()
		s.do(caller, opSetuid, "1000")
		answer := s.ask(caller, opTell, string(telling(opWho, nil)), object(callee))
		var id binder.Identity
		text := strings.TrimSuffix(strings.TrimPrefix(answer, caller.name+"("), ")")
		require.NoError(s, json.Unmarshal([]byte(text), &id))
		assert.EqualValues(s, os.Geteuid(), id.UID)
	}},
	{name: "GotSid", checks: "a server knows its caller's pid, uid, gid, groups and security label, as the kernel told the broker", run: func(s *stage) {
		id := s.sawAs(s.server())
		assert.Equal(s, *s.Identity(), id)
		assert.EqualValues(s, os.Getpid(), id.PID)
		assert.EqualValues(s, os.Geteuid(), id.UID)
		assert.EqualValues(s, os.Getegid(), id.GID)
	}},
	{name: "PtrSize", left: "notes the size of pointers at both ends; nothing on the wire depends on it"},
}

// libElsewhere is what a bus in user space has no counterpart of, and what another package shows.
var libElsewhere = []conformance{
	{name: "Parcel.ValidateReadFds", left: parcels},
	{name: "Parcel.ValidateReadOverFds", left: parcels},
	{name: "Parcel.ValidateReadBinders", left: parcels},
	{name: "Parcel.ValidateReadOverBinders", left: parcels},
	{name: "TestIsOutgoingTransactionsAuditable", left: pcc},
	{name: "PccAuditTestLogPccTransaction", left: pcc},
	{name: "BinderNetlinkOpen", left: netlink},
	{name: "BinderNetlinkMonitor", left: netlink},
	{name: "BinderLibRpcTest.SetRpcClientDebug", left: rpcDebug},
	{name: "BinderLibRpcTest.SetRpcClientDebugTwice", left: rpcDebug},
	{name: "BinderLibRpcTest.BinderObserverIntegrationTest", left: "asks Android's statsd for what libbinder counted"},
	{name: "BinderLibRpcTestP.SetRpcClientDebugNoFd", left: rpcDebug},
	{name: "BinderLibRpcTestP.SetRpcClientDebugNoKeepAliveBinder", left: rpcDebug},
}

const (
	parcels  = "how a parcel is read: for the tests of runtime/parcel"
	pcc      = "Android's audit log of its private compute processes"
	netlink  = "the driver's reports over generic netlink; here who called is told, and nobody else (see BinderNetlinkFailedReply)"
	rpcDebug = "attaches a socket of RPC binder to an object of the driver's; here there is one kind of object, which every process of the bus reaches"
)
