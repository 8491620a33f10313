package crowd

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"ubinder/bench/cases"
	"ubinder/bench/stack"
	"ubinder/runtime/binder"
	"ubinder/runtime/broker"
	"ubinder/runtime/bus"
	"ubinder/runtime/connect"
)

// payloadSize is that of every call.
const payloadSize = 128

// Transaction codes of every node.
const (
	codeEcho = iota + 1
	codeJoin // with an object
	codePeer // its answer is the object that has joined at the position that the payload says
	codeGive // as many new objects
	codeHeld // how many of these others hold
)

// member is a process of a crowd.
type member struct {
	path      string
	processes []*binder.Process
	peers     []*binder.Handle // the hub, by each of its connections

	known [][]*binder.Handle // by each of its connections: objects of those that it visited
	taken []binder.Object    // that others gave
	from  *binder.Handle     // who did
	given atomic.Int64       // objects of this process that others hold

	mu     sync.Mutex
	joined []*binder.Handle // that others gave to join
}

func (m *member) serveBroker() error {
	b, err := broker.Listen(broker.Config{Path: m.path})
	if err == nil {
		go b.Serve()
	}
	return err
}

func (m *member) serveHub() error {
	ctx := context.Background()
	p, err := connect.Open(ctx, "bus:"+m.path)
	if err != nil {
		return err
	}
	m.processes = []*binder.Process{p}
	return p.BecomeContextManager(ctx, m.node(p))
}

// node makes an object with what the stacks' servers do, of bytes, for others to join.
func (m *member) node(p *binder.Process) *binder.Node {
	h := new(stack.Handler)
	return p.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
		switch c.Code {
		case codeEcho:
			c.Reply.Payload = h.Echo(c.Payload)
		case codeJoin:
			m.mu.Lock()
			defer m.mu.Unlock()
			m.joined = append(m.joined, c.TakeObject(0).(*binder.Handle))
		default:
			return m.serveMany(c)
		}
		return nil
	}))
}

// open makes n connections, all at once.
func (m *member) open(n int, options ...binder.ProcessOption) error {
	opened := make([]*binder.Process, n)
	var group errgroup.Group
	for i := range opened {
		group.Go(func() (err error) {
			opened[i], err = connect.Open(context.Background(), "bus:"+m.path, options...)
			return err
		})
	}
	err := group.Wait()
	m.processes = append(m.processes, opened...)
	return err
}

// meet has every connection call the hub, all at once.
func (m *member) meet() error {
	m.peers = make([]*binder.Handle, len(m.processes))
	var group errgroup.Group
	for i, p := range m.processes {
		group.Go(func() (err error) {
			m.peers[i], err = meetHub(p)
			return err
		})
	}
	return group.Wait()
}

func meetHub(p *binder.Process) (*binder.Handle, error) {
	h, err := p.ContextManager(context.Background())
	if err != nil {
		return nil, err
	}
	return h, callOnce(h)
}

func callOnce(h *binder.Handle) error {
	answer, err := binder.Call(context.Background(), h, codeEcho, make([]byte, payloadSize))
	if err != nil {
		return err
	}
	return stack.Check(answer, 0, payloadSize)
}

func (m *member) join() error {
	for i, p := range m.processes {
		if err := m.joinOne(m.peers[i], p); err != nil {
			return err
		}
	}
	return nil
}

// joinOne gives a node of p to whoever is behind h.
func (m *member) joinOne(h *binder.Handle, p *binder.Process) error {
	t := binder.Transaction{Code: codeJoin, Data: binder.Data{Attachments: []binder.Attachment{{Object: m.node(p)}}}}
	return h.Transact(context.Background(), &t, new(binder.Reply))
}

// visit is how long the steps took of a process that came, met the hub and left.
type visit struct {
	Hello        time.Duration `json:"hello"`
	Introduction time.Duration `json:"introduction"`
	Call         time.Duration `json:"call"` // the first
}

// probe has n connections come, meet the hub and leave, one after the other.
func (m *member) probe(n int) (visits []visit, err error) {
	watcher, err := bus.Dial(context.Background(), m.path, "watcher", stranger{})
	if err != nil {
		return nil, err
	}
	defer watcher.Close()
	for range n {
		v, id, err := m.visit()
		if err == nil {
			err = awaitGone(watcher, id)
		}
		if err != nil {
			return nil, err
		}
		visits = append(visits, v)
	}
	return visits, nil
}

func (m *member) visit() (v visit, id binder.ProcessID, err error) {
	start := time.Now()
	p, err := connect.Open(context.Background(), "bus:"+m.path, binder.WithContextManager())
	if err != nil {
		return v, 0, err
	}
	defer p.Close()
	open := time.Now()
	h, err := p.ContextManager(context.Background())
	if err != nil {
		return v, 0, err
	}
	defer h.Release()
	met := time.Now()
	err = callOnce(h)
	return visit{open.Sub(start), met.Sub(open), time.Since(met)}, p.ID(), err
}

// awaitGone waits until the broker has noticed that the connection id of this process was closed: its
// end is not to be measured with the next one.
func awaitGone(watcher *bus.Conn, id binder.ProcessID) error {
	for {
		found, err := watcher.Find(context.Background(), int32(os.Getpid()), uint64(id)-1)
		if err != nil || found != uint64(id) {
			return err
		}
	}
}

// stranger is a connection that meets nobody.
type stranger struct{}

// Introduced implements bus.ConnHandler.
func (stranger) Introduced(*bus.Peer) (bus.Events, func(*bus.Link), func(*bus.Link, error)) {
	return nil, nil, nil
}

// measure lets a goroutine call o.Peers of the peers in turn.
func (m *member) measure(o order) (*cases.Wire, error) {
	c, _ := cases.Find("sync")
	workers := cases.Workers(c, []stack.Caller{&caller{peers: m.peers[:o.Peers]}}, payloadSize)
	sample, err := cases.Measure(c, workers, cases.Slice{For: o.For}, cases.Meter{PIDs: []int{os.Getpid()}})
	if err != nil {
		return nil, err
	}
	wire := sample.Wire()
	return &wire, nil
}
