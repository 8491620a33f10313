package parcel

import (
	"errors"
	"fmt"

	"ubinder/runtime/status"
)

// ExceptionCode is the first word of a reply. Positive codes are nobody's.
type ExceptionCode int32

// The codes, of libbinder's Status.h. The last two are never an Exception's: they are headers that say
// more about a reply without one. (-129 stands there for a transaction that failed as a whole, which
// sends no parcel.)
const (
	ExNone                 ExceptionCode = 0
	ExSecurity             ExceptionCode = -1
	ExBadParcelable        ExceptionCode = -2
	ExIllegalArgument      ExceptionCode = -3
	ExNullPointer          ExceptionCode = -4
	ExIllegalState         ExceptionCode = -5
	ExNetworkMainThread    ExceptionCode = -6
	ExUnsupportedOperation ExceptionCode = -7
	ExServiceSpecific      ExceptionCode = -8
	ExParcelable           ExceptionCode = -9
	exNotedAppOpsHeader    ExceptionCode = -127
	exReplyHeader          ExceptionCode = -128
)

type exceptionInfo struct {
	name   string
	status status.Code
}

var exceptions = map[ExceptionCode]exceptionInfo{
	ExSecurity:             {"EX_SECURITY", status.Denied},
	ExBadParcelable:        {"EX_BAD_PARCELABLE", status.Encoding},
	ExIllegalArgument:      {"EX_ILLEGAL_ARGUMENT", status.BadValue},
	ExNullPointer:          {"EX_NULL_POINTER", status.BadValue},
	ExIllegalState:         {"EX_ILLEGAL_STATE", status.Internal},
	ExNetworkMainThread:    {"EX_NETWORK_MAIN_THREAD", status.Internal},
	ExUnsupportedOperation: {"EX_UNSUPPORTED_OPERATION", status.UnknownMethod},
	ExServiceSpecific:      {"EX_SERVICE_SPECIFIC", status.Service},
	ExParcelable:           {"EX_PARCELABLE", status.Internal},
}

// String returns libbinder's name of the code.
func (c ExceptionCode) String() string {
	if info, ok := exceptions[c]; ok {
		return info.name
	}
	return fmt.Sprintf("EX_%d", int32(c))
}

// Exception is what a method of an AIDL interface answers instead of its result. It is an error, so
// that a handler can return it.
type Exception struct {
	Code       ExceptionCode
	Message    string
	Service    int32  // the service's own number, with ExServiceSpecific
	StackTrace string // of the remote side, if it was sent; for people. It is not written
}

// Error formats the code and the message.
func (e *Exception) Error() string {
	s := e.Code.String()
	if e.Code == ExServiceSpecific {
		s = fmt.Sprintf("%s(%d)", s, e.Service)
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

// Status returns the error by which a caller is told of an exception that came back; its cause is e,
// whose code says more.
func (e *Exception) Status() *status.Error {
	code := status.Internal
	if info, ok := exceptions[e.Code]; ok {
		code = info.status
	}
	err := &status.Error{Code: code, Message: e.Message, Remote: true, Err: e}
	switch code {
	case status.Service:
		err.Service = e.Service
	default:
		err.Message = e.Error()
	}
	return err
}

// ExceptionOf returns the exception by which a caller is told that a handler failed with err: the one
// that err is or wraps, or that of its status code. It returns nil where AIDL has none: the transaction
// then fails as a whole with err, as libbinder's do for a status_t.
func ExceptionOf(err error) *Exception {
	var e *Exception
	if errors.As(err, &e) {
		return e
	}
	var s *status.Error
	if !errors.As(err, &s) {
		return nil
	}
	switch s.Code {
	case status.Service:
		return &Exception{Code: ExServiceSpecific, Message: s.Message, Service: s.Service}
	case status.Denied:
		return &Exception{Code: ExSecurity, Message: s.Message}
	case status.BadValue:
		return &Exception{Code: ExIllegalArgument, Message: s.Message}
	}
	return nil
}

// WriteNoException writes the head of a reply that has a result.
func (w *Writer) WriteNoException() { w.WriteInt32(int32(ExNone)) }

// WriteException writes a reply that is an exception, and nothing else.
func (w *Writer) WriteException(e *Exception) {
	w.WriteInt32(int32(e.Code))
	if e.Code == ExNone {
		return
	}
	w.WriteString(e.Message)
	w.WriteInt32(0) // no stack trace
	switch e.Code {
	case ExServiceSpecific:
		w.WriteInt32(e.Service)
	case ExParcelable:
		w.WriteInt32(0) // no parcelable
	}
}

// ReadException reads the head of a reply: nil when a result follows, and the exception otherwise. It
// skips the headers that Java's side may put before.
func (r *Reader) ReadException() *Exception {
	code := ExceptionCode(r.ReadInt32())
	if code == exNotedAppOpsHeader {
		r.skipSized()
		code = ExceptionCode(r.ReadInt32())
	}
	if code == exReplyHeader {
		r.skipSized()
		return nil
	}
	if code == ExNone || r.err != nil {
		return nil
	}
	return r.readException(code)
}

func (r *Reader) readException(code ExceptionCode) *Exception {
	e := &Exception{Code: code}
	if !r.ReadNull() {
		e.Message = r.ReadString()
	}
	e.StackTrace = r.readStackTrace()
	switch code {
	case ExServiceSpecific:
		e.Service = r.ReadInt32()
	case ExParcelable:
		r.skipSized()
	}
	if r.err != nil {
		return nil
	}
	return e
}

// skipSized skips what begins with its own size, of which libbinder writes 0 for nothing.
func (r *Reader) skipSized() {
	start := r.pos
	if size := int(r.ReadInt32()); size != 0 {
		r.EndSized(r.begin(start, size, 4))
	}
}

func (r *Reader) readStackTrace() (text string) {
	start := r.pos
	size := int(r.ReadInt32())
	if size == 0 {
		return ""
	}
	outer := r.begin(start, size, 4)
	if r.More() && !r.ReadNull() {
		text = r.ReadString()
	}
	r.EndSized(outer)
	return text
}
