package binder

import (
	"context"
	"sync"

	"ubinder/runtime/status"
)

// Future is a call whose answer is taken later. Its methods may be called concurrently. One that
// nobody uses any more needs nothing: what its answer brings is given back by the garbage collector.
type Future struct {
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex
	reply   Reply
	err     error
	taken   bool // by Wait: the reply is the caller's
	dropped bool // by Cancel
}

// Async starts a call and returns when it is on its way: calls that are started one after the other on
// one object arrive there in that order. (Their handlers may run in parallel, as those of all calls.)
// When as many calls are under way as the transport can have it waits, until one has ended or ctx has. It
// always returns a Future, and what fails fails there. The call ends with ctx.
//
// What t points to is only read, and must stay as it is until the call is done. Each call that is under way
// has a goroutine: it handles what comes back to the call's chain.
func Async(ctx context.Context, o Object, t *Transaction) *Future {
	ctx, cancel := context.WithCancel(ctx)
	f := &Future{cancel: cancel, done: make(chan struct{})}
	posted := make(chan struct{})
	call := *t
	call.Posted = sync.OnceFunc(func() { close(posted) })
	go f.routineCall(ctx, o, &call)
	select {
	case <-posted:
	case <-f.done:
	}
	return f
}

func (f *Future) routineCall(ctx context.Context, o Object, t *Transaction) {
	defer f.cancel()
	var r Reply
	err := error(errGoexit)
	defer func() { f.end(&r, err) }()
	err = o.Transact(ctx, t, &r)
}

var errGoexit = status.Errorf(status.Internal, "a handler has ended the goroutine of the call")

func (f *Future) end(r *Reply, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dropped {
		r.Release()
	} else {
		f.reply, f.err = *r, err
	}
	close(f.done)
}

// Done is closed when the call has ended: Wait then returns at once.
func (f *Future) Done() <-chan struct{} { return f.done }

// Wait waits until the call has ended and returns its reply, which the caller releases; it may be called
// again, and returns the same. When ctx ends first it returns that as an error, and the call goes on.
func (f *Future) Wait(ctx context.Context) (*Reply, error) {
	select {
	case <-f.done:
	default:
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, status.FromContext(ctx)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return nil, f.err
	}
	f.taken = true
	return &f.reply, nil
}

// Cancel gives the call up, as the end of its context would, and its reply back if that has come and
// nobody has taken it. Wait then fails with status.Cancelled.
func (f *Future) Cancel() {
	f.cancel()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.taken || f.dropped || f.err != nil {
		return
	}
	f.dropped = true
	f.err = status.Errorf(status.Cancelled, "the call was cancelled by who had started it")
	f.reply.Release()
}
