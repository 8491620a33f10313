package bus

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"syscall"

	"ubinder/runtime/internal/brokerwire"
	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/internal/wait"
	"ubinder/runtime/status"
)

// Membership is a process's place on a bus: a Conn to a broker, or a Member of a Hub.
type Membership interface {
	Self() *Peer
	// Approach asks for a lane to a process. When it returns without an error the handler has been told
	// of the lane, now or earlier. frozen is what the process has said by SetFrozen: while it is stopped the
	// lane does not open.
	Approach(ctx context.Context, process uint64) (frozen bool, err error)
	// SetFrozen lets those who have no lane to this process know that it is frozen.
	SetFrozen(ctx context.Context, frozen bool) error
	// ContextManager returns the process that holds handle 0, and the node behind it. It may introduce
	// the two on the way.
	ContextManager(ctx context.Context) (process, node uint64, err error)
	BecomeContextManager(ctx context.Context, node uint64) error
	LeaveContextManager(ctx context.Context, node uint64) error
	// Find returns the first process after the given one that belongs to the OS process pid; zero: none.
	Find(ctx context.Context, pid int32, after uint64) (process uint64, err error)
	// Parker puts the threads of this process to sleep, on all its lanes.
	Parker() wait.Parker
	Done() <-chan struct{}
	Close()
}

// Conn is a process's connection to the broker. Safe for concurrent use.
type Conn struct {
	sock    *sys.Conn
	parker  wait.Futex
	self    Peer
	handler ConnHandler
	done    chan struct{} // closed when the connection has ended

	mu      sync.Mutex
	err     error
	cookie  uint32
	waiting map[uint32]chan brokerwire.Packet
	opening map[*sys.Conn]bool // sockets of lanes in their handshake
	opens   sync.WaitGroup
}

// ConnHandler is told of lanes that the broker makes. Introduced is called on the connection's
// goroutine in the order of the introductions; the events and callbacks are NewLink's. A nil return
// refuses the lane.
type ConnHandler interface {
	Introduced(p *Peer) (e Events, registered func(*Link), opened func(*Link, error))
}

// Dial connects to the broker at path and says hello. name is for people who look at the bus.
func Dial(ctx context.Context, path, name string, h ConnHandler) (*Conn, error) {
	sock, err := sys.Dial(path)
	if err != nil {
		return nil, dialError(path, err)
	}
	c := &Conn{sock: sock, handler: h, done: make(chan struct{}),
		waiting: make(map[uint32]chan brokerwire.Packet), opening: make(map[*sys.Conn]bool)}
	killpoint.At("hello: connected")
	if err := c.hello(ctx, path, name); err != nil {
		sock.Close()
		return nil, err
	}
	go c.routineReceive()
	return c, nil
}

func dialError(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return status.Errorf(status.UnknownTarget, "there is no bus at %s: start one with \"ubinder up\", or say where it is with UBINDER_BUS: %w", path, err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return status.Errorf(status.UnknownTarget, "nobody serves the bus at %s: start it again with \"ubinder up\": %w", path, err)
	case errors.Is(err, fs.ErrPermission):
		return status.Errorf(status.Denied, "this user may not connect to the bus at %s: %w", path, err)
	case errors.Is(err, syscall.EPROTOTYPE):
		return status.Errorf(status.UnknownTarget, "%s is a socket, but not of a bus: start a bus elsewhere with \"ubinder up\" and UBINDER_BUS: %w", path, err)
	}
	return status.Errorf(status.UnknownTarget, "connecting to the bus at %s: %w", path, err)
}

