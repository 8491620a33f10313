package binder

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"ubinder/runtime/parcel"
	"ubinder/runtime/status"
)

// Process is one connection to a domain: it owns nodes and holds handles. All methods may be called
// concurrently.
type Process struct {
	transport Transport
	nodes     atomic.Uint64
	mayFreeze FreezePolicy // nil: the default
	format    parcel.Format
	spin      time.Duration // negative: the transport decides
	asksEarly bool          // for the context manager

	watermarks *HandleWatermarks

	clients []ClientInterceptor
	servers []ServerInterceptor
	invoke  Invoker // through clients and restrictions; nil: there are none

	restriction        Restriction
	handlerRestriction Restriction
	restricted         bool
}

// NewProcess puts the API on a transport, which the process then owns. Programs call
// connect.Open instead.
func NewProcess(t Transport, options ...ProcessOption) *Process {
	p := &Process{transport: t, spin: -1}
	for _, o := range options {
		o(p)
	}
	p.invoke = p.invoker()
	if p.spin >= 0 {
		t.SetSpin(p.spin)
	}
	t.Start(p)
	return p
}

// ID returns the process's number in its domain.
func (p *Process) ID() ProcessID { return p.transport.Self().Process }

// Identity returns what others see of this process.
func (p *Process) Identity() *Identity { return p.transport.Self() }

// WithParcelFormat sets which of Android's encodings the process speaks in parcels (package stub, for
// interfaces of AIDL), as a client and as a service: that of the newest release otherwise. All processes
// of a domain have to speak the same one.
func WithParcelFormat(f parcel.Format) ProcessOption { return func(p *Process) { p.format = f } }

// ParcelFormat returns the format that the process speaks.
func (p *Process) ParcelFormat() parcel.Format { return p.format }

// NewNode makes an object that h serves. It costs nothing on the bus until it is passed on.
func (p *Process) NewNode(h Handler, options ...NodeOption) *Node {
	n := &Node{id: p.nodes.Add(1), process: p, handler: h}
	for _, o := range options {
		o(n)
	}
	n.intercepted = n.intercept()
	return n
}

// WithContextManager has connect.Open ask for the context manager in the same breath as it says hello, so that
// the two meet while the process is opened. The first ContextManager then returns what was behind handle 0 at that
// time; if there was nothing it asks again.
func WithContextManager() ProcessOption { return func(p *Process) { p.asksEarly = true } }

// AsksForContextManager reports whether WithContextManager is among options.
func AsksForContextManager(options ...ProcessOption) bool {
	var p Process
	for _, o := range options {
		o(&p)
	}
	return p.asksEarly
}

// ContextManager returns a handle to the object behind handle 0, the service manager.
func (p *Process) ContextManager(ctx context.Context) (*Handle, error) {
	r, err := p.transport.ContextManager(ctx)
	if err != nil {
		return nil, err
	}
	return NewHandle(p, r), nil
}

// BecomeContextManager puts n behind handle 0 of the domain. It fails with status.Denied when
// another live process has that place or policy forbids it.
func (p *Process) BecomeContextManager(ctx context.Context, n *Node) error {
	return p.transport.SetContextManager(ctx, n)
}

// SetOnewaySpamDetection sets whether oneway calls tell their sender SpamSuspected; they do until then.
// It is the driver's BINDER_ENABLE_ONEWAY_SPAM_DETECTION.
func (p *Process) SetOnewaySpamDetection(on bool) { p.transport.SetOnewaySpamDetection(on) }

// Lost is closed when the process has lost its domain's broker. What it has goes on: calls, objects,
// deaths; it meets no process that it has not met.
func (p *Process) Lost() <-chan struct{} { return p.transport.Lost() }

// Done is closed when Close has ended the connection.
func (p *Process) Done() <-chan struct{} { return p.transport.Done() }

// Close ends the connection. Its nodes die for others, its calls fail with status.Dead.
func (p *Process) Close() error { return p.transport.Close() }

// Transact implements Object for a node: the handler runs on the caller's goroutine, on the caller's own
// payload; the reply is copied, since its memory is the handler's. A oneway call runs on a goroutine of the node's, after those before it.
func (n *Node) Transact(ctx context.Context, t *Transaction, r *Reply) error {
	payload, err := t.bytes()
	if err != nil {
		return err
	}
	if t.Body != nil && t.Flags&ClearBuf != 0 {
		defer clear(payload)
	}
	c := &IncomingCall{
		Code: t.Code, Flags: t.Flags, Interface: t.Interface, Target: n, Caller: n.process.Identity(),
		Received: Received{Payload: payload, Encoding: t.Encoding},
	}
	if c.Attachments, err = dupAttachments(ctx, t.Attachments); err != nil {
		return err
	}
	ctx = n.localContext(ctx)
	if c.Oneway() {
		c.Payload = append([]byte(nil), payload...)
		n.oneway.push(func() {
			defer c.Done()
			if c.Flags&ClearBuf != 0 {
				defer clear(c.Payload)
			}
			n.handle(context.WithoutCancel(ctx), c)
		})
		return nil
	}
	defer c.Done()
	if t.Posted != nil {
		t.Posted()
	}
	if err := n.handle(ctx, c); err != nil {
		return localError(err)
	}
	return r.fromLocal(ctx, c)
}

// localContext is what a handler sees of a call inside its process: the process is the caller, and
// the chain goes on.
func (n *Node) localContext(ctx context.Context) context.Context {
	s := *scopeOf(ctx)
	s.caller, s.self, s.guard = n.process.Identity(), n.process, ""
	s.work.propagated = false // as if it had come from elsewhere
	return s.in(ctx)
}

// localError gives an error the code that it would have if it came from another process.
func localError(err error) error {
	var e *status.Error
	if errors.As(err, &e) {
		return err
	}
	return status.Errorf(status.CodeOf(err), "%w", err)
}

func (d *Data) bytes() ([]byte, error) {
	if d.Body == nil {
		return d.Payload, nil
	}
	b, err := d.Body.AppendTo(make([]byte, 0, d.Body.Size()))
	if err != nil {
		return nil, status.Errorf(status.Encoding, "payload: %w", err)
	}
	return b, nil
}

func (r *Reply) fromLocal(ctx context.Context, c *IncomingCall) error {
	d := &c.Reply
	payload, err := d.bytes()
	if err != nil {
		return err
	}
	if d.Body == nil {
		payload = bytes.Clone(payload)
	}
	if c.Flags&ClearBuf != 0 {
		r.SetMemory(secret(payload))
	}
	if r.Attachments, err = dupAttachments(ctx, d.Attachments); err != nil {
		r.Release()
		return err
	}
	r.Payload, r.Encoding = payload, d.Encoding
	return nil
}

// secret is memory that is wiped when it is freed.
type secret []byte

// Free implements Memory.
func (s secret) Free() { clear(s) }
