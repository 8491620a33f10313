// Package interceptor has interceptors that many programs want: authorization, logging, metrics, tracing.
// They are put around calls by the options of a process or of a node:
//
//	connect.Open(ctx, "", binder.WithServerInterceptors(interceptor.LogServer(slog.Default())))
package interceptor

import (
	"context"
	"errors"
	"slices"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// Authorize has check judge every call before its handler sees it, meta transactions included: nil
// lets it through. An error without a status.Code is told to the caller as status.Denied. caller is
// what the kernel said of it.
func Authorize(check func(ctx context.Context, caller *binder.Identity, target *binder.Node, code uint32) error) binder.ServerInterceptor {
	return func(next binder.Handler) binder.Handler {
		return binder.HandlerFunc(func(ctx context.Context, c *binder.IncomingCall) error {
			if err := check(ctx, c.Caller, c.Target, c.Code); err != nil {
				return denied(err)
			}
			return next.Transact(ctx, c)
		})
	}
}

func denied(err error) error {
	var e *status.Error
	var c status.Code
	if errors.As(err, &e) || errors.As(err, &c) {
		return err
	}
	return status.Errorf(status.Denied, "%w", err)
}

// AllowUsers lets calls of these users through, and those made inside the process; others may ping.
func AllowUsers(uids ...uint32) binder.ServerInterceptor {
	return Authorize(func(_ context.Context, caller *binder.Identity, target *binder.Node, code uint32) error {
		if code == binder.PingTransaction || caller.Process == target.Process().ID() || slices.Contains(uids, caller.UID) {
			return nil
		}
		return status.Errorf(status.Denied, "user %d may not call %s", caller.UID, target.Descriptor())
	})
}
