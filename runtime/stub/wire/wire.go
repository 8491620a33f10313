// Package wire is what generated codecs import: FILE.codec.go, which encodes the messages of FILE.proto
// without a look at their descriptors. The encoding is protobuf's
// (https://protobuf.dev/programming-guides/encoding/), and what is accepted is what package proto accepts; what
// is written may differ from package proto's in the order of fields.
package wire

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"ubinder/runtime/internal/copying"
)

// Message is a message with a generated codec. Its methods may be called concurrently as long as
// nobody changes the message, and of a nil pointer, which stands for an empty message.
type Message interface {
	proto.Message
	// WireSize returns how many bytes AppendWire writes, and keeps it, as proto.Size does.
	WireSize() int
	// AppendWire appends the encoding. WireSize was called before, and the message has not changed since.
	AppendWire(b []byte) ([]byte, error)
	// ParseWire adds what b holds to the message, as proto.Merge does, and keeps nothing of b but what
	// from allows, which may be nil. Messages may be nested as deep as depth says.
	ParseWire(b []byte, depth int, from *Source) error
}

// Depth is how deep messages may be nested: as package proto has it.
const Depth = protowire.DefaultRecursionLimit

var (
	errDepth = errors.New("nested too deep")
	errUTF8  = errors.New("invalid UTF-8 in a string")
	errSize  = errors.New("the message changed while it was encoded")
)

// TooDeep is the error of a message that is nested deeper than allowed.
func TooDeep() error { return errDepth }

// fieldError is an error with the fields that it is in, the innermost of them: a message may nest thousands of
// levels deep, and who sent it chooses how many.
type fieldError struct {
	path  string
	names int
	err   error
}

const maxNames = 8

func (e *fieldError) Error() string { return e.path + ": " + e.err.Error() }

func (e *fieldError) Unwrap() error { return e.err }

// In says which field an error is about. It changes an error that it has made before.
func In(field string, err error) error {
	inner, ok := err.(*fieldError)
	switch {
	case !ok:
		return &fieldError{field, 1, err}
	case inner.names < maxNames:
		inner.path = field + "." + inner.path
	case inner.names == maxNames:
		inner.path = "..." + inner.path
	}
	inner.names++
	return inner
}

// Malformed is In for what a function of protowire returned instead of a length.
func Malformed(field string, n int) error { return In(field, protowire.ParseError(n)) }

// InvalidUTF8 is In for a string that is none.
func InvalidUTF8(field string) error { return In(field, errUTF8) }

// ConsumeVarint is protowire's, with the shortest values first.
func ConsumeVarint(b []byte) (uint64, int) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), 1
	}
	return consumeLonger(b)
}

func consumeLonger(b []byte) (uint64, int) {
	if len(b) > 1 && b[0] >= 0x80 && b[1] < 0x80 {
		return uint64(b[0]&0x7f) | uint64(b[1])<<7, 2
	}
	return protowire.ConsumeVarint(b)
}

// ConsumeBytes is protowire's, with the shortest values first.
func ConsumeBytes(b []byte) ([]byte, int) {
	if len(b) > 0 && b[0] < 0x80 && int(b[0]) < len(b) {
		n := 1 + int(b[0])
		return b[1:n:n], n
	}
	size, n := consumeLonger(b)
	if n > 0 && size <= uint64(len(b)-n) {
		end := n + int(size)
		return b[n:end:end], end
	}
	return protowire.ConsumeBytes(b)
}

// AppendVarint is protowire's, with the shortest values first.
func AppendVarint(b []byte, v uint64) []byte {
	if v < 0x80 {
		return append(b, byte(v))
	}
	return appendLonger(b, v)
}

func appendLonger(b []byte, v uint64) []byte {
	if v < 1<<14 {
		return append(b, byte(v)|0x80, byte(v>>7))
	}
	return protowire.AppendVarint(b, v)
}

// ConsumeString copies a string out of b. Its error names the field.
func ConsumeString(field string, b []byte) (string, int, error) {
	v, n := ConsumeBytes(b)
	switch {
	case n < 0:
		return "", n, Malformed(field, n)
	case !utf8.Valid(v):
		return "", n, InvalidUTF8(field)
	}
	return string(v), n, nil
}

// Append is append of all of v, in the way that is the fastest for a large one. Of what is in b by then nothing may be
// changed any more, nor of v's copy: somebody may be reading it already.
func Append(b, v []byte) []byte { return copying.Append(b, v) }

// AppendString appends the length of a string, and the string. Its error names the field.
func AppendString(field string, b []byte, v string) ([]byte, error) {
	if !utf8.ValidString(v) {
		return b, InvalidUTF8(field)
	}
	return append(AppendVarint(b, uint64(len(v))), v...), nil
}

// Unknown keeps the first field of b, which the message does not have, and returns its length, tag included.
func Unknown(to *[]byte, b []byte) (int, error) {
	num, t, n := protowire.ConsumeTag(b)
	if n >= 0 && num <= protowire.MaxValidNumber {
		v := protowire.ConsumeFieldValue(num, t, b[n:])
		if v >= 0 {
			*to = append(protowire.AppendTag(*to, num, t), b[n:n+v]...)
			return n + v, nil
		}
		n = v
	}
	return 0, unknownField(num, n)
}

// Skip is Unknown for a field that is not kept.
func Skip(b []byte) (int, error) {
	num, _, n := protowire.ConsumeField(b)
	if n < 0 || num > protowire.MaxValidNumber {
		return 0, unknownField(num, n)
	}
	return n, nil
}

func unknownField(num protowire.Number, n int) error {
	if n >= 0 {
		return fmt.Errorf("field number %d is out of range", num)
	}
	return fmt.Errorf("a field that is not known: %w", protowire.ParseError(n))
}

// CountVarints returns how many varints b holds, if it holds nothing else.
func CountVarints(b []byte) (n int) {
	for _, c := range b {
		if c < 0x80 {
			n++
		}
	}
	return n
}