func (c *Conn) hello(ctx context.Context, path, name string) error {
	p := brokerwire.Packet{Kind: brokerwire.Hello, Value: brokerwire.Magic, Code: brokerwire.Version, Text: name}
	sendErr := c.sock.Send(p.Append(nil)) // a broker that refuses at once has said why all the same
	killpoint.At("hello: sent")
	stop := context.AfterFunc(ctx, func() { c.sock.SetReadDeadline(past) })
	answer, fds, err := c.receive()
	sys.CloseAll(fds)
	if !stop() && ctx.Err() != nil {
		return status.FromContext(ctx)
	}
	switch {
	case err != nil && sendErr != nil:
		return status.Errorf(status.Dead, "hello to the bus at %s: %w", path, sendErr)
	case err != nil:
		return status.Errorf(status.Protocol, "%s does not answer as a broker of this version (%d) does: start one of this version with \"ubinder up\": %w", path, brokerwire.Version, err)
	case answer.Kind == brokerwire.Error:
		return remoteError(answer)
	case answer.Kind != brokerwire.Welcome:
		return status.Errorf(status.Protocol, "%s answered hello with packet %d", path, answer.Kind)
	}
	c.self = peerOf(&answer.Identity)
	killpoint.At("hello: welcomed")
	return nil
}

func peerOf(i *brokerwire.Identity) Peer {
	return Peer{ID: i.ID, PID: i.PID, UID: i.UID, GID: i.GID, Groups: i.Groups, Label: i.Label}
}

func remoteError(p brokerwire.Packet) error {
	return &status.Error{Code: status.Code(p.Code), Message: p.Text, Remote: true}
}

// Self returns this process's own identity.
func (c *Conn) Self() *Peer { return &c.self }

// Parker implements Membership.
func (c *Conn) Parker() wait.Parker { return &c.parker }

// Done is closed when the connection has ended; lanes may live on.
func (c *Conn) Done() <-chan struct{} { return c.done }

func (c *Conn) receive() (p brokerwire.Packet, files []sys.FD, err error) {
	err = c.sock.ReceiveWith(brokerwire.MaxSize, func(b []byte, fds []sys.FD, err error) error {
		if err != nil && !errors.Is(err, sys.ErrFilesLost) { // then that lane fails, not the connection
			return err
		}
		if p, err = brokerwire.Parse(b); err != nil {
			sys.CloseAll(fds)
			return err
		}
		files = fds
		return nil
	})
	return p, files, err
}

func (c *Conn) routineReceive() {
	for {
		p, fds, err := c.receive()
		if err != nil {
			c.end(status.Errorf(status.Dead, "the connection to the broker has ended: %w", err))
			return
		}
		if p.Kind == brokerwire.Introduction && len(fds) == 1 {
			c.introduced(&p, fds[0])
			continue
		}
		sys.CloseAll(fds)
		if p.Kind == brokerwire.Error && p.Cookie == 0 { // the broker's last word
			c.end(remoteError(p))
			return
		}
		c.mu.Lock()
		ch := c.waiting[p.Cookie]
		delete(c.waiting, p.Cookie)
		c.mu.Unlock()
		if ch != nil {
			ch <- p
		}
	}
}

func (c *Conn) introduced(p *brokerwire.Packet, fd sys.FD) {
	killpoint.At("introduction: received")
	peer := peerOf(&p.Identity)
	events, registered, opened := c.handler.Introduced(&peer)
	if events == nil {
		fd.Close()
		return
	}
	conn, err := sys.NewConn(fd)
	if err != nil {
		opened(nil, status.Errorf(status.Internal, "lane to process %d: %w", peer.ID, err))
		return
	}
	if !c.beginOpen(conn) {
		conn.Close()
		opened(nil, errConnClosed)
		return
	}
	NewLink(conn, &c.parker, &peer, events, registered, func(l *Link, err error) {
		c.endOpen(conn)
		opened(l, err)
	})
}

var errConnClosed = status.Errorf(status.Dead, "this process has closed its connection")

// beginOpen notes a handshake, so that Close can end it.
func (c *Conn) beginOpen(conn *sys.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opening == nil {
		return false
	}
	c.opening[conn] = true
	c.opens.Add(1)
	return true
}

