package stacks

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"ubinder/bench/stack"
)

// futex is the limit: messages through shared memory, sleep and wake by futex, nothing else.
type futex struct{}

func (futex) Name() string { return "futex" }

func (futex) Serve(env stack.Env, h *stack.Handler, ready func()) error {
	return serveLanes(env, h, ready, waiting{})
}

func (futex) Dial(env stack.Env) ([]stack.Caller, error) { return dialLanes(env, waiting{}) }

// serveLanes serves lanes whose threads wait as w says.
func serveLanes(env stack.Env, h *stack.Handler, ready func(), w waiting) error {
	return serveEachLane(env, ready, func(l *lane) {
		l.waiting = w
		l.serve(h)
	})
}

// serveEachLane offers a lane to each who connects, and has it served.
func serveEachLane(env stack.Env, ready func(), serve func(*lane)) error {
	keepProcs(env)
	l, err := net.ListenUnix("unix", env.Addr())
	if err != nil {
		return err
	}
	ready()
	for {
		conn, err := l.AcceptUnix()
		if err != nil {
			return err
		}
		ln, err := offerLane(conn, env)
		if err != nil {
			return err
		}
		go serve(ln)
	}
}

func dialLanes(env stack.Env, w waiting) ([]stack.Caller, error) {
	if env.Server == 0 { // the goroutines that call others are the same
		keepProcs(env)
	}
	return dialEach(env, func() (stack.Caller, error) {
		ln, err := dialLane(env)
		if err != nil {
			return nil, err
		}
		ln.waiting = w
		return &futexCaller{lane: ln, answer: make([]byte, ln.slotSize)}, nil
	})
}

func dialLane(env stack.Env) (*lane, error) {
	conn, err := net.DialUnix("unix", nil, env.Addr())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return acceptLane(conn, env)
}

// keepProcs lets each sleeper keep its P, so that a wake-up does not wait for the Go scheduler.
func keepProcs(env stack.Env) { runtime.GOMAXPROCS(int(procs.Add(int32(env.Conc))) + 1) }

// procs counts sleepers: a process of a ring has some that call and some that serve.
var procs atomic.Int32

// offerLane makes the memory of a lane and sends it to the client.
func offerLane(conn *net.UnixConn, env stack.Env) (*lane, error) {
	defer conn.Close()
	fd, err := unix.MemfdCreate("lane", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	if err := unix.Ftruncate(fd, int64(laneSize(env.Size))); err != nil {
		return nil, err
	}
	if _, _, err := conn.WriteMsgUnix([]byte{0}, unix.UnixRights(fd), nil); err != nil {
		return nil, err
	}
	return mapLane(fd, env.Size)
}

func acceptLane(conn *net.UnixConn, env stack.Env) (*lane, error) {
	oob := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := conn.ReadMsgUnix(make([]byte, 1), oob)
	if err != nil {
		return nil, err
	}
	messages, err := unix.ParseSocketControlMessage(oob[:n])
	if err != nil || len(messages) != 1 {
		return nil, fmt.Errorf("no lane received: %v", err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fds[0]), "lane")
	defer f.Close()
	return mapLane(int(f.Fd()), env.Size)
}

// serve takes requests in order, for ever.
func (l *lane) serve(h *stack.Handler) {
	for next := uint32(0); ; next++ {
		for l.requests.load() == next {
			l.wait(&l.requests, next)
		}
		req, oneway := l.request(next)
		if oneway {
			h.Count(req)
			l.taken.set(next + 1)
			continue
		}
		l.setAnswer(h.Echo(req))
		l.taken.set(next + 1)
		l.answers.set(l.answers.load() + 1)
	}
}

type futexCaller struct {
	*lane
	answer []byte
	next   uint32 // position of the next request
	calls  uint32
}

func (c *futexCaller) Call(req []byte) ([]byte, error) {
	c.publish(req, false)
	c.calls++
	for c.answers.load() != c.calls {
		c.wait(&c.answers, c.calls-1)
	}
	return c.answer[:copyPayload(c.answer, c.answerBytes())], nil
}

func (c *futexCaller) Send(req []byte) error {
	c.publish(req, true)
	return nil
}

func (c *futexCaller) publish(req []byte, oneway bool) {
	for taken := c.taken.load(); c.next-taken == c.slots; taken = c.taken.load() {
		c.wait(&c.taken, taken)
	}
	c.setRequest(c.next, req, oneway)
	c.next++
	c.requests.set(c.next)
}

// bell is a counter that the other side can sleep on.
type bell struct {
	value  uint32
	_      [60]byte
	asleep uint32 // written by the sleeper, so it has a cache line of its own
	_      [60]byte
}

func (b *bell) load() uint32 { return atomic.LoadUint32(&b.value) }

// set changes the value and wakes the sleeper if there is one.
func (b *bell) set(v uint32) {
	atomic.StoreUint32(&b.value, v)
	if atomic.LoadUint32(&b.asleep) == 1 {
		futexWake(&b.value)
	}
}

// waiting is how a thread waits: it looks, naps, and then sleeps.
type waiting struct {
	looks int // at a bell
	naps  int // of at most napLimit
}

// wait returns when b may have left old.
func (w waiting) wait(b *bell, old uint32) {
	for range w.looks {
		if b.load() != old {
			return
		}
	}
	b.sleep(old, w.naps)
}

// sleep returns when the value may have left old.
func (b *bell) sleep(old uint32, naps int) {
	atomic.StoreUint32(&b.asleep, 1)
	for range naps {
		if b.load() != old {
			break
		}
		futexNap(&b.value, old)
	}
	if b.load() == old {
		futexWait(&b.value, old)
	}
	atomic.StoreUint32(&b.asleep, 0)
}
