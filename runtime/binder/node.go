package binder

import (
	"context"
)

// Handler serves the transactions of a Node. Synchronous calls may run in parallel; oneway calls on
// one node run one at a time, in the order they were sent.
type Handler interface {
	// Transact handles one transaction: it reads c.Payload and the attachments, and fills c.Reply
	// unless the call is oneway. What it returns as an error reaches the caller with its
	// status.Code; an error without one becomes status.Internal.
	//
	// c is valid until Transact returns; ctx ends then, and before when the caller gives up.
	// c.Reply may point into c.Payload and use c.Attachments.
	Transact(ctx context.Context, c *IncomingCall) error
}

// HandlerFunc makes a function a Handler.
type HandlerFunc func(ctx context.Context, c *IncomingCall) error

// Transact implements Handler.
func (f HandlerFunc) Transact(ctx context.Context, c *IncomingCall) error { return f(ctx, c) }

// IncomingCall is one transaction being handled.
type IncomingCall struct {
	Code      uint32
	Flags     Flags
	Interface uint32
	Target    *Node
	Caller    *Identity
	Received
	Reply   Data    // what to answer; ignored for oneway calls
	Scratch Scratch // for package stub: memory that serves one call after the other; nil: none yet

	notes    []Note
	contexts *[contextBlock]CallContext // for this and the next calls
	begun    uint                       // how many calls have had one
}

// Scratch is memory of who serves calls. End is called when the reply was sent, or will not be.
type Scratch interface{ End() }

// Oneway reports whether nobody waits for a reply.
func (c *IncomingCall) Oneway() bool { return c.Flags&Oneway != 0 }

// Done gives back what the handler did not take, and what the façade kept until the reply was
// posted. It is for transports.
func (c *IncomingCall) Done() {
	if len(c.Attachments) > 0 {
		c.drop()
	}
	if c.Scratch != nil {
		c.Scratch.End()
	}
}

// Node is an object that lives in this process. It may be passed to other processes at any time and
// any number of times. It lives until its process ends, Destroy, or, after Disown, until nobody else
// holds it.
type Node struct {
	id         uint64
	process    *Process
	handler    Handler
	descriptor string
	iface      uint32
	releases   releases
	life       life
	oneway     line
	nice       *NiceRange // nil: handlers run at whatever their thread has

	meta        *metaAnswers // nil: only what every node answers
	servers     []ServerInterceptor
	intercepted Handler // the node behind its interceptors; nil: there are none
}

// NodeOption configures a node.
type NodeOption func(*Node)

// WithDescriptor names the interface that the node implements; calls meant for another interface
// are refused with status.UnknownMethod.
func WithDescriptor(d string) NodeOption {
	return func(n *Node) { n.descriptor, n.iface = d, InterfaceID(d) }
}

// NodeID returns the node's number in its process. It is for transports; zero is never used.
func (n *Node) NodeID() uint64 { return n.id }

// Descriptor returns the name of the interface, or "".
func (n *Node) Descriptor() string { return n.descriptor }

// Handler returns what serves the node.
func (n *Node) Handler() Handler { return n.handler }

// Process returns the connection that the node belongs to.
func (n *Node) Process() *Process { return n.process }

// ID implements Object.
func (n *Node) ID(context.Context) (ObjectID, error) {
	return ObjectID{Owner: n.process.ID(), Node: n.id}, nil
}
