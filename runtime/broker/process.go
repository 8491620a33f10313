package broker

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"ubinder/runtime/internal/brokerwire"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/status"
)

// Process is one connection. What it says of itself is only Name; the rest is the kernel's word.
type Process struct {
	brokerwire.Identity
	Name  string
	conn  *sys.Conn
	out   chan outgoing
	lanes map[*Process]bool // processes that it was introduced to
}

// outgoing is a packet on its way to a process, with the file that goes along.
type outgoing struct {
	packet brokerwire.Packet
	file   sys.FD
}

const (
	helloTimeout = 10 * time.Second
	// maxQueued is how many packets may wait for a process that does not read; then it is cut off.
	maxQueued = 4096
)

func temporary(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ENOMEM)
}

// routineProcess serves one connection from hello to its end.
func (b *Broker) routineProcess(conn *sys.Conn) {
	defer conn.Close()
	p, err := b.greet(conn)
	b.mu.Lock()
	delete(b.greeting, conn)
	b.mu.Unlock()
	if err != nil {
		code := status.CodeOf(err)
		conn.Send((&brokerwire.Packet{Kind: brokerwire.Error, Code: uint32(code), Text: errorText(err)}).Append(nil))
		b.config.Log("refused a connection: %v", err)
		return
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		p.routineSend()
	}()
	p.send(brokerwire.Packet{Kind: brokerwire.Welcome, Identity: p.Identity}, sys.FD{})
	b.config.Log("process %d connected: %s (pid %d, uid %d)", p.ID, p.Name, p.PID, p.UID)
	err = b.serve(p)
	b.remove(p)
	<-written
	b.config.Log("process %d left: %v", p.ID, err)
}

func errorText(err error) string {
	var e *status.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

// greet reads the hello and takes the process in.
func (b *Broker) greet(conn *sys.Conn) (*Process, error) {
	conn.SetReadDeadline(time.Now().Add(helloTimeout))
	hello, err := receive(conn)
	if err != nil {
		return nil, status.Errorf(status.Protocol, "hello: %w", err)
	}
	if hello.Kind != brokerwire.Hello || hello.Value != brokerwire.Magic {
		return nil, status.Errorf(status.Protocol, "the first packet is no hello")
	}
	if hello.Code != brokerwire.Version {
		return nil, status.Errorf(status.Protocol, "this broker speaks version %d of the protocol, the process version %d: start an ubinderd of the process's version", brokerwire.Version, hello.Code)
	}
	conn.SetReadDeadline(time.Time{})
	cr, err := conn.PeerCredentials()
	if err != nil {
		return nil, status.Errorf(status.Denied, "the kernel does not say who connects: %w", err)
	}
	p := &Process{Name: hello.Text, conn: conn, out: make(chan outgoing, maxQueued), lanes: make(map[*Process]bool)}
	p.Identity = brokerwire.Identity{PID: cr.PID, UID: cr.UID, GID: cr.GID, Groups: cr.Groups, Label: cr.Label}
	if err := b.config.Policy.Connect(p); err != nil {
		return nil, status.Errorf(status.Denied, "policy: %w", err)
	}
	return p, b.add(p)
}

func receive(conn *sys.Conn) (brokerwire.Packet, error) {
	var buf [brokerwire.MaxSize]byte
	n, fds, err := conn.Receive(buf[:])
	sys.CloseAll(fds)
	if err != nil {
		return brokerwire.Packet{}, err
	}
	return brokerwire.Parse(buf[:n])
}

func (b *Broker) add(p *Process) error {
	id, err := b.ids.next()
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return status.Errorf(status.Dead, "the broker is closing")
	}
	if n := b.perUser[p.UID]; n >= b.config.MaxPerUser {
		return status.Exceeded(status.Quota, fmt.Sprintf("connections of user %d", p.UID), uint64(n+1), uint64(b.config.MaxPerUser))
	}
	p.ID = id
	b.perUser[p.UID]++
	b.processes[id] = p
	return nil
}

