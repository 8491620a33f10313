package object_test

import (
	"context"
	"runtime"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/binder/transporttest"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/bus"
	"ubinder/runtime/status"
)

// A process that may not go back to a more urgent value serves all the same, and its threads stay as
// they were.
func TestNiceWithoutTheRight(t *testing.T) {
	path := brokertest.Start(t)
	d := transporttest.Domain{Forks: true, Open: forkDomainAt(t, path).Open}
	d.Start = func() (kill func()) {
		started, stay := make(chan func()), make(chan struct{})
		go func() { // what this thread gives up, the process that it starts does not have
			runtime.LockOSThread()
			_, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prCapbsetDrop, capSysNice, 0)
			if errno != 0 {
				close(started)
				return
			}
			started <- transporttest.Fork(t, puppetBus+"="+path)
			<-stay // the process ends with the thread that started it
		}()
		t.Cleanup(func() { close(stay) })
		kill, ok := <-started
		if !ok {
			t.Skip("this process may not give up a right")
		}
		return kill
	}
	s := transporttest.NewStage(t, d)
	require.False(t, transporttest.NiceIsInherited(s), "the test's process has the right all the same")
}

// Nonsense in place of a nice value is none, and what a caller says gets it no more than the node grants.
func TestLiesAboutNice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		var nices []int
		node := s.owner.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error {
			raw, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
			nices = append(nices, 20-raw)
			return err
		}), binder.InheritNice(19, 19))
		require.NoError(t, s.owner.BecomeContextManager(t.Context(), node))
		for b := range 256 {
			s.say(s.link, bus.Descriptor{Kind: bus.KindCall, Code: 1, Node: node.NodeID(), Flags: uint16(b) << 8})
			require.Equal(t, status.OK, s.answer(s.link))
			require.Equal(t, 19, nices[b])
		}
		require.NoError(t, s.link.Err())
		s.honestGoOn()
	})
}

const (
	prCapbsetDrop = 24
	capSysNice    = 23
)
