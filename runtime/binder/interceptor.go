package binder

import "context"

// Invoker makes a call on an object of another process; Handle.Transact is one.
type Invoker func(ctx context.Context, o *Handle, t *Transaction, r *Reply) error

// ClientInterceptor wraps what a process's handles do in Transact. It sees the call, what comes back
// and how long it takes; it may change both, and refuse by not calling next. It is called once when
// the process is made; the Invoker that it returns runs concurrently, on the caller's goroutine. t and
// r are the caller's: they may not be kept.
type ClientInterceptor func(next Invoker) Invoker

// ServerInterceptor wraps what serves a node's calls: those of other processes and those made inside
// this one, meta transactions included. It sees c, its Caller and Target, and with the error that next
// returns what is answered; it may change both, and refuse by not calling next. When next has returned, the bytes of c.Payload may
// be others, and still change: they may be the handler's own. It is called once for a
// node; the Handler that it returns runs concurrently, on the goroutine that handles the call.
type ServerInterceptor func(next Handler) Handler

// ProcessOption configures a process.
type ProcessOption func(*Process)

// WithClientInterceptors puts interceptors around every call that the process makes on a handle, the
// first outermost.
func WithClientInterceptors(list ...ClientInterceptor) ProcessOption {
	return func(p *Process) { p.clients = append(p.clients, list...) }
}

// WithServerInterceptors puts interceptors around every call that nodes of the process handle, the
// first outermost, and all outside those of the node.
func WithServerInterceptors(list ...ServerInterceptor) ProcessOption {
	return func(p *Process) { p.servers = append(p.servers, list...) }
}

// WithInterceptors puts interceptors around the calls of one node, the first outermost.
func WithInterceptors(list ...ServerInterceptor) NodeOption {
	return func(n *Node) { n.servers = append(n.servers, list...) }
}

// intercept returns what serves a node; nil stands for the node alone.
func (n *Node) intercept() Handler {
	if len(n.process.servers)+len(n.servers) == 0 {
		return nil
	}
	h := Handler(HandlerFunc(n.serveIntercepted))
	for _, list := range [][]ServerInterceptor{n.servers, n.process.servers} {
		for i := len(list) - 1; i >= 0; i-- {
			h = list[i](h)
		}
	}
	return h
}

// invoker returns what calls go through; nil stands for the transport alone.
func (p *Process) invoker() Invoker {
	if len(p.clients) == 0 && !p.restricted {
		return nil
	}
	call := Invoker(sendRemote)
	for i := len(p.clients) - 1; i >= 0; i-- {
		call = p.clients[i](call)
	}
	return call
}
