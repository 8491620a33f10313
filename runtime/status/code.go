// Package status holds the error codes of ubinder and the one error type that carries them.
//
// A Code is an error by itself, so that errors.Is(err, status.Dead) works on every error that the
// runtime returns. The numbers are part of the wire protocol (PROTOCOL.md) and never change.
package status

import "fmt"

// Code says why a transaction, or another operation on the bus, failed.
type Code uint32

// The codes. Zero is success and never appears in an Error.
const (
	OK            Code = 0
	Dead          Code = 1  // the target's process has ended, or the object was destroyed
	Frozen        Code = 2  // the target's process is frozen and takes no synchronous call
	Full          Code = 3  // the outbox towards the target has no room, and the caller did not wait
	Quota         Code = 4  // a limit of this process or user is used up
	Denied        Code = 5  // policy forbids it, or the caller does not hold the reference it used
	UnknownTarget Code = 6  // there is no such process, object or name
	TooBig        Code = 7  // the message is larger than the bus carries
	Deadline      Code = 8  // the deadline passed before the reply came
	Cancelled     Code = 9  // the caller's context was cancelled before the reply came
	Protocol      Code = 10 // a peer broke the protocol; it has been cut off
	BadValue      Code = 11 // an argument is not acceptable
	UnknownMethod Code = 12 // the object does not know the transaction code, or has another interface
	Encoding      Code = 13 // the payload could not be encoded or decoded
	Internal      Code = 14 // a fault in the handler or the runtime, for example a panic
	Service       Code = 15 // the service's own error; Error.Service holds its number
)

type codeInfo struct {
	name    string
	android int32
}

// Android's numbers are those of frameworks/native libs/binder/include/utils/Errors.h.
const androidUnknownError = -2147483648

var codes = [...]codeInfo{
	OK:            {"OK", 0},
	Dead:          {"DEAD", -32},
	Frozen:        {"FROZEN", androidUnknownError + 2},
	Full:          {"FULL", -11},
	Quota:         {"QUOTA", -12},
	Denied:        {"DENIED", -1},
	UnknownTarget: {"UNKNOWN_TARGET", -2},
	TooBig:        {"TOO_BIG", androidUnknownError + 2},
	Deadline:      {"DEADLINE", -110},
	Cancelled:     {"CANCELLED", -125},
	Protocol:      {"PROTOCOL", androidUnknownError + 2},
	BadValue:      {"BAD_VALUE", -22},
	UnknownMethod: {"UNKNOWN_METHOD", -74},
	Encoding:      {"ENCODING", androidUnknownError + 1},
	Internal:      {"INTERNAL", androidUnknownError},
	Service:       {"SERVICE", -8},
}

// Known reports whether c is one of the codes above.
func (c Code) Known() bool { return int(c) < len(codes) }

// String returns the code's name as PROTOCOL.md writes it.
func (c Code) String() string {
	if !c.Known() {
		return fmt.Sprintf("CODE_%d", uint32(c))
	}
	return codes[c].name
}

// Error makes a Code an error, for use with errors.Is.
func (c Code) Error() string { return c.String() }

// Android returns the status_t that Android's libbinder uses for the same condition.
func (c Code) Android() int32 {
	if !c.Known() {
		return androidUnknownError
	}
	return codes[c].android
}
