package object_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"reflect"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/broker"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/internal/reftab"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/object"
	"ubinder/runtime/status"
)

// killPatience is how long anything may take that must come about.
const killPatience = 20 * time.Second

// Transactions of the processes that survive.
const (
	stageEnter   = iota + 1 // takes the victim's node and a file; calls back; gives objects
	stageTake               // calls the attached objects, and releases them
	stageBig                // answers with much
	stageNote               // oneway
	stageBlock              // waits until the caller has given up
	stageFriend             // gives the friend once more
	stageBulk               // answers with what came
	friendArrive            // of the friend: its node

	friendEcho  = iota + 100 // answers with what came
	friendVisit              // oneway: visits the attached node
	friendAudit              // answers with what is left, and what is held

	giftUse     = 1
	victimVisit = 1
	victimEcho  = 2

	stageVisits  = 3 + 2 // by the stage: calls, oneway calls
	friendVisits = 3 + 1
)

// killStage is what survives a victim: the broker, the context manager, which is this process, and a
// friend, a process of its own. All three stay from one victim to the next.
type killStage struct {
	t         testing.TB
	path      string
	broker    *broker.Broker
	transport *object.Transport
	process   *binder.Process
	friend    *binder.Handle
	cmd       *exec.Cmd
	file      *os.File
	arrived   chan *binder.Handle
	act       atomic.Pointer[act]

	before    broker.Usage
	fds, maps int64
	nodes     int
}

// act is one victim's life as the stage sees it.
type act struct {
	mu     sync.Mutex
	calls  int // to the victim, that have not ended
	errs   []error
	gifts  []*gift
	links  int
	deaths int
}

// gift is a node of the stage's that a victim was given.
type gift struct {
	used     atomic.Bool
	released atomic.Int32
}

func (a *act) note(err error) {
	if err == nil || errors.Is(err, status.Dead) || errors.Is(err, status.Cancelled) { // by the end of a handler that calls back
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.errs = append(a.errs, err)
}

// start makes calls to the victim, and counts them until they have ended.
func (a *act) start(calls func()) {
	count := func(n int) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.calls += n
	}
	count(1)
	go func() {
		defer count(-1)
		calls()
	}()
}

func newKillStage(t testing.TB) *killStage {
	s := &killStage{t: t, arrived: make(chan *binder.Handle, 1)}
	s.act.Store(new(act))
	s.broker, s.path = brokertest.Run(t)
	var err error
	s.file, err = os.Open("/dev/null")
	require.NoError(t, err)
	t.Cleanup(func() { s.file.Close() })
	s.transport, err = object.Dial(context.Background(), s.path, "stage")
	require.NoError(t, err)
	s.process = binder.NewProcess(s.transport)
	t.Cleanup(func() { s.process.Close() })
	require.NoError(t, s.process.BecomeContextManager(t.Context(), s.process.NewNode(binder.HandlerFunc(s.serve))))
	s.cmd = command(t, "friend", s.path, "")
	require.NoError(t, s.cmd.Start())
	t.Cleanup(func() {
		s.cmd.Process.Kill()
		s.cmd.Wait()
	})
	s.friend = <-s.arrived
	t.Cleanup(s.friend.Release)
	s.settled("before any victim")
	s.before = s.broker.Usage()
	s.fds, s.maps = sys.Open()
	s.fds -= sys.Watchers() // which begin when they are needed
	s.nodes = s.transport.Usage().Nodes
	return s
}

func (s *killStage) serve(ctx context.Context, c *binder.IncomingCall) error {
	a := s.act.Load()
	switch c.Code {
	case stageEnter:
		return s.enter(ctx, a, c)
	case stageTake, stageNote:
		for o := c.TakeObject(0); o != nil; o = c.TakeObject(0) {
			if _, home := o.(*binder.Node); !home && c.Code == stageTake {
				_, err := binder.Call(ctx, o, echoOf(o, s.friend), nil)
				a.note(err)
			}
			binder.Release(o)
		}
	case stageBig:
		c.Reply.Payload = make([]byte, 1<<20)
	case stageBulk:
		c.Reply.Payload = c.Payload
	case stageBlock:
		<-ctx.Done()
	case stageFriend:
		c.Reply.Attachments = []binder.Attachment{object0(s.friend)}
	case friendArrive:
		s.arrived <- c.TakeObject(0).(*binder.Handle)
	}
	return nil
}

