package object_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/bus"
	"ubinder/runtime/object"
)

// slowBody is a reply that has its room, and is not written before release is closed.
type slowBody struct {
	size    int
	begun   func()
	release chan struct{}
	err     error
}

func (b *slowBody) Size() int { return b.size }

func (b *slowBody) AppendTo(dst []byte) ([]byte, error) {
	b.begun()
	<-b.release
	return dst[:b.size], b.err
}

// What the process behind handle 0 asks of the scatterer's object.
const (
	askSlow = iota + 1
	askLarge
	askHuge
	askObjects
	askFiles
)

const (
	slowReply  = 1 << 20
	largeReply = 3 << 19
	callSize   = 256 << 10
)

// scatterer is a process whose outbox is cut up: the calls that it may have in there are queued, ahead of them is a
// hole of slowReply bytes, and behind them there are as many. They are begun when a handler has got a reply from it.
type scatterer struct {
	testing.TB
	own   *object.Transport
	root  *binder.Handle
	queue sync.WaitGroup
	slow  slowBody
	huge  []*slowBody
	mu    sync.Mutex
}

func (s *scatterer) Transact(_ context.Context, c *binder.IncomingCall) error {
	switch c.Code {
	case askSlow:
		c.Reply.Body = &s.slow
	case askLarge:
		c.Reply.Payload = make([]byte, largeReply)
	case askObjects:
		c.Reply.Payload = make([]byte, largeReply)
		c.Reply.Attachments = make([]binder.Attachment, bus.MaxAttached)
	case askFiles:
		c.Reply.Payload = make([]byte, largeReply)
		c.Reply.Attachments = slices.Repeat([]binder.Attachment{{File: os.Stderr}}, bus.MaxAttachedFiles)
	case askHuge:
		s.mu.Lock()
		defer s.mu.Unlock()
		c.Reply.Body, s.huge = s.huge[0], s.huge[1:]
	}
	return nil
}

// fill queues as many calls as the outbox takes, and lets go of what is ahead of them.
func (s *scatterer) fill() {
	var posted sync.WaitGroup
	for range bus.CallBytes / callSize {
		posted.Add(1)
		s.queue.Go(func() {
			var r binder.Reply
			tr := binder.Transaction{Code: rootTake, Data: binder.Data{Payload: make([]byte, callSize)}, Posted: posted.Done}
			assert.NoError(s, s.root.Transact(context.Background(), &tr, &r))
			r.Release()
		})
	}
	posted.Wait()
	close(s.slow.release)
}

func ask(ctx context.Context, o binder.Object, code uint32) (int, error) {
	var r binder.Reply
	defer r.Release()
	err := o.Transact(ctx, &binder.Transaction{Code: code}, &r)
	return len(r.Payload), err
}

// scatter has handler run in the only looper of a process, with an object of a scatterer's, when that is filled.
func scatter(t *testing.T, s *scatterer, handler func(ctx context.Context, o binder.Object) error) {
	path := brokertest.Start(t)
	own, err := object.Dial(t.Context(), path, "scatterer")
	require.NoError(t, err)
	p := binder.NewProcess(own)
	t.Cleanup(func() { p.Close() })
	s.TB, s.own = t, own // before there is a handler: what goes through shared memory the race detector does not see
	server := serveRoot(t, path, func(ctx context.Context, c *binder.IncomingCall) error {
		if c.Code == rootTake {
			return nil
		}
		if n, err := ask(ctx, c.Attachments[0].Object, askSlow); err != nil || n != slowReply {
			return errors.Join(err, errors.New("no slow reply"))
		}
		return handler(ctx, c.Attachments[0].Object)
	})
	server.SetLoopers(1)
	s.root = rootOf(t, p)
	s.slow = slowBody{size: slowReply, begun: s.fill, release: make(chan struct{})}
	tr := binder.Transaction{Code: rootTake + 1, Data: binder.Data{Attachments: []binder.Attachment{{Object: p.NewNode(s)}}}}
	require.NoError(t, s.root.Transact(t.Context(), &tr, new(binder.Reply)))
	s.queue.Wait()
}

// A reply that finds no room in one piece gets through all the same, while every call that could make room waits
// for it.
func TestALargeReplyNeedsNoRoomInOnePiece(t *testing.T) {
	for name, code := range map[string]uint32{"alone": askLarge, "with objects": askObjects, "with files": askFiles} {
		t.Run(name, func(t *testing.T) {
			scatter(t, new(scatterer), func(ctx context.Context, o binder.Object) error {
				n, err := ask(ctx, o, code)
				assert.Equal(t, largeReply, n)
				return err
			})
		})
	}
}

// Nor does one that has to wait, because large replies have taken all that there is beside the outbox.
func TestALargeReplyThatIsOwedNeedsNoRoomInOnePiece(t *testing.T) {
	var begun sync.WaitGroup
	s, release, failed := new(scatterer), make(chan struct{}), errors.New("this reply was only to take room")
	for range bus.BulkBytes / bus.MaxPayload {
		begun.Add(1)
		s.huge = append(s.huge, &slowBody{size: bus.MaxPayload, begun: begun.Done, release: release, err: failed})
	}
	scatter(t, s, func(ctx context.Context, o binder.Object) error {
		var huge sync.WaitGroup
		for range bus.BulkBytes / bus.MaxPayload {
			huge.Go(func() {
				_, err := ask(context.Background(), o, askHuge)
				assert.ErrorContains(t, err, failed.Error())
			})
		}
		begun.Wait()
		go func() {
			for s.own.Owed() == 0 {
				runtime.Gosched()
			}
			close(release)
		}()
		n, err := ask(ctx, o, askLarge)
		assert.Equal(t, largeReply, n)
		huge.Wait()
		return err
	})
}
