package binder

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/status"
)

// note has an interceptor write down when a call passes it, in both directions.
func note(log *[]string, name string) ServerInterceptor {
	return func(next Handler) Handler {
		return HandlerFunc(func(ctx context.Context, c *IncomingCall) error {
			*log = append(*log, name)
			err := next.Transact(ctx, c)
			*log = append(*log, name+" ends")
			return err
		})
	}
}

func TestServerInterceptorsNest(t *testing.T) {
	var log []string
	p := NewProcess(lonely{}, WithServerInterceptors(note(&log, "a"), note(&log, "b")))
	n := p.NewNode(HandlerFunc(func(context.Context, *IncomingCall) error {
		log = append(log, "handler")
		return nil
	}), WithInterceptors(note(&log, "c"), note(&log, "d")))
	_, err := Call(context.Background(), n, 1, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b", "c", "d", "handler", "d ends", "c ends", "b ends", "a ends"}, log)
}

func TestServerInterceptorRefuses(t *testing.T) {
	refuse := func(Handler) Handler {
		return HandlerFunc(func(_ context.Context, c *IncomingCall) error {
			return status.Errorf(status.Denied, "process %d may not", c.Caller.Process)
		})
	}
	n := NewProcess(lonely{}).NewNode(HandlerFunc(unaware), WithInterceptors(refuse))
	require.ErrorIs(t, Ping(context.Background(), n), status.Denied, "meta transactions too")
	require.ErrorContains(t, Ping(context.Background(), n), "process 1 may not")
}

func TestServerInterceptorIsToldOfPanics(t *testing.T) {
	var seen error
	watch := func(next Handler) Handler {
		return HandlerFunc(func(ctx context.Context, c *IncomingCall) error {
			seen = next.Transact(ctx, c)
			return seen
		})
	}
	n := NewProcess(lonely{}).NewNode(HandlerFunc(func(context.Context, *IncomingCall) error { panic("lost its head") }), WithInterceptors(watch))
	_, err := Call(context.Background(), n, FirstCode, nil)
	require.ErrorIs(t, err, status.Internal)
	require.ErrorContains(t, err, "lost its head")
	require.ErrorContains(t, seen, "lost its head")
}

func TestServerInterceptorChangesTheReply(t *testing.T) {
	double := func(next Handler) Handler {
		return HandlerFunc(func(ctx context.Context, c *IncomingCall) error {
			err := next.Transact(ctx, c)
			c.Reply.Payload = append(c.Reply.Payload, c.Reply.Payload...)
			return err
		})
	}
	n := NewProcess(lonely{}).NewNode(HandlerFunc(unaware), WithDescriptor("ab"), WithInterceptors(double))
	descriptor, err := InterfaceDescriptor(context.Background(), n)
	require.NoError(t, err)
	assert.Equal(t, "abab", descriptor)
}

// echoing is a reference to an object that answers with its name and the payload.
type echoing struct {
	Remote
	name string
}

func (e echoing) Transact(_ context.Context, t *Transaction, r *Reply) error {
	r.Payload = append([]byte(e.name), t.Payload...)
	return nil
}

func (echoing) Release()   {}
func (echoing) Collected() {}

func TestClientInterceptorsNest(t *testing.T) {
	say := func(text string) ClientInterceptor {
		return func(next Invoker) Invoker {
			return func(ctx context.Context, o *Handle, tr *Transaction, r *Reply) error {
				changed := *tr
				changed.Payload = append(tr.Payload, text...)
				return next(ctx, o, &changed, r)
			}
		}
	}
	refuse := func(next Invoker) Invoker {
		return func(ctx context.Context, o *Handle, tr *Transaction, r *Reply) error {
			if tr.Code == 2 {
				return status.Errorf(status.Denied, "not this one")
			}
			return next(ctx, o, tr, r)
		}
	}
	p := NewProcess(lonely{}, WithClientInterceptors(say("a"), refuse, say("b")))
	h := NewHandle(p, echoing{name: "x:"})
	defer h.Release()
	b, err := Call(context.Background(), h, 1, []byte("-"))
	require.NoError(t, err)
	assert.Equal(t, "x:-ab", string(b))
	_, err = Call(context.Background(), h, 2, nil)
	require.ErrorIs(t, err, status.Denied)
}

func TestCallsWithoutInterceptorsAllocateNothingForThem(t *testing.T) {
	h := NewHandle(NewProcess(lonely{}), silent{})
	defer h.Release()
	var call Transaction
	var r Reply
	ctx := context.Background()
	require.Zero(t, testing.AllocsPerRun(1000, func() { h.Transact(ctx, &call, &r) }))
}

// silent answers with nothing.
type silent struct{ echoing }

func (silent) Transact(context.Context, *Transaction, *Reply) error { return nil }