// remove takes the process out; nothing is sent to it afterwards.
func (b *Broker) remove(p *Process) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.processes, p.ID)
	if b.perUser[p.UID]--; b.perUser[p.UID] == 0 {
		delete(b.perUser, p.UID)
	}
	if b.manager == p {
		b.manager = nil
	}
	for other := range p.lanes {
		delete(other.lanes, p)
	}
	close(p.out)
}

// send queues a packet and takes over file. A process that lets the queue fill up is cut off. The
// caller knows that p is not removed: it has the broker locked, or is p's own goroutine.
func (p *Process) send(packet brokerwire.Packet, file sys.FD) {
	select {
	case p.out <- outgoing{packet, file}:
	default:
		file.Close()
		p.conn.Close()
	}
}

// routineSend writes what is queued; after an error it only closes files.
func (p *Process) routineSend() {
	var failed error
	for o := range p.out {
		if failed == nil {
			var files []int
			if o.file.Valid() {
				files = []int{o.file.Int()}
			}
			failed = p.conn.SendWait(o.packet.Append(nil), files...)
		}
		o.file.Close()
	}
}

// serve answers requests until the connection ends.
func (b *Broker) serve(p *Process) error {
	for {
		request, err := receive(p.conn)
		if err != nil {
			return err
		}
		answer, err := b.answer(p, &request)
		if err != nil {
			p.send(brokerwire.Packet{Kind: brokerwire.Error, Cookie: request.Cookie, Code: uint32(status.CodeOf(err)), Text: errorText(err)}, sys.FD{})
			continue
		}
		answer.Kind, answer.Cookie = brokerwire.Done, request.Cookie
		p.send(answer, sys.FD{})
	}
}

func (b *Broker) answer(p *Process, r *brokerwire.Packet) (answer brokerwire.Packet, err error) {
	switch r.Kind {
	case brokerwire.Introduce:
		err = b.introduce(p, r.Value)
	case brokerwire.SetContextManager:
		err = b.setManager(p, r.Value)
	case brokerwire.GetContextManager:
		answer.Value, answer.ID, err = b.getManager()
	case brokerwire.Sync:
	default:
		err = status.Errorf(status.Protocol, "request of unknown kind %d", r.Kind)
	}
	return answer, err
}

func (b *Broker) introduce(p *Process, id uint64) error {
	b.mu.Lock()
	to := b.processes[id]
	b.mu.Unlock()
	switch {
	case to == nil:
		return status.Errorf(status.Dead, "process %d has ended", id)
	case to == p:
		return status.Errorf(status.BadValue, "a process has no lane to itself")
	}
	if err := b.config.Policy.Talk(p, to); err != nil {
		return status.Errorf(status.Denied, "policy forbids process %d to talk to process %d: %w", p.ID, id, err)
	}
	return b.makeLane(p, to)
}

// makeLane gives both an end of a new socket; the second request of a pair gets no second lane.
func (b *Broker) makeLane(p, to *Process) error {
	here, there, err := sys.Socketpair()
	if err != nil {
		return status.Errorf(status.Quota, "no socket for a lane: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.lanes[to] || b.processes[to.ID] != to {
		here.Close()
		there.Close()
		if b.processes[to.ID] != to {
			return status.Errorf(status.Dead, "process %d has ended", to.ID)
		}
		return nil
	}
	p.lanes[to], to.lanes[p] = true, true
	p.send(brokerwire.Packet{Kind: brokerwire.Introduction, Identity: to.Identity}, here)
	to.send(brokerwire.Packet{Kind: brokerwire.Introduction, Identity: p.Identity}, there)
	return nil
}

func (b *Broker) setManager(p *Process, node uint64) error {
	if err := b.config.Policy.BecomeContextManager(p); err != nil {
		return status.Errorf(status.Denied, "policy forbids process %d to be the context manager: %w", p.ID, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.manager != nil && b.manager != p {
		return status.Errorf(status.Denied, "process %d (pid %d) is the context manager of this bus already", b.manager.ID, b.manager.PID)
	}
	b.manager, b.root = p, node
	return nil
}

func (b *Broker) getManager() (process, node uint64, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.manager == nil {
		return 0, 0, status.Errorf(status.UnknownTarget, "this bus has no service manager: start one with \"ubinder up\" or \"ubinderd\"")
	}
	return b.manager.ID, b.root, nil
}