// echoOf is the transaction by which an object answers with what comes: all but the friend's are a victim's.
func echoOf(o binder.Object, friend *binder.Handle) uint32 {
	if binder.Same(context.Background(), o, friend) {
		return friendEcho
	}
	return victimEcho
}

func (s *killStage) enter(ctx context.Context, a *act, c *binder.IncomingCall) error {
	own, file := c.TakeObject(0), c.TakeFile(1)
	defer binder.Release(own)
	io.ReadAll(file)
	file.Close()
	_, err := binder.Call(ctx, own, victimEcho, []byte("nested"))
	a.note(err)
	if _, err = own.LinkToDeath(ctx, a.died); err == nil {
		a.mu.Lock()
		a.links++
		a.mu.Unlock()
	}
	a.note(err)
	a.visit(s.process, own.(*binder.Handle).Dup(), s.newGift(a), stageVisits-2)
	visit := binder.Transaction{Code: friendVisit, Flags: binder.Oneway, Data: binder.Data{Attachments: []binder.Attachment{object0(own)}}}
	a.note(s.friend.Transact(ctx, &visit, nil))
	c.Reply.Attachments = []binder.Attachment{object0(s.newGift(a)), {Field: 1, Object: s.friend}, {Field: 1, Object: s.friend}, {Field: 2, File: s.file}}
	return nil
}

func (a *act) died() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.deaths++
}

func (s *killStage) newGift(a *act) *binder.Node {
	g := new(gift)
	a.mu.Lock()
	a.gifts = append(a.gifts, g)
	a.mu.Unlock()
	return s.process.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
		g.used.Store(true)
		return nil
	}), binder.OnRelease(func() { g.released.Add(1) }))
}

// visit calls a victim n times at once, with an object and a file, and twice oneway.
func (a *act) visit(p *binder.Process, own *binder.Handle, gift *binder.Node, n int) {
	var all sync.WaitGroup
	data := func() binder.Data {
		f, err := os.Open("/dev/null")
		a.note(err)
		return binder.Data{Payload: make([]byte, 1000), Attachments: []binder.Attachment{object0(gift), {Field: 1, File: f}, object0(own)}}
	}
	visit := func(flags binder.Flags) {
		t := binder.Transaction{Code: victimVisit, Flags: flags, Data: data()}
		var r binder.Reply
		a.note(own.Transact(context.Background(), &t, &r))
		r.Release()
		t.Attachments[1].File.Close()
	}
	a.start(func() {
		for range n {
			all.Go(func() { visit(0) })
		}
		visit(binder.Oneway)
		visit(binder.Oneway)
		all.Wait()
		own.Release()
	})
}

// play has a victim live, and die at a point, and checks what it has left.
func (s *killStage) play(role, point string) (killed bool, passed map[string]int) {
	s.t.Helper()
	a := new(act)
	s.act.Store(a)
	killed, passed = runVictim(s.t, role, s.path, point)
	s.settled(point)
	a.mu.Lock()
	defer a.mu.Unlock()
	require.Empty(s.t, a.errs, point)
	return killed, passed
}

// settled waits until nothing is left of the last victim.
func (s *killStage) settled(point string) {
	s.t.Helper()
	var err error
	for deadline := time.Now().Add(killPatience / 2); time.Now().Before(deadline); time.Sleep(200 * time.Microsecond) {
		if err = s.left(); err == nil {
			return
		}
	}
	pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)
	s.cmd.Process.Signal(syscall.SIGQUIT) // it says where its goroutines are
	s.cmd.Wait()
	require.NoError(s.t, err, "victim at %q", point)
}

func (s *killStage) left() error {
	id, err := s.friend.ID(context.Background())
	if err != nil {
		return err
	}
	friend := uint64(id.Owner)
	there, err := s.audit()
	if err := errors.Join(err, s.transport.Left(friend)); err != nil {
		return err
	}
	mine, theirs := s.transport.Usage(), there.Usage.Peers[uint64(s.process.ID())]
	if held := mine.Peers[friend]; held.Held != theirs.Refs || held.Refs != theirs.Held {
		return fmt.Errorf("the stage has %+v, the friend %+v", held, theirs)
	}
	if s.before.Processes == nil {
		return nil
	}
	if u := s.broker.Usage(); !reflect.DeepEqual(sorted(u), sorted(s.before)) {
		return fmt.Errorf("broker: %+v, before %+v", u, s.before)
	}
	s.transport.ForgetMemory()
	fds, maps := sys.Open()
	fds -= sys.Watchers()
	s.fds = min(s.fds, fds) // the broker may have been about to close the lane's sockets when it was counted
	if fds != s.fds || maps != s.maps {
		return fmt.Errorf("%d file descriptors and %d mappings, before %d and %d", fds, maps, s.fds, s.maps)
	}
	if mine.Nodes != s.nodes {
		return fmt.Errorf("%d nodes are held, before %d", mine.Nodes, s.nodes)
	}
	return s.act.Load().left()
}

