package record

import (
	"context"
	"os"
	"sync"
	"sync/atomic"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// Allow lets a node be recorded by who calls binder.StartRecording on it, into the file that is passed
// along. check says who may, nil for the user of the process itself: a recording holds everybody's
// calls. The node's calls wait for the file, so that a pipe that nobody reads stops the node.
func Allow(check func(caller *binder.Identity) error) binder.NodeOption {
	return binder.WithInterceptors(onDemand(check))
}

// AllowAll is Allow for every node of a process, each of which is recorded for itself.
func AllowAll(check func(caller *binder.Identity) error) binder.ProcessOption {
	return binder.WithServerInterceptors(onDemand(check))
}

func onDemand(check func(caller *binder.Identity) error) binder.ServerInterceptor {
	return func(next binder.Handler) binder.Handler {
		r := &recorder{check: check, next: next}
		return binder.HandlerFunc(r.transact)
	}
}

// recorder records a node when it is told to.
type recorder struct {
	check func(caller *binder.Identity) error
	next  binder.Handler

	w    atomic.Pointer[Writer] // nil: nothing is recorded
	mu   sync.Mutex             // held while that changes
	file *os.File               // of w
}

func (r *recorder) transact(ctx context.Context, c *binder.IncomingCall) error {
	switch c.Code {
	case binder.StartRecordingTransaction:
		return r.allowed(c, func() error { return r.start(c.TakeFile(0)) })
	case binder.StopRecordingTransaction:
		return r.allowed(c, r.stop)
	}
	w := r.w.Load()
	if w == nil {
		return r.next.Transact(ctx, c)
	}
	return handle(ctx, c, r.next, w)
}

func (r *recorder) allowed(c *binder.IncomingCall, do func() error) error {
	self := c.Target.Process().Identity()
	switch {
	case r.check != nil:
		if err := r.check(c.Caller); err != nil {
			return status.Errorf(status.Denied, "process %d may not record %s: %w", c.Caller.Process, c.Target.Descriptor(), err)
		}
	case c.Caller.UID != self.UID:
		return status.Errorf(status.Denied, "user %d may not record %s, which is user %d's", c.Caller.UID, c.Target.Descriptor(), self.UID)
	}
	return do()
}

func (r *recorder) start(f *os.File) error {
	if f == nil {
		return status.Errorf(status.BadValue, "a recording takes the file to write to along")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file != nil {
		f.Close()
		return status.Errorf(status.BadValue, "the object is being recorded already")
	}
	w, err := NewWriter(f)
	if err != nil {
		f.Close()
		return status.Errorf(status.BadValue, "the file of the recording: %w", err)
	}
	r.file = f
	r.w.Store(w)
	return nil
}

// stop ends the recording, and tells why it has ended before, if it has. Calls that are under way are
// not in it.
func (r *recorder) stop() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return status.Errorf(status.BadValue, "the object is not being recorded")
	}
	err := r.w.Swap(nil).close()
	r.file.Close()
	r.file = nil
	if err != nil {
		return status.Errorf(status.BadValue, "the recording has ended early: %w", err)
	}
	return nil
}
