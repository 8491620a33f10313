package stacks

import (
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"ubinder/bench/stack"
)

// memory is what memory allows: the four copies of an echo between two processes that do not trust each
// other, in which each checks bytes of its own. It hands over as futex does, and its times are those of the
// copies alone, at both ends, without what lies between.
type memory struct{}

func (memory) Name() string { return "memory" }

// Refuse implements stack.Refuser.
func (memory) Refuse(env stack.Env) error {
	if env.Case != "sync" || env.Size < 4096 || env.Conc > 1 {
		return errors.New("it is a limit of echoes alone, of one at a time, and of such as take some time to copy")
	}
	return nil
}

func (memory) Serve(env stack.Env, h *stack.Handler, ready func()) error {
	env.Size += alignedHead
	return serveEachLane(env, ready, func(l *lane) {
		l.head = alignedHead
		l.serveCopies(h)
	})
}

// alignedHead puts payloads at the beginning of a cache line: what is not is copied more slowly.
const alignedHead = 64

// serveCopies answers requests, for ever, and says with each answer how long it had the CPU for it.
func (l *lane) serveCopies(h *stack.Handler) {
	own := ownMemory(l.slotSize)
	for next := uint32(0); ; next++ {
		for l.requests.load() == next {
			l.wait(&l.requests, next)
		}
		start := time.Now()
		req, _ := l.request(warmSlot)
		own = own[:copyPayload(own[:cap(own)], req)]
		l.setAnswer(h.Echo(own))
		l.taken.set(next + 1)
		atomic.StoreInt64(&l.served, int64(time.Since(start)))
		l.answers.set(next + 1)
	}
}

func (memory) Dial(env stack.Env) ([]stack.Caller, error) {
	keepProcs(env)
	env.Size += alignedHead
	return dialEach(env, func() (stack.Caller, error) {
		l, err := dialLane(env)
		if err != nil {
			return nil, err
		}
		l.head = alignedHead
		return &memoryCaller{lane: l, own: ownMemory(l.slotSize)}, nil
	})
}

// ownMemory is memory of this process alone, in huge pages where the kernel has them: beyond the caches that is faster.
func ownMemory(n int) []byte {
	const page = 2 << 20
	m, err := unix.Mmap(-1, 0, (n+page-1)/page*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return make([]byte, n)
	}
	unix.Madvise(m, unix.MADV_HUGEPAGE) // a wish
	return m[:n]
}

// warmSlot has every request: what was written last is still in a cache.
const warmSlot = 0

// memoryCaller is a stack.Timed.
type memoryCaller struct {
	lane *lane
	own  []byte
	next uint32 // position of the next request
	took time.Duration
}

func (c *memoryCaller) Call(req []byte) ([]byte, error) {
	l, start := c.lane, time.Now()
	l.setRequest(warmSlot, req, false)
	c.took = time.Since(start)
	l.requests.set(c.next + 1)
	for l.answers.load() == c.next {
		l.wait(&l.answers, c.next)
	}
	c.next++
	start = time.Now()
	answer := c.own[:copyPayload(c.own, l.answerBytes())]
	c.took += time.Since(start) + time.Duration(atomic.LoadInt64(&l.served))
	return answer, nil
}

// Took implements stack.Timed.
func (c *memoryCaller) Took() time.Duration { return c.took }
