package broker

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"ubinder/runtime/internal/brokerwire"
	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/status"
)

// Process is one connection, with the id 0 until its hello. What it says of itself is only Name; the rest is the kernel's word.
type Process struct {
	brokerwire.Identity
	Name  string
	conn  *sys.Conn
	out   *queue
	lanes map[*Process]bool // processes that it was introduced to

	frozen bool // as it says itself
}

// helloTimeout is for the first packet. A test sets it.
var helloTimeout = 10 * time.Second

var errClosing = status.Errorf(status.Dead, "the broker is closing")

func temporary(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ENOMEM)
}

// welcomed reports whether it has said hello and was taken in. For the goroutine that serves it.
func (p *Process) welcomed() bool { return p.ID != 0 }

// begin takes a process in, unless it is refused, and answers what it has asked already. If it is welcomed then,
// sys.ErrWouldBlock is no error that ends the connection. files are serveOne's.
func (b *Broker) begin(p *Process, hello func() (brokerwire.Packet, error)) (files []sys.FD, err error) {
	killpoint.At("broker: accepted")
	err = b.greet(p, hello)
	b.mu.Lock()
	delete(b.greeting, p)
	b.mu.Unlock()
	if err != nil {
		return nil, err
	}
	files, err = b.serveOne(p, p.conn.ReceiveWithNow)
	p.out.release() // one wake-up is enough for the welcome and the answer, and the one who is introduced comes first
	b.log.put("process %d connected: %q (pid %d, uid %d)", p.ID, p.Name, p.PID, p.UID)
	return files, err
}

// routineGreet serves a connection that has not said hello.
func (b *Broker) routineGreet(p *Process) {
	files, err := b.begin(p, func() (brokerwire.Packet, error) { return awaitHello(p.conn) })
	b.routineProcess(p, files, err)
}

// routineProcess serves a connection that has begun, with that result, to its end. It closes files that came
// meanwhile. What it does at first is bounded by helloTimeout, or done by the loop.
func (b *Broker) routineProcess(p *Process, files []sys.FD, err error) {
	sys.GrowStack()
	sys.CloseAll(files)
	defer b.running.end()
	defer b.discharge(p) // not before all is closed: each may keep a thread, and a program cannot have any number of these
	defer p.conn.Close()
	if !p.welcomed() {
		lastWord(p.conn, err)
		b.log.put(refusal, err)
		return
	}
	if !ended(err) {
		unwatch := watch(p.conn) // until here, helloTimeout bounds what a child with the socket can do
		err = b.serve(p)
		defer unwatch()
	}
	killpoint.At("broker: process left")
	b.remove(p)
	killpoint.At("broker: process removed")
	lastWord(p.conn, err)
	p.conn.Close() // it need not read for the queue to end
	p.out.wait()
	b.log.put("process %d left: %v", p.ID, err)
}

// ended reports whether a connection of which that was the last error is at its end.
func ended(err error) bool { return err != nil && !errors.Is(err, sys.ErrWouldBlock) }

const refusal = "refused a connection: %v"

// refuse ends a connection for which nobody is charged.
func (b *Broker) refuse(conn *sys.Conn, err error) {
	lastWord(conn, err)
	conn.Shutdown()
	b.refused.close(conn)
	b.log.put(refusal, err)
}

// lastWord tells the process why its connection ends, if it still reads.
func lastWord(conn *sys.Conn, err error) {
	conn.Send((&brokerwire.Packet{Kind: brokerwire.Error, Code: uint32(status.CodeOf(err)), Text: errorText(err)}).Append(nil))
}

// watch ends the connection when the process that made it has, even if a child of it still has the
// socket. The result ends the watch.
func watch(conn *sys.Conn) func() {
	exit, err := conn.PeerExit()
	if err != nil { // a kernel before 6.5: hang-up alone tells
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if exit.Wait() == nil {
			conn.Close()
		}
	}()
	return func() {
		exit.Close()
		<-done
	}
}

func errorText(err error) string {
	var e *status.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

// arrive says who connects, and charges the user: those who say nothing too. routineProcess ends that.
func (b *Broker) arrive(conn *sys.Conn) (*Process, error) {
	cr, err := conn.PeerCredentials()
	if err != nil {
		return nil, status.Errorf(status.Denied, "the kernel does not say who connects: %w", err)
	}
	p := &Process{conn: conn, out: &queue{conn: conn, held: true}, lanes: make(map[*Process]bool)}
	p.Identity = brokerwire.Identity{PID: cr.PID, UID: cr.UID, GID: cr.GID, Groups: cr.Groups, Label: cr.Label}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, errClosing
	}
	if n := b.perUser[p.UID]; n >= b.config.MaxPerUser {
		return nil, status.Exceeded(status.Quota, fmt.Sprintf("connections of user %d", p.UID), uint64(n+1), uint64(b.config.MaxPerUser))
	}
	b.perUser[p.UID]++
	b.greeting[p] = time.Now().Add(helloTimeout)
	b.running.begin()
	return p, nil
}

// discharge is the end of what arrive began.
func (b *Broker) discharge(p *Process) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.greeting, p)
	if b.perUser[p.UID]--; b.perUser[p.UID] == 0 {
		delete(b.perUser, p.UID)
	}
}