// left: deaths are told once each, and what was given away has come back.
func (a *act) left() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.calls != 0 {
		return fmt.Errorf("%d calls to it have not ended", a.calls)
	}
	if a.deaths != a.links {
		return fmt.Errorf("%d deaths were told, of %d", a.deaths, a.links)
	}
	for i, g := range a.gifts {
		if g.used.Load() && g.released.Load() == 0 {
			return fmt.Errorf("gift %d was used and is not released", i)
		}
	}
	return nil
}

func sorted(u broker.Usage) broker.Usage {
	set := make(map[uint64]bool)
	for _, id := range u.Processes {
		set[id] = true
	}
	u.Processes = nil
	for id := uint64(0); len(set) > 0; id++ {
		if set[id] {
			u.Processes = append(u.Processes, id)
			delete(set, id)
		}
	}
	return u
}

// audit is what the friend finds in its process.
type audit struct {
	Left  string
	Usage reftab.Usage
}

func (s *killStage) audit() (a audit, err error) {
	b, err := binder.Call(context.Background(), s.friend, friendAudit, nil)
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal(b, &a); err != nil {
		return a, err
	}
	if a.Left != "" {
		return a, fmt.Errorf("the friend: %s", a.Left)
	}
	return a, nil
}

// friend is the other survivor.
type friend struct {
	transport *object.Transport
	process   *binder.Process
	stage     *binder.Handle
	act       act
}

func friendMain(path string) int {
	t, err := object.Dial(context.Background(), path, "friend")
	if err != nil {
		return 1
	}
	f := &friend{transport: t, process: binder.NewProcess(t)}
	if f.stage, err = f.process.ContextManager(context.Background()); err != nil {
		return 1
	}
	n := f.process.NewNode(binder.HandlerFunc(f.serve))
	var r binder.Reply
	arrive := binder.Transaction{Code: friendArrive, Data: binder.Data{Attachments: []binder.Attachment{object0(n)}}}
	if f.stage.Transact(context.Background(), &arrive, &r) != nil {
		return 1
	}
	select {}
}

func (f *friend) serve(ctx context.Context, c *binder.IncomingCall) error {
	switch c.Code {
	case friendEcho:
		c.Reply.Payload = c.Payload
		c.Reply.Attachments = append([]binder.Attachment(nil), c.Attachments...)
	case friendVisit:
		own := c.TakeObject(0).(*binder.Handle)
		f.act.visit(f.process, own.Dup(), f.process.NewNode(binder.HandlerFunc(nil)), friendVisits-2)
		var r binder.Reply
		t := binder.Transaction{Code: stageTake, Data: binder.Data{Attachments: []binder.Attachment{object0(own)}}}
		f.act.note(f.stage.Transact(ctx, &t, &r))
		r.Release()
		own.Release()
	case friendAudit:
		return f.audit(c)
	}
	return nil
}

// audit looks at all but the call by which it is asked.
func (f *friend) audit(c *binder.IncomingCall) (err error) {
	a := audit{Usage: f.transport.Usage(), Left: f.left(uint64(c.Caller.Process))}
	c.Reply.Payload, err = json.Marshal(&a)
	return err
}

func (f *friend) left(stage uint64) string {
	f.act.mu.Lock()
	defer f.act.mu.Unlock()
	var left []string
	if f.act.calls != 0 {
		left = append(left, fmt.Sprint(f.act.calls, " calls have not ended"))
	}
	if len(f.act.errs) > 0 {
		left = append(left, fmt.Sprint(f.act.errs))
	}
	if err := f.transport.LeftBut(1, stage); err != nil {
		left = append(left, err.Error())
	}
	lanes := int64(f.transport.Lanes())
	if fds, maps := sys.Open(); fds-sys.Watchers() != 1+lanes || maps != 3*lanes {
		left = append(left, fmt.Sprintf("%d file descriptors and %d mappings for %d lanes", fds, maps, lanes))
	}
	return strings.Join(left, "; ")
}
