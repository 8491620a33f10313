package status

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Error is the one error type of the runtime. It is immutable once returned.
type Error struct {
	Code    Code
	Message string // what went wrong, where, and what to do next; crosses the wire when Remote
	Remote  bool   // the other process said so; otherwise it was found here
	Service int32  // the service's own number, when Code is Service
	Limit   Limit  // which limit was met, when one was
	Call    *Call  // which call of this process it has ended, when it has; local only
	Err     error  // the cause; local only, never crosses the wire
}

// Limit names a resource, what it allows and how much of that was used or asked for.
type Limit struct {
	Resource  string
	Max, Used uint64
}

// Errorf makes a local error. A %w verb sets the cause.
func Errorf(c Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: c, Message: err.Error(), Err: errors.Unwrap(err)}
}

// Exceeded makes the error of a limit that was met.
func Exceeded(c Code, resource string, used, max uint64) *Error {
	return &Error{
		Code:    c,
		Message: fmt.Sprintf("%s: %d asked for, limit is %d", resource, used, max),
		Limit:   Limit{Resource: resource, Max: max, Used: used},
	}
}

// ServiceError makes the error by which a handler tells its caller a number of its own.
func ServiceError(number int32, format string, args ...any) *Error {
	return &Error{Code: Service, Service: number, Message: fmt.Sprintf(format, args...)}
}

// Error formats the code, where it was found, the message, and the call.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Code.String())
	if e.Code == Service {
		fmt.Fprintf(&b, "(%d)", e.Service)
	}
	if e.Remote {
		b.WriteString(" (remote)")
	}
	if e.Message != "" {
		b.WriteString(": ")
		b.WriteString(e.Message)
	}
	if e.Call != nil && e.Call.Process != 0 {
		fmt.Fprintf(&b, " [%v]", e.Call)
	}
	return b.String()
}

// Is matches the error's code, and the context errors that two of the codes stand for.
func (e *Error) Is(target error) bool {
	switch target {
	case context.DeadlineExceeded:
		return e.Code == Deadline
	case context.Canceled:
		return e.Code == Cancelled
	}
	c, ok := target.(Code)
	return ok && c == e.Code
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code of err: OK for nil, Internal for an error that carries none.
func CodeOf(err error) Code {
	if err == nil {
		return OK
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	var c Code
	if errors.As(err, &c) {
		return c
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return Deadline
	case errors.Is(err, context.Canceled):
		return Cancelled
	}
	return Internal
}

// About says before err's message what it is about; all else of it stays. It is nil for nil.
func About(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	e := own(err)
	e.Message = fmt.Sprintf(format, args...) + ": " + e.Message
	return e
}

// FromContext returns the error for a context that has ended, and nil for one that has not.
func FromContext(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		return nil
	}
	return &Error{Code: CodeOf(err), Message: "the caller's context ended: " + err.Error(), Err: err}
}