// greet reads the hello and takes the process in.
func (b *Broker) greet(p *Process, receive func() (brokerwire.Packet, error)) error {
	hello, err := receive()
	if err != nil {
		return status.Errorf(status.Protocol, "hello: %w", err)
	}
	if hello.Kind != brokerwire.Hello || hello.Value != brokerwire.Magic {
		return status.Errorf(status.Protocol, "the first packet is no hello")
	}
	if hello.Code != brokerwire.Version {
		return status.Errorf(status.Protocol, "this broker speaks version %d of the protocol, the process version %d: start an ubinderd of the process's version", brokerwire.Version, hello.Code)
	}
	killpoint.At("broker: hello read")
	p.Name = hello.Text
	if err := b.config.Policy.Connect(p); err != nil {
		return status.Errorf(status.Denied, "policy: %w", err)
	}
	return b.add(p)
}

// awaitHello sets no timer for a hello that has come with the connection, as it does: a timer wakes a
// thread.
func awaitHello(conn *sys.Conn) (brokerwire.Packet, error) {
	hello, files, err := receive(conn.ReceiveWithNow)
	if errors.Is(err, sys.ErrWouldBlock) {
		conn.SetReadDeadline(time.Now().Add(helloTimeout))
		defer conn.SetReadDeadline(time.Time{})
		hello, files, err = receive(conn.ReceiveWith)
	}
	sys.CloseAll(files)
	return hello, err
}

func receive(with sys.Receiver) (brokerwire.Packet, []sys.FD, error) {
	return sys.ReceiveParsed(with, brokerwire.MaxSize, brokerwire.Parse)
}

// add takes a process in and welcomes it.
func (b *Broker) add(p *Process) error {
	id, err := b.ids.next()
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return errClosing
	}
	p.ID = id
	b.processes[id] = p
	ids := b.byPID[p.PID]
	i, _ := slices.BinarySearch(ids, id)
	b.byPID[p.PID] = slices.Insert(ids, i, id)
	killpoint.At("broker: process added")
	p.send(brokerwire.Packet{Kind: brokerwire.Welcome, Identity: p.Identity}) // before others can be introduced to it
	return nil
}

// remove takes the process out, unless that was done; nothing is sent to it afterwards.
func (b *Broker) remove(p *Process) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.processes[p.ID] != p {
		return
	}
	delete(b.processes, p.ID)
	ids := b.byPID[p.PID]
	i, _ := slices.BinarySearch(ids, p.ID)
	if b.byPID[p.PID] = slices.Delete(ids, i, i+1); len(ids) == 1 {
		delete(b.byPID, p.PID)
	}
	if b.manager == p {
		b.manager = nil
	}
	for other := range p.lanes {
		delete(other.lanes, p)
	}
	p.out.close()
}

// send queues a packet and takes over files. A process that lets the queue fill up is cut off.
func (p *Process) send(packet brokerwire.Packet, files ...sys.FD) { p.out.put(outgoing{packet, files}) }

// serve answers requests until the connection ends.
func (b *Broker) serve(p *Process) error {
	for {
		files, err := b.serveOne(p, p.conn.ReceiveWith)
		sys.CloseAll(files)
		if err != nil {
			return err
		}
	}
}

// serveOne answers a request. An error ends the connection, but for sys.ErrWouldBlock. The files that came, but for one
// that was passed on, are the caller's to close, which may take as long as who sent them likes.
func (b *Broker) serveOne(p *Process, with sys.Receiver) ([]sys.FD, error) {
	request, files, err := receive(with)
	if errors.Is(err, brokerwire.ErrMalformed) || errors.Is(err, sys.ErrTruncated) {
		return files, status.Errorf(status.Protocol, "process %d broke the protocol: %w", p.ID, err)
	}
	if err != nil {
		return files, err
	}
	killpoint.At("broker: request read")
	a := answer{Packet: brokerwire.Packet{Kind: brokerwire.Done}}
	if err := b.answer(p, &request, files, &a); err != nil {
		a.Packet = brokerwire.Packet{Kind: brokerwire.Error, Code: uint32(status.CodeOf(err)), Text: errorText(err)}
	}
	killpoint.At("broker: request done")
	a.Cookie = request.Cookie
	p.send(a.Packet, a.files...)
	return files, nil
}

// answer is what a process gets for a request.
type answer struct {
	brokerwire.Packet
	files []sys.FD
}

func (b *Broker) answer(p *Process, r *brokerwire.Packet, files []sys.FD, a *answer) (err error) {
	switch r.Kind {
	case brokerwire.Introduce:
		err = b.introduce(p, r.Value, files, a)
	case brokerwire.SetFrozen:
		b.setFrozen(p, r.Value != 0)
	case brokerwire.SetContextManager:
		err = b.setManager(p, r.Value, r.ID)
	case brokerwire.GetContextManager:
		err = b.getManager(p, files, a)
	case brokerwire.Find:
		a.Value = b.find(r.PID, r.Value)
	default:
		err = status.Errorf(status.Protocol, "request of unknown kind %d", r.Kind)
	}
	return err
}

func (b *Broker) setFrozen(p *Process, frozen bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p.frozen = frozen
}

// find returns the lowest process id above after that belongs to the OS process pid, or zero.
func (b *Broker) find(pid int32, after uint64) (process uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ids := b.byPID[pid]
	i, found := slices.BinarySearch(ids, after)
	if found {
		i++
	}
	if i == len(ids) {
		return 0
	}
	return ids[i]
}

// setManager puts a node of p behind handle 0; zero takes the node that is leaving away from there.
func (b *Broker) setManager(p *Process, node, leaving uint64) error {
	if node == 0 {
		b.leaveManager(p, leaving)
		return nil
	}
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

func (b *Broker) leaveManager(p *Process, node uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.manager == p && b.root == node {
		b.manager, b.root = nil, 0
	}
}
