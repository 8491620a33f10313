// Package object carries objects over the bus: it is the binder.Transport on lanes. The reference
// protocol itself is internal/reftab's; here are calls, replies, loopers and waiting.
//
// One lock, Transport.mu, guards the state of a process. It is never held across a system call, a
// payload copy but that of a small reply, a decode or a handler: what has to happen outside is noted and done by
// unlock.
package object

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/reftab"
	"ubinder/runtime/internal/wait"
	"ubinder/runtime/status"
)

// Transport is a process on a bus. It implements binder.Transport.
type Transport struct {
	bus     bus.Membership
	self    *binder.Identity
	process *binder.Process
	parker  wait.Parker
	done    chan struct{} // closed by Close

	mu       sync.Mutex
	table    *reftab.Table
	lanes    map[uint64]*lane
	recent   *lane // of lanes, the one that was looked for last
	chains   chains
	lines    lines
	queue    queue
	serving  int // sync calls that were taken and not finished, but for requests to the process itself: it could never be frozen
	pool     looperPool
	progress chan struct{} // closed when a verdict, credit or a death has come; nil: nobody waits
	drainer  *pending      // whose goroutine is draining
	closed   bool
	after    afterwards
	freezing freezing
	idle     []*incoming // to be used again
	sleeps   atomic.Uint64
	spinning spinning
	calling  atomic.Int64  // calls under way
	nesting  atomic.Int64  // of those, whose waiter handles a nested one
	telling  sync.Mutex    // held while the broker is told of freezing
	memory   *warmMemory   // apart: a message that outlives the connection may keep it
	nice     atomic.Uint32 // of this process, as calls carry it
	noSpam   atomic.Bool   // senders of oneway calls are not told of spam
	woken    atomic.Bool   // callers were woken on channels since a looper last slept
	hurry    atomic.Bool   // loopers are to look whether to go on before they begin another oneway call

	// Under testing/synctest a goroutine from outside, as the garbage collector's, must not wake one
	// inside: what it releases waits here for the next unlock.
	collectLater bool
	garbage      struct {
		sync.Mutex
		refs []*reftab.Ref
	}
	routines sync.WaitGroup // goroutines that ask the broker
}

// afterwards is what unlock does.
type afterwards struct {
	due   bool // there is something; or may be, as long as that would show nowhere else
	rings []*lane
	wakes []*pending
	calls []func()
}

func (a *afterwards) ring(l *lane) {
	a.rings = append(a.rings, l)
	a.due = true
}

func (a *afterwards) wake(p *pending) {
	a.wakes = append(a.wakes, p)
	a.due = true
}

func (a *afterwards) call(fn func()) {
	a.calls = append(a.calls, fn)
	a.due = true
}

// New makes a transport; join connects it to its bus and returns the membership.
func New(join func(bus.ConnHandler) (bus.Membership, error)) (*Transport, error) {
	t := &Transport{
		done: make(chan struct{}), lanes: make(map[uint64]*lane),
		lines: lines{byNode: make(map[*binder.Node]*onewayLine)}, memory: new(warmMemory),
	}
	t.pool.max = binder.DefaultLoopers
	t.pool.doubt = time.AfterFunc(rungPatience, t.doubtRings)
	t.pool.doubt.Stop()
	t.SetNice(ownNice())
	t.mu.Lock() // lanes may be introduced before the table is there
	defer t.mu.Unlock()
	m, err := join((*connHandler)(t))
	if err != nil {
		return nil, err
	}
	t.bus, t.parker = m, m.Parker()
	t.spinning.begin(t.parker)
	_, t.collectLater = t.parker.(*wait.Channels)
	t.after.due, t.pool.here = t.collectLater, !t.collectLater
	t.pool.resting.Store(t.pool.here && t.spinning.naps.spare.Load() > 0)
	t.self = identityOf(m.Self())
	t.table = reftab.New(m.Self().ID, (*env)(t))
	return t, nil
}

func identityOf(p *bus.Peer) *binder.Identity {
	return &binder.Identity{Process: binder.ProcessID(p.ID), PID: p.PID, UID: p.UID, GID: p.GID, Groups: p.Groups, Label: p.Label}
}

// Start implements binder.Transport.
func (t *Transport) Start(p *binder.Process) {
	t.mu.Lock()
	t.process = p
	if w := p.HandleWatermarks(); w != nil {
		t.table.SetWatermarks(&reftab.Watermarks{Low: w.Low, Warning: w.Warning, High: w.High, Reached: t.handlesReached})
	}
	t.mu.Unlock()
}

// handlesReached tells the program of a watermark. The caller has the lock.
func (t *Transport) handlesReached(owner uint64, held int, high bool) {
	if l := t.lane(owner); l != nil {
		t.after.call(func() { go t.process.HandleWatermarks().Reached(l.peer, held, high) })
	}
}

// Self implements binder.Transport.
func (t *Transport) Self() *binder.Identity { return t.self }

// SetOnewaySpamDetection implements binder.Transport.
func (t *Transport) SetOnewaySpamDetection(on bool) { t.noSpam.Store(!on) }

// Wakeups implements binder.Transport.
func (t *Transport) Wakeups() binder.Wakeups {
	c := t.parker.Counters()
	return binder.Wakeups{Sleeps: c.Sleeps.Load(), Wakes: c.Wakes.Load(), PollSleeps: c.PollSleeps.Load(), PollRings: c.PollRings.Load()}
}

