package object_test

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"runtime/pprof"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/broker"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/object"
	"ubinder/runtime/status"
)

// arena is where a hostile peer meets honest processes: the victim, which is the context manager, and
// a client of it, which the peer may attack as well. They stay from one peer to the next.
type arena struct {
	broker         *broker.Broker
	path           string
	victim, client *binder.Process
	transports     [2]*object.Transport
	root, handle   binder.Object // the victim's node behind handle 0, and the client's handle of it
	callbacks      chan struct{} // one for each call back to the peer that may be under way
	before         broker.Usage
	fds, maps      int64
	nodes          [2]int
}

// What the node behind handle 0 does.
const (
	arenaEcho     = iota // answers with everything that came
	arenaCallBack        // calls the objects that came, after it has answered
	arenaGive            // answers with an object of the victim's, and one of the client's
	arenaKeep            // keeps objects until the next call
	arenaBig             // answers with as much as fits
	arenaNothing
)

func newArena(t testing.TB) *arena {
	a := &arena{callbacks: make(chan struct{}, 8)}
	a.broker, a.path = brokertest.Run(t)
	for i, p := range []**binder.Process{&a.victim, &a.client} {
		tr, err := object.Dial(context.Background(), a.path, "honest")
		require.NoError(t, err)
		*p, a.transports[i] = binder.NewProcess(tr), tr
		t.Cleanup(func() { (*p).Close() })
	}
	lent := a.client.NewNode(binder.HandlerFunc(a.echo))
	var held binder.Object
	root := a.victim.NewNode(binder.HandlerFunc(func(ctx context.Context, c *binder.IncomingCall) error {
		if held == nil && uint64(c.Caller.Process) == uint64(a.client.ID()) {
			held = c.TakeObject(0)
			return nil
		}
		return a.serve(ctx, c, held)
	}))
	ctx := context.Background()
	require.NoError(t, a.victim.BecomeContextManager(ctx, root))
	h, err := a.client.ContextManager(ctx)
	require.NoError(t, err)
	t.Cleanup(h.Release)
	a.root, a.handle = root, h
	var r binder.Reply
	require.NoError(t, h.Transact(ctx, &binder.Transaction{Data: binder.Data{Attachments: []binder.Attachment{object0(lent)}}}, &r))
	a.settled(t)
	a.before = a.broker.Usage()
	a.fds, a.maps = sys.Open()
	a.fds -= sys.Watchers() // which begin when they are needed
	for i, tr := range a.transports {
		a.nodes[i] = tr.Usage().Nodes
	}
	return a
}

func (a *arena) echo(_ context.Context, c *binder.IncomingCall) error {
	c.Reply.Payload, c.Reply.Encoding = c.Payload, c.Encoding
	c.Reply.Attachments = append([]binder.Attachment(nil), c.Attachments...)
	return nil
}

func (a *arena) serve(ctx context.Context, c *binder.IncomingCall, lent binder.Object) error {
	switch c.Code {
	case arenaEcho:
		return a.echo(ctx, c)
	case arenaCallBack:
		for _, o := range c.TakeObjects(0) {
			a.callBack(o)
		}
	case arenaGive:
		c.Reply.Attachments = []binder.Attachment{object0(a.victim.NewNode(binder.HandlerFunc(a.echo))), object0(lent), object0(a.root)}
	case arenaBig:
		c.Reply.Payload = make([]byte, 1<<20)
	}
	return nil
}

// callBack calls an object of the peer's, which may never answer, on a goroutine of its own.
func (a *arena) callBack(o binder.Object) {
	h, ok := o.(*binder.Handle)
	if !ok {
		return
	}
	select {
	case a.callbacks <- struct{}{}:
	default:
		h.Release()
		return
	}
	go func() {
		defer func() { <-a.callbacks }()
		defer h.Release()
		var r binder.Reply
		defer r.Release()
		t := binder.Transaction{Code: 1, Data: binder.Data{Payload: []byte("who is there"), Attachments: []binder.Attachment{object0(a.root)}}}
		h.Transact(context.Background(), &t, &r)
	}()
}

// honest checks that the client's calls end as they should.
func (a *arena) honest(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), killPatience)
	defer cancel()
	out, err := binder.Call(ctx, a.handle, arenaEcho, []byte("honest"))
	if errors.Is(err, status.Deadline) {
		pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)
	}
	require.NoError(t, err)
	require.Equal(t, "honest", string(out))
}

// bounded checks that the peer has not got more out of its victims than it may.
func (a *arena) bounded(t testing.TB) {
	t.Helper()
	fds, maps := sys.Open()
	require.LessOrEqual(t, fds-sys.Watchers(), a.fds+2*(1024+250)+100, "files that a peer makes others keep")
	require.LessOrEqual(t, maps, a.maps+20)
}

