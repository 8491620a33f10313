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

// AppendNested appends the length of m and m. Size was called before, and m was not changed since.
func AppendNested(b []byte, m proto.Message) ([]byte, error) {
	options := proto.MarshalOptions{AllowPartial: true, UseCachedSize: true}
	b = protowire.AppendVarint(b, uint64(options.Size(m)))
	if c, ok := m.(Message); ok {
		return c.AppendWire(b)
	}
	return options.MarshalAppend(b, m)
}

// Parse is m.ParseWire, or proto.Unmarshal where m has no codec.
func Parse(m proto.Message, b []byte, depth int) error {
	if c, ok := m.(Message); ok {
		return c.ParseWire(b, depth)
	}
	if depth <= 0 {
		return errDepth
	}
	return proto.UnmarshalOptions{Merge: true, AllowPartial: true, RecursionLimit: depth}.Unmarshal(b, m)
}
