package interceptor

import (
	"context"
	"log/slog"
	"time"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// The levels that calls are logged at.
const (
	LevelOK     = slog.LevelDebug
	LevelFailed = slog.LevelWarn
)

// LogServer logs the calls that nodes handle: who called what, how it ended and how long it took. Of
// payloads only the length is logged.
func LogServer(l *slog.Logger) binder.ServerInterceptor {
	return func(next binder.Handler) binder.Handler {
		return binder.HandlerFunc(func(ctx context.Context, c *binder.IncomingCall) error {
			if !l.Enabled(ctx, LevelFailed) {
				return next.Transact(ctx, c)
			}
			size, since := len(c.Payload), time.Now()
			err := next.Transact(ctx, c)
			logCall(ctx, l, "handled a call", err, since,
				slog.String("interface", c.Target.Descriptor()), slog.Uint64("node", c.Target.NodeID()), slog.String("code", binder.CodeName(c.Code)),
				slog.Bool("oneway", c.Oneway()), slog.Int("bytes", size),
				slog.Group("caller", slog.Uint64("process", uint64(c.Caller.Process)), slog.Int("pid", int(c.Caller.PID)), slog.Uint64("uid", uint64(c.Caller.UID))))
			return err
		})
	}
}

// LogClient logs the calls that a process makes, as LogServer those that it handles.
func LogClient(l *slog.Logger) binder.ClientInterceptor {
	return func(next binder.Invoker) binder.Invoker {
		return func(ctx context.Context, o *binder.Handle, t *binder.Transaction, r *binder.Reply) error {
			if !l.Enabled(ctx, LevelFailed) {
				return next(ctx, o, t, r)
			}
			since := time.Now()
			err := next(ctx, o, t, r)
			reply := 0
			if r != nil {
				reply = len(r.Payload)
			}
			logCall(ctx, l, "made a call", err, since, slog.String("code", binder.CodeName(t.Code)),
				slog.Bool("oneway", t.Flags&binder.Oneway != 0), slog.Int("reply_bytes", reply))
			return err
		}
	}
}

func logCall(ctx context.Context, l *slog.Logger, message string, err error, since time.Time, attributes ...slog.Attr) {
	level := LevelOK
	attributes = append(attributes, slog.Duration("took", time.Since(since)), slog.String("status", status.CodeOf(err).String()))
	if err != nil {
		level = LevelFailed
		attributes = append(attributes, slog.Any("error", err))
	}
	l.LogAttrs(ctx, level, message, attributes...)
}