// settled waits until nothing is left of a peer.
func (a *arena) settled(t testing.TB) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(killPatience / 2); time.Now().Before(deadline); time.Sleep(50 * time.Microsecond) {
		if err = a.left(); err == nil {
			return
		}
	}
	pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)
	require.NoError(t, err)
}

func (a *arena) left() error {
	victim, client := a.transports[0], a.transports[1]
	if err := errors.Join(victim.Left(uint64(a.client.ID())), client.Left(uint64(a.victim.ID()))); err != nil {
		return err
	}
	if len(a.callbacks) > 0 {
		return fmt.Errorf("%d calls to it are under way", len(a.callbacks))
	}
	if a.before.Processes == nil {
		return nil
	}
	fds, maps := sys.Open()
	fds -= sys.Watchers()
	a.fds = min(a.fds, fds) // the broker may have been about to close the lane's sockets when it was counted
	if fds != a.fds || maps != a.maps {
		return fmt.Errorf("%d file descriptors and %d mappings, before %d and %d", fds, maps, a.fds, a.maps)
	}
	for i, tr := range a.transports {
		if n := tr.Usage().Nodes; n != a.nodes[i] {
			return fmt.Errorf("%d nodes are held, before %d", n, a.nodes[i])
		}
	}
	if u := a.broker.Usage(); !reflect.DeepEqual(sorted(u), sorted(a.before)) {
		return fmt.Errorf("broker: %+v, before %+v", u, a.before)
	}
	return nil
}

// FuzzHostilePeer lets bytes be a process on the bus: what it writes into its memory, what it sends,
// and when. Whatever it does, the others go on as if it were not there, keep no more for it than they
// must, and nothing once it has gone.
func FuzzHostilePeer(f *testing.F) {
	for _, seed := range peerSeeds() {
		f.Add(seed)
	}
	a := newArena(f)
	f.Fuzz(a.play)
}

// TestHostilePeersAtRandom has many peers, one after the other, of which some go far.
func TestHostilePeersAtRandom(t *testing.T) {
	a := newArena(t)
	for seed := range uint64(*peers) {
		random := rand.New(rand.NewPCG(seed, 1))
		b := make([]byte, random.IntN(600))
		for i := range b {
			if b[i] = byte(random.Uint32()); random.IntN(2) == 0 {
				b[i] %= 16
			}
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) { a.play(t, b) })
		if t.Failed() {
			return
		}
	}
}

var peers = flag.Int("peers", 300, "how many hostile peers there are at random")

// play has a peer do what b says, and checks what it has done to the others.
func (a *arena) play(t *testing.T, b []byte) {
	p := joinPeer(t, a.path)
	left := false
	defer func() {
		if !left {
			p.leave()
		}
	}()
	g := &program{peer: p, b: b, ids: []uint64{uint64(a.victim.ID()), uint64(a.client.ID()), p.id, p.id + 1000}, nodes: []uint64{1, 1, 1, 2, 3, 77}}
	g.sync = func() { a.honest(t) }
	for _, id := range g.ids[:1+g.below(2)] {
		l := p.newLane(id)
		if g.below(16) == 0 {
			g.badShake(l)
		} else {
			p.shake(l)
		}
	}
	g.run()
	a.honest(t)
	a.bounded(t)
	p.leave()
	left = true
	a.settled(t)
	a.honest(t)
}

// badShake does a handshake wrongly, or half.
func (g *program) badShake(l *peerLane) {
	n := g.below(8)
	switch n {
	case 0:
		g.peer.ask(l, g.someFiles(1+g.below(2))...)
		return
	case 1:
		l.out.Uint32(0x008 + 4*g.below(6)).Store(uint32(g.number()))
	}
	g.peer.meet(l)
	switch n {
	case 2:
		l.send([]byte{'Y'})
		l.send([]byte{'Y'})
	case 3:
		l.send([]byte{'O'}, l.fd.Int())
	case 4:
		l.send([]byte{'Y'}, g.someFiles(g.below(250))...)
	case 5:
		g.packet(l)
	case 6:
		l.hangUp()
	}
}

// peerSeeds are programs of an almost honest peer, of each single action, and at random.
func peerSeeds() (seeds [][]byte) {
	for action := range byte(15) {
		for variant := range byte(6) {
			b := []byte{1, 1, 1}
			for i := range byte(12) {
				b = append(b, i%2, action, variant, i, i*variant, 10) // then a look
			}
			seeds = append(seeds, append(b, 0, 10, 0, 4, 3))
		}
	}
	x := uint64(1)
	for range 40 {
		var b []byte
		for range 60 {
			x = x*6364136223846793005 + 1442695040888963407
			b = binary.NativeEndian.AppendUint32(b, uint32(x>>32))
		}
		seeds = append(seeds, b)
	}
	return seeds
}
