package stub

import (
	"google.golang.org/protobuf/proto"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
	"ubinder/runtime/stub/wire"
)

// message writes a protobuf message as a payload, again if the first has not been sent: a reply may have
// to wait for room, and an interceptor may call again.
type message struct {
	m     proto.Message // nil: nothing is written
	codec wire.Message  // m, if it has one
}

func (b *message) set(m proto.Message) {
	b.m = m
	b.codec, _ = m.(wire.Message)
}

// Size implements binder.Body.
func (b *message) Size() int {
	if b.codec != nil {
		return b.codec.WireSize()
	}
	return proto.Size(b.m)
}

// AppendTo implements binder.Body. Size was called before, each time, and the message was not changed since.
func (b *message) AppendTo(dst []byte) ([]byte, error) {
	if b.codec != nil {
		return b.codec.AppendWire(dst)
	}
	return proto.MarshalOptions{UseCachedSize: true}.MarshalAppend(dst, b.m)
}

// decode reads a payload into m, which is empty; nil stands for a message that carries nothing.
func decode(r *binder.Received, m proto.Message) error {
	if r.Encoding != binder.Protobuf {
		return status.Errorf(status.Encoding, "payload is not protobuf (encoding %d)", r.Encoding)
	}
	if m == nil {
		return nil
	}
	if err := unmarshal(r.Payload, m); err != nil {
		return status.Errorf(status.Encoding, "%s: %w", m.ProtoReflect().Descriptor().FullName(), err)
	}
	return nil
}

// unmarshal is proto.Unmarshal for a message that need not be emptied first.
func unmarshal(b []byte, m proto.Message) error {
	if codec, ok := m.(wire.Message); ok {
		return codec.ParseWire(b, wire.Depth)
	}
	return proto.UnmarshalOptions{Merge: true}.Unmarshal(b, m)
}
