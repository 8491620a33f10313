package wire

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// The functions below are for messages of other packages, which may have a codec or not.

// Size is m.WireSize, or proto.Size where m has no codec.
func Size(m proto.Message) int {
	if c, ok := m.(Message); ok {
		return c.WireSize()
	}
	return proto.Size(m)
}

// CachedSize is what Size returned last.
func CachedSize(m proto.Message) int {
	return proto.MarshalOptions{UseCachedSize: true}.Size(m)
}

// AppendNested appends the length of m and m, in a field that errors name. Size was called before, and m was
// not changed since.
func AppendNested(field string, b []byte, m proto.Message) ([]byte, error) {
	size := CachedSize(m)
	if c, ok := m.(Message); ok {
		return AppendMessage(field, b, c, size)
	}
	b = protowire.AppendVarint(b, uint64(size))
	start := len(b)
	b, err := proto.MarshalOptions{AllowPartial: true, UseCachedSize: true}.MarshalAppend(b, m)
	return b, appended(field, len(b)-start, size, err)
}

// AppendMessage is AppendNested of a message with a codec whose WireSize was size.
func AppendMessage(field string, b []byte, m Message, size int) ([]byte, error) {
	b = protowire.AppendVarint(b, uint64(size))
	start := len(b)
	b, err := m.AppendWire(b)
	return b, appended(field, len(b)-start, size, err)
}

// appended judges what became of a nested message: if somebody changed it meanwhile, its length is wrong.
func appended(field string, n, size int, err error) error {
	if err == nil && n != size {
		err = errSize
	}
	if err != nil {
		return In(field, err)
	}
	return nil
}

// Parse is m.ParseWire, or proto.Unmarshal where m has no codec.
func Parse(m proto.Message, b []byte, depth int, from *Source) error {
	if c, ok := m.(Message); ok {
		return c.ParseWire(b, depth, from)
	}
	if depth <= 0 {
		return errDepth
	}
	return proto.UnmarshalOptions{Merge: true, AllowPartial: true, RecursionLimit: depth}.Unmarshal(b, m)
}
