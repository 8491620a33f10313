package binder_test

import (
	"context"
	"fmt"
	"runtime"
	"syscall"

	"github.com/stretchr/testify/assert"

	"ubinder/runtime/binder"
)

// Nice values stand where Android has real-time priorities: they take no privileges, as long as they
// rise.
var libNice = []conformance{
	{name: "SchedPolicySet", checks: "handlers of a node run within the range of nice values that it grants, whatever their caller has; those of others as ever", run: func(s *stage) {
		own, server := threadNice(), s.server()
		most, least := min(own+3, 19), min(own+6, 19)
		node := s.take(server, opNewNice, string([]byte{byte(most), byte(least)}))
		for _, callers := range []int{own, 19, -20} {
			s.SetNice(callers)
			assert.Equal(s, fmt.Sprint(min(max(callers, most), least)), s.ask(node, opNice, ""))
			assert.Equal(s, fmt.Sprint(own), s.ask(server, opNice, ""))
		}
	}},
	{name: "InheritRt", checks: "within that range a handler runs as its caller, and so do the handlers that it calls", run: func(s *stage) {
		own, server, next := threadNice(), s.server(), s.server()
		all := string([]byte{byte(own), 19})
		first, second := s.take(server, opNewNice, all), s.take(next, opNewNice, all)
		for _, callers := range []int{min(own+5, 19), own, min(own+2, 19)} {
			s.SetNice(callers)
			assert.Equal(s, fmt.Sprint(callers), s.ask(first, opNice, ""))
			assert.Equal(s, fmt.Sprint(callers), s.ask(first, opNice, "", object(second)))
		}
	}},
}

// threadNice is the nice value of the thread that runs this.
func threadNice() int {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	raw, _ := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	return 20 - raw
}

// nice answers with the nice value of its thread, or the attached object's answer to the same.
func (s *server) nice(ctx context.Context, c *binder.IncomingCall) (err error) {
	if o := c.TakeObject(0); o != nil {
		defer binder.Release(o)
		c.Reply.Payload, err = binder.Call(ctx, o, opNice, nil)
		return err
	}
	c.Reply.Payload = fmt.Append(nil, threadNice())
	return nil
}

// newNice makes a node whose handlers run within a range of nice values.
func (s *server) newNice(_ context.Context, c *binder.IncomingCall) error {
	n := s.process.NewNode(binder.HandlerFunc(s.nice), binder.InheritNice(int(int8(c.Payload[0])), int(int8(c.Payload[1]))))
	c.Reply.Attachments = []binder.Attachment{{Object: n}}
	return nil
}
