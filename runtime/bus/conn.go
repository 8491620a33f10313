package bus

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"ubinder/runtime/internal/brokerwire"
	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/internal/wait"
	"ubinder/runtime/status"
)

// Conn is a process's connection to the broker. Safe for concurrent use.
type Conn struct {
	sock    *sys.Conn
	parker  wait.Futex
	standIn standIn
	self    Peer
	handler ConnHandler
	done    chan struct{}           // closed when the connection has ended
	managed atomic.Bool             // a context manager was found, and met
	eager   time.Time               // until then who has said hello naps; zero when another goroutine receives
	early   atomic.Pointer[request] // the question for it that went with the hello; nil: none, or its answer was taken

	mu      sync.Mutex
	err     error
	cookie  uint32
	waiting map[uint32]request
	opening map[*sys.Conn]bool // sockets of lanes in their handshake
	opens   sync.WaitGroup
}

// request is a question to the broker that is not answered. One that makes a lane is answered when the lane is
// open, or has failed; it is kept even when nobody waits for it any more, because a lane is made once.
type request struct {
	answer chan brokerwire.Packet // has room for one
	outbox *Outbox                // that was sent with it; nil: no lane is asked for
}

// Dial connects to the broker at path and says hello. name is for people who look at the bus.
func Dial(ctx context.Context, path, name string, h ConnHandler) (*Conn, error) {
	return dial(ctx, path, name, h, false)
}

// DialAndAsk is Dial for who wants the context manager next: it asks for it in the same breath. The first
// ContextManager returns that answer, if there was one behind handle 0. Nobody receives before Begin.
func DialAndAsk(ctx context.Context, path, name string, h ConnHandler) (*Conn, error) {
	return dial(ctx, path, name, h, true)
}

// dial makes the outbox that goes with a question while the broker is being woken: it then finds hello and question
// together.
func dial(ctx context.Context, path, name string, h ConnHandler, ask bool) (*Conn, error) {
	sock, err := sys.Dial(path)
	if err != nil {
		return nil, dialError(path, err)
	}
	c := &Conn{sock: sock, handler: h, done: make(chan struct{}), eager: time.Now().Add(eagerness),
		waiting: make(map[uint32]request), opening: make(map[*sys.Conn]bool)}
	killpoint.At("hello: connected")
	var o *Outbox
	if ask {
		o, _ = NewOutbox() // without one it is asked later
	}
	if err := c.hello(ctx, path, name, o); err != nil {
		c.end(err)
		return nil, err
	}
	if !ask {
		c.eager = time.Time{}
		go c.routineReceive()
	}
	return c, nil
}

// Begin begins to receive on a connection of DialAndAsk. What the answer to its question takes happens on the calling
// goroutine, the handler's callbacks too, if it comes soon: another one, and a thread for it, would have to be woken
// three times.
func (c *Conn) Begin() {
	for c.expecting() && nap(c.sock, c.eager) {
		if !c.receiveNext(c.sock.ReceiveWithNow) {
			return
		}
	}
	c.eager = time.Time{}
	go c.routineReceive()
}

// expecting reports whether there is a question that was not answered.
func (c *Conn) expecting() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting) > 0
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

