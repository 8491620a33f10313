package crowd

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"ubinder/bench/cases"
	"ubinder/bench/stack"
	"ubinder/runtime/binder"
)

// What the processes do of which two call each other among many: see pair.

// giftsAtOnce is how many objects one answer has.
const giftsAtOnce = 256

// serveMany answers what the other cases do not ask for.
func (m *member) serveMany(c *binder.IncomingCall) error {
	switch c.Code {
	case codePeer:
		m.mu.Lock()
		defer m.mu.Unlock()
		i := binary.NativeEndian.Uint64(c.Payload)
		if i >= uint64(len(m.joined)) {
			return fmt.Errorf("%d have joined: there is none at %d", len(m.joined), i)
		}
		c.Reply.Attachments = []binder.Attachment{{Object: m.joined[i]}}
	case codeGive:
		p := c.Target.Process()
		for range binary.NativeEndian.Uint64(c.Payload) {
			c.Reply.Attachments = append(c.Reply.Attachments, binder.Attachment{Object: m.gift(p)})
		}
	case codeHeld:
		c.Reply.Payload = number(uint64(m.given.Load()))
	}
	return nil
}

func (m *member) gift(p *binder.Process) *binder.Node {
	m.given.Add(1)
	return p.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error { return nil }),
		binder.OnRelease(func() { m.given.Add(-1) }))
}

func number(n uint64) []byte { return binary.NativeEndian.AppendUint64(nil, n) }

func (m *member) obeyAmongMany(o order) error {
	switch o.Do {
	case doKnow:
		return m.know(o.Of)
	case doVisit:
		return m.visitAll(o)
	case doUse:
		return m.use(o.Of)
	case doGreet:
		return callEach(m.joined)
	case doLeave:
		return m.leave()
	case doPart:
		return m.part()
	case doTake:
		return m.take(o)
	case doDrop:
		return m.drop()
	case doSettle:
		runtime.GC()
		return nil
	}
	return fmt.Errorf("unknown order")
}

// know gets objects of the processes that the hub knows at of, by each of its connections.
func (m *member) know(of []int) error {
	m.known = make([][]*binder.Handle, len(m.processes))
	var group errgroup.Group
	for i, p := range m.processes {
		group.Go(func() (err error) {
			m.known[i], err = ask(p, of)
			return err
		})
	}
	return group.Wait()
}

// ask returns the objects by their position; those that are not in of are nil.
func ask(p *binder.Process, of []int) ([]*binder.Handle, error) {
	hub, err := p.ContextManager(context.Background())
	if err != nil {
		return nil, err
	}
	defer hub.Release()
	known := make([]*binder.Handle, atOther+1)
	for _, i := range of {
		t, r := binder.Transaction{Code: codePeer, Data: binder.Data{Payload: number(uint64(i))}}, new(binder.Reply)
		if err := hub.Transact(context.Background(), &t, r); err != nil {
			return nil, err
		}
		known[i] = r.TakeObject(0).(*binder.Handle)
		r.Release()
	}
	return known, nil
}

// visitAll makes o.N connections, and a lane of each to each of o.Of.
func (m *member) visitAll(o order) error {
	if err := m.open(o.N, binder.WithContextManager()); err != nil {
		return err
	}
	if err := m.know(o.Of); err != nil {
		return err
	}
	for i, p := range m.processes {
		for _, at := range o.Of {
			if err := m.joinOne(m.known[i][at], p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *member) use(of []int) error {
	for _, known := range m.known {
		for _, i := range of {
			if err := callOnce(known[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func callEach(list []*binder.Handle) error {
	for _, h := range list {
		if err := callOnce(h); err != nil {
			return err
		}
	}
	return nil
}

func (m *member) leave() error {
	var group errgroup.Group
	for _, p := range m.processes {
		group.Go(p.Close)
	}
	m.processes, m.known = nil, nil
	return group.Wait()
}

func (m *member) part() error {
	m.mu.Lock()
	guests := m.joined
	m.joined = nil
	m.mu.Unlock()
	for _, h := range guests {
		dead := make(chan struct{})
		if _, err := h.LinkToDeath(context.Background(), func() { close(dead) }); err != nil {
			return err
		}
		<-dead
		h.Release()
	}
	return nil
}

func (m *member) take(o order) error {
	m.from = m.known[0][o.Of[0]]
	for left := o.N; left > 0; left -= giftsAtOnce {
		t, r := binder.Transaction{Code: codeGive, Data: binder.Data{Payload: number(uint64(min(left, giftsAtOnce)))}}, new(binder.Reply)
		if err := m.from.Transact(context.Background(), &t, r); err != nil {
			return err
		}
		for i := range r.Attachments {
			m.taken = append(m.taken, r.TakeObject(uint32(i)))
		}
		r.Release()
	}
	return nil
}

func (m *member) drop() error {
	binder.ReleaseAll(m.taken...)
	m.taken = nil
	for {
		answer, err := binder.Call(context.Background(), m.from, codeHeld, nil)
		if err != nil || binary.NativeEndian.Uint64(answer) == 0 {
			return err
		}
	}
}

// batch calls o.Of as often as o.N says, after a lead-in that is not counted. All batches of a process run on one
// goroutine.
func (m *member) batch(o order) (*cases.Wire, error) {
	c := &caller{peers: []*binder.Handle{m.known[0][o.Of[0]]}}
	defer c.r.Release()
	sample, payload := cases.NewSample(), make([]byte, payloadSize)
	for i := -o.N / leadIn; i < o.N; i++ {
		n := uint64(i + o.N)
		stack.Stamp(payload, n)
		start := time.Now()
		answer, err := c.Call(payload)
		took := time.Since(start)
		if err == nil {
			err = stack.Check(answer, n, payloadSize)
		}
		if err != nil {
			return nil, err
		}
		if i >= 0 {
			sample.Record(took)
		}
	}
	wire := sample.Wire()
	return &wire, nil
}