func (c *Conn) endOpen(conn *sys.Conn) {
	c.mu.Lock()
	delete(c.opening, conn)
	c.mu.Unlock()
	c.opens.Done()
}

func (c *Conn) end(err error) {
	c.sock.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
		close(c.done)
	}
	for cookie, ch := range c.waiting {
		delete(c.waiting, cookie)
		ch <- brokerwire.Packet{Kind: brokerwire.Error, Code: uint32(status.Dead), Text: err.Error()}
	}
}

// Close ends the connection and every handshake under way; links that are open live on. It returns
// when no handshake is left.
func (c *Conn) Close() {
	c.mu.Lock()
	for conn := range c.opening {
		conn.Close()
	}
	c.opening = nil
	c.mu.Unlock()
	c.end(errConnClosed)
	c.opens.Wait()
}

// ask sends a request and waits for its answer.
func (c *Conn) ask(ctx context.Context, p brokerwire.Packet) (brokerwire.Packet, error) {
	ch := make(chan brokerwire.Packet, 1)
	c.mu.Lock()
	if c.err != nil {
		defer c.mu.Unlock()
		return p, c.err
	}
	c.cookie++
	p.Cookie = c.cookie
	c.waiting[p.Cookie] = ch
	c.mu.Unlock()
	killpoint.At("request")
	if err := c.sock.SendWait(p.Append(nil)); err != nil {
		c.forget(p.Cookie)
		return p, status.Errorf(status.Dead, "asking the broker: %w", err)
	}
	killpoint.At("request: sent")
	select {
	case answer := <-ch:
		killpoint.At("request: answered")
		if answer.Kind == brokerwire.Error {
			return answer, remoteError(answer)
		}
		return answer, nil
	case <-ctx.Done():
		c.forget(p.Cookie)
		return p, status.FromContext(ctx)
	}
}

func (c *Conn) forget(cookie uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, cookie)
}

// Introduce is Approach for who knows how the process is.
func (c *Conn) Introduce(ctx context.Context, process uint64) error {
	_, err := c.Approach(ctx, process)
	return err
}

// Approach implements Membership.
func (c *Conn) Approach(ctx context.Context, process uint64) (frozen bool, err error) {
	p, err := c.ask(ctx, brokerwire.Packet{Kind: brokerwire.Introduce, Value: process})
	return p.Kind == brokerwire.Done && p.Value != 0, err
}

// SetFrozen implements Membership.
func (c *Conn) SetFrozen(ctx context.Context, frozen bool) error {
	p := brokerwire.Packet{Kind: brokerwire.SetFrozen}
	if frozen {
		p.Value = 1
	}
	_, err := c.ask(ctx, p)
	return err
}

// ContextManager returns the process that holds handle 0, and the node behind it. The handler has been
// told of a lane to it, if there can be one.
func (c *Conn) ContextManager(ctx context.Context) (process, node uint64, err error) {
	p, err := c.ask(ctx, brokerwire.Packet{Kind: brokerwire.GetContextManager})
	return p.Value, p.ID, err
}

// BecomeContextManager makes node of this process the one behind handle 0.
func (c *Conn) BecomeContextManager(ctx context.Context, node uint64) error {
	_, err := c.ask(ctx, brokerwire.Packet{Kind: brokerwire.SetContextManager, Value: node})
	return err
}

// Find returns the lowest process id above after that belongs to the OS process pid; zero if there is
// none.
func (c *Conn) Find(ctx context.Context, pid int32, after uint64) (process uint64, err error) {
	p, err := c.ask(ctx, brokerwire.Packet{Kind: brokerwire.Find, Value: after, Identity: brokerwire.Identity{PID: pid}})
	return p.Value, err
}

// LeaveContextManager takes node of this process away from handle 0, if it is there.
func (c *Conn) LeaveContextManager(ctx context.Context, node uint64) error {
	_, err := c.ask(ctx, brokerwire.Packet{Kind: brokerwire.SetContextManager, Identity: brokerwire.Identity{ID: node}})
	return err
}