// hello sends the hello, and with an outbox the question for the context manager, and waits for the welcome.
func (c *Conn) hello(ctx context.Context, path, name string, o *Outbox) error {
	p := brokerwire.Packet{Kind: brokerwire.Hello, Value: brokerwire.Magic, Code: brokerwire.Version, Text: name}
	sendErr := c.sock.Send(p.Append(nil)) // a broker that refuses at once has said why all the same
	killpoint.At("hello: sent")
	if o != nil {
		c.askEarly(o)
	}
	stop := context.AfterFunc(ctx, func() { c.sock.SetReadDeadline(past) })
	nap(c.sock, c.eager)
	answer, fds, err := receive(c.sock.ReceiveWithNow)
	if errors.Is(err, sys.ErrWouldBlock) {
		answer, fds, err = receive(c.sock.ReceiveWith)
	}
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

// receive returns a packet of the broker's. Without files that were lost, that lane fails, not the connection.
func receive(with sys.Receiver) (brokerwire.Packet, []sys.FD, error) {
	return sys.ReceiveParsed(with, brokerwire.MaxSize, brokerwire.Parse)
}

func (c *Conn) routineReceive() {
	sys.GrowStack()
	for c.receiveNext(c.sock.ReceiveWith) {
	}
}

// receiveNext does what a packet asks for. It is false when the connection has ended.
func (c *Conn) receiveNext(with sys.Receiver) bool {
	p, fds, err := receive(with)
	if errors.Is(err, sys.ErrWouldBlock) {
		return true
	}
	if err == nil && p.Kind == brokerwire.Introduction {
		c.introduced(&p, fds)
		return true
	}
	sys.CloseAll(fds)
	switch {
	case err != nil:
		c.end(status.Errorf(status.Dead, "the connection to the broker has ended: %w", err))
		return false
	case p.Kind == brokerwire.Error && p.Cookie == 0: // the broker's last word
		c.end(remoteError(p))
		return false
	}
	if r, ok := c.answered(p.Cookie); ok {
		r.outbox.Close()
		r.answer <- p
	}
	return true
}

// answered takes a request that the broker has answered.
func (c *Conn) answered(cookie uint32) (r request, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok = c.waiting[cookie]
	delete(c.waiting, cookie)
	return r, ok
}

func (c *Conn) end(err error) {
	c.sock.Shutdown() // who comes next finds that this process has left
	go c.sock.Close() // and what was not received: ends of lanes, on which peers may have sent files already
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
		close(c.done)
	}
	for cookie, r := range c.waiting {
		delete(c.waiting, cookie)
		r.outbox.Close()
		r.answer <- brokerwire.Packet{Kind: brokerwire.Error, Code: uint32(status.Dead), Text: err.Error()}
	}
}

// Close ends the connection and every handshake under way; links that are open live on. It returns
// when no handshake is left, and does not wait for sockets with files that nobody has received, which may take as long to
// close as whoever sent these likes.
func (c *Conn) Close() {
	c.mu.Lock()
	for conn := range c.opening {
		go conn.Close()
	}
	c.opening = nil
	c.mu.Unlock()
	c.end(errConnClosed)
	c.opens.Wait()
	c.standIn.close()
}

// askEarly sends the question for the context manager. If that fails, so does the hello, or it is asked again.
func (c *Conn) askEarly(o *Outbox) {
	c.cookie++
	r := request{make(chan brokerwire.Packet, 1), o}
	c.waiting[c.cookie] = r
	p := brokerwire.Packet{Kind: brokerwire.GetContextManager, Cookie: c.cookie}
	if c.sock.SendMemory(p.Append(nil), o.FD()) != nil {
		c.forget(p.Cookie)
		return
	}
	c.early.Store(&r)
	killpoint.At("hello: asked early")
}

// ask sends a request, with an outbox if it may make a lane, and waits for its answer.
func (c *Conn) ask(ctx context.Context, p brokerwire.Packet, o *Outbox) (brokerwire.Packet, error) {
	answer := make(chan brokerwire.Packet, 1)
	c.mu.Lock()
	if c.err != nil {
		defer c.mu.Unlock()
		o.Close()
		return p, c.err
	}
	c.cookie++
	p.Cookie = c.cookie
	c.waiting[p.Cookie] = request{answer, o}
	c.mu.Unlock()
	killpoint.At("request")
	if err := c.send(p, o); err != nil {
		c.forget(p.Cookie)
		return p, status.Errorf(status.Dead, "asking the broker: %w", err)
	}
	killpoint.At("request: sent")
	select {
	case p := <-answer:
		killpoint.At("request: answered")
		if p.Kind == brokerwire.Error {
			return p, remoteError(p)
		}
		return p, nil
	case <-ctx.Done():
		if o == nil {
			c.forget(p.Cookie)
		}
		return p, status.FromContext(ctx)
	}
}

func (c *Conn) send(p brokerwire.Packet, o *Outbox) error {
	if o == nil {
		return c.sock.SendWait(p.Append(nil))
	}
	return c.sock.SendWait(p.Append(nil), o.FD())
}

func (c *Conn) forget(cookie uint32) {
	if r, ok := c.answered(cookie); ok {
		r.outbox.Close()
	}
}
