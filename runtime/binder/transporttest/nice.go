package transporttest

import (
	"context"
	"fmt"
	"runtime"
	"syscall"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
)

// threadNice is the nice value of a handler's thread.
func threadNice() int {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	raw, _ := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	return 20 - raw
}

// niceHandler answers with its thread's nice value; with an object attached, with that one's answer; to
// code 2, whether it may be more urgent.
func niceHandler(ctx context.Context, c *binder.IncomingCall) error {
	if c.Code == 2 {
		c.Reply.Payload = fmt.Append(nil, mayBeUrgent())
		return nil
	}
	if o := c.TakeObject(0); o != nil {
		defer binder.Release(o)
		return answerOf(ctx, c, o, 1)
	}
	c.Reply.Payload = fmt.Append(nil, threadNice())
	return nil
}

// mayBeUrgent reports whether this process may have threads with nice values below 0. The thread that
// tries is not used again.
func mayBeUrgent() bool {
	may := make(chan bool)
	go func() {
		runtime.LockOSThread()
		may <- syscall.Setpriority(syscall.PRIO_PROCESS, 0, -20) == nil
	}()
	return <-may
}

var nice = []Case{
	{"NiceIsInherited", func(s *Stage) { NiceIsInherited(s) }},
}

// NiceIsInherited is the case of that name; it holds with and without the right to be more urgent, which
// it tells.
func NiceIsInherited(s *Stage) (urgent bool) {
	const most, least = -10, 15
	p := s.Puppet()
	own := threadNice()
	inherits := s.Do(p, doNewNice, []byte{most & 0xff, least}).TakeObject(0)
	plain := s.Do(p, doNewNice, nil).TakeObject(0)
	ask := func(o binder.Object, list ...binder.Attachment) string {
		return string(s.Do(o, 1, nil, list...).Payload)
	}
	urgent = string(s.Do(plain, 2, nil).Payload) == "true"
	for _, n := range []int{own, 5, 19, -3, -20, 100, 3} {
		s.SetNice(n)
		want := min(max(n, most), least)
		if want < own && !urgent {
			want = own
		}
		for range 3 {
			require.Equal(s, fmt.Sprint(want), ask(inherits), "caller's nice value %d", n)
			require.Equal(s, fmt.Sprint(own), ask(plain), "it goes back")
		}
	}

	// A handler's calls carry it on; its process's own value does not matter.
	s.SetNice(max(own, 14))
	next := s.Do(s.Puppet(), doNewNice, []byte{0, least}).TakeObject(0)
	assert.Equal(s, fmt.Sprint(min(max(own, 14), least)), ask(inherits, object(next)))
	if urgent || own < least {
		assert.Equal(s, fmt.Sprint(own), ask(plain, object(next)))
	}
	return urgent
}