// Lost implements binder.Transport.
func (t *Transport) Lost() <-chan struct{} { return t.bus.Done() }

// Done implements binder.Transport.
func (t *Transport) Done() <-chan struct{} { return t.done }

// unlock lets go of the lock, then does what was put off: failing links, ringing peers, waking
// callers and starting loopers.
func (t *Transport) unlock() {
	if t.quiet() {
		t.mu.Unlock()
		return
	}
	if t.collectLater {
		t.releaseGarbage()
	}
	if t.closed {
		t.discardQueue()
		t.forgetIdle()
	}
	if t.freezing.waiting > 0 {
		t.noteProgress()
	}
	a := t.after
	t.after = afterwards{due: t.collectLater || t.closed || t.freezing.waiting > 0}
	wake, start := t.pool.wanted(&t.queue)
	if !t.pool.starved.IsZero() && !t.hurry.Load() {
		t.noteHurry()
	}
	t.mu.Unlock()
	for _, l := range a.rings {
		l.ringing.Store(false)
		if l.link.Hold() {
			l.link.RingLooper()
			l.link.Drop()
		}
	}
	if len(a.wakes) > 0 {
		t.woken.Store(true)
	}
	for _, p := range a.wakes {
		p.wake()
	}
	for _, lp := range wake {
		lp.wake(t.parker)
	}
	if start != nil {
		go t.routineLoop(start)
	}
	for _, f := range a.calls { // last: a file may take long to close
		f()
	}
}

// quiet reports that there is nothing for unlock to do.
func (t *Transport) quiet() bool { return !t.after.due && t.pool.quiet(&t.queue) }

// noteRing has l's peer rung by unlock.
func (t *Transport) noteRing(l *lane) {
	if !l.ringing.Swap(true) {
		t.after.ring(l)
	}
}

// noteProgress wakes who waits for a verdict, for credit or for a death.
func (t *Transport) noteProgress() {
	if t.progress != nil {
		close(t.progress)
		t.progress = nil
	}
}

func (t *Transport) progressChannel() <-chan struct{} {
	if t.progress == nil {
		t.progress = make(chan struct{})
	}
	return t.progress
}

// drain takes all that a lane has published. The caller has the lock.
func (t *Transport) drain(l *lane) {
	if l.link == nil || l.draining || l.cut || l.dead || !l.link.HasNext() {
		return
	}
	l.draining = true // R4: env.Next leaves it alone meanwhile
	for t.takeNext(l) {
	}
	l.draining = false
}

// takeNext takes the next message of a lane. It returns false when there is no more.
func (t *Transport) takeNext(l *lane) bool {
	ok, err := l.link.Next(&l.taken)
	return t.takeFetched(l, ok, err)
}

// takeFetched takes what the link has put into taken. It returns false when there is no more.
func (t *Transport) takeFetched(l *lane, ok bool, err error) bool {
	if err == nil && ok {
		err = t.take(l, &l.taken, l.link.Position()-1)
	}
	if err != nil {
		t.cutOff(l, err)
		return false
	}
	return !t.noteTaken(l) && ok
}

// noteTaken tells the peer that all was taken that it has published, if so.
func (t *Transport) noteTaken(l *lane) (all bool) {
	at := l.link.Position()
	if at != l.link.Published() {
		return false
	}
	l.link.Drained()
	l.drained.Store(at)
	return true
}

// ContextManager implements binder.Transport.
func (t *Transport) ContextManager(ctx context.Context) (binder.Remote, error) {
	owner, node, err := t.bus.ContextManager(ctx)
	if err != nil {
		return nil, err
	}
	if owner == uint64(t.self.Process) {
		return nil, status.Errorf(status.BadValue, "this process is the context manager itself")
	}
	if _, err := t.laneTo(ctx, owner); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.unlock()
	return &remote{t: t, ref: t.table.Root(owner, node)}, nil
}

// Close implements binder.Transport. Handlers that run are not waited for.
func (t *Transport) Close() error {
	t.mu.Lock()
	if t.closed {
		t.unlock()
		<-t.done
		return nil
	}
	t.closed, t.pool.closed, t.after.due = true, true, true
	t.noteHurry()
	var lanes []*lane
	for _, l := range t.lanes {
		l.writable = false // nothing is said of peers that this process only leaves
		lanes = append(lanes, l)
	}
	loopers := append([]*looper(nil), t.pool.idle...)
	t.pool.idle = nil
	t.pool.doubt.Stop()
	t.noteProgress()
	t.unlock()
	killpoint.At("close")
	t.bus.Close()
	killpoint.At("close: bus left")
	for _, l := range lanes {
		l.close()
		killpoint.At("close: lane closed")
	}
	for _, l := range lanes {
		<-l.gone
	}
	for _, lp := range loopers {
		lp.wake(t.parker)
		<-lp.ended
	}
	t.routines.Wait()
	t.memory.close()
	close(t.done)
	return nil
}

// askBroker runs fn, which may block on the broker, on a goroutine that ends with the transport.
func (t *Transport) askBroker(fn func(ctx context.Context)) {
	if t.closed {
		return
	}
	t.routines.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), brokerTimeout)
		defer cancel()
		fn(ctx)
	})
}

// brokerTimeout bounds questions to the broker that no caller waits for.
const brokerTimeout = 30 * time.Second
