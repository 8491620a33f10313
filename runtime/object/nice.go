package object

import (
	"runtime"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/sys"
)

// A call carries its caller's nice value in the upper byte of its flags: 1 for -20 to 40 for 19, and 0
// for none. Anything else is read as none.
const (
	niceShift  = 8
	niceOffset = 1 - sys.MinNice
	flagsMask  = 1<<niceShift - 1 - bus.FlagFilled
)

func niceByte(n int) uint8 { return uint8(n + niceOffset) }

func niceFrom(b uint8) (n int, ok bool) {
	n = int(b) - niceOffset
	return n, b != 0 && n <= sys.MaxNice
}

// SetNice implements binder.Transport.
func (t *Transport) SetNice(n int) { t.nice.Store(uint32(niceByte(n))) }

// ownNice is what calls carry at first.
func ownNice() int {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	n, err := sys.ThreadNice()
	if err != nil {
		return 0
	}
	return n
}

// niceFor is the driver's rule: a caller that waits lends its urgency, one that does not gets at least
// what the node has by itself.
func niceFor(c *incoming, r *binder.NiceRange, now int) int {
	if c.call.Oneway() {
		return min(now, r.Least)
	}
	n, ok := niceFrom(uint8(c.desc.Flags >> niceShift))
	if !ok {
		return r.Least
	}
	return min(max(n, r.Most), r.Least)
}

// dispatchNicely runs the handler of a node that wants its caller's nice value. A looper whose thread
// the kernel does not let go back ends, and the thread with it; a caller's own thread, on which a call
// came back, is only made more urgent, from where there is always a way back.
func (t *Transport) dispatchNicely(c *incoming, r *binder.NiceRange) error {
	runtime.LockOSThread()
	in := &c.dispatch
	before, err := sys.ThreadNice()
	want := before
	if err == nil {
		want = niceFor(c, r, before)
	}
	if want == before || want > before && c.looper == nil || sys.SetThreadNice(want) != nil {
		defer runtime.UnlockOSThread()
		return t.process.Dispatch(&c.call, in)
	}
	in.Chain.Nice = niceByte(want)
	err = t.process.Dispatch(&c.call, in)
	if sys.SetThreadNice(before) != nil && c.looper != nil {
		c.looper.spoiled = true
		return err // still locked: the thread is of no use to another goroutine
	}
	runtime.UnlockOSThread()
	return err
}
