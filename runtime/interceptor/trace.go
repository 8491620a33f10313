package interceptor

import (
	"context"

	"ubinder/runtime/binder"
)

// Tracer begins a span: of a call that is handled or made, by its name, below the one that
// binder.TraceFrom(ctx) has, if any. It returns a context with the new span, by binder.WithTrace, which
// travels with the calls made under it, and what ends it. It is the seam to a tracing library.
type Tracer func(ctx context.Context, name string) (inner context.Context, end func(err error))

// TraceServer makes a span of each call that nodes handle.
func TraceServer(begin Tracer) binder.ServerInterceptor {
	return func(next binder.Handler) binder.Handler {
		return binder.HandlerFunc(func(ctx context.Context, c *binder.IncomingCall) error {
			ctx, end := begin(ctx, c.Target.Descriptor()+"/"+binder.CodeName(c.Code))
			err := next.Transact(ctx, c)
			end(err)
			return err
		})
	}
}

// TraceClient makes a span of each call that a process makes on others' objects.
func TraceClient(begin Tracer) binder.ClientInterceptor {
	return func(next binder.Invoker) binder.Invoker {
		return func(ctx context.Context, o *binder.Handle, t *binder.Transaction, r *binder.Reply) error {
			ctx, end := begin(ctx, "call "+binder.CodeName(t.Code))
			err := next(ctx, o, t, r)
			end(err)
			return err
		}
	}
}
