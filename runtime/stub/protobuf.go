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

// decode reads a payload into m, which is empty; nil stands for a message that carries nothing. borrow is nil, or
// allows m to point into the payload.
func decode(r *binder.Received, m proto.Message, borrow *wire.Source) error {
	if r.Encoding != binder.Protobuf {
		return status.Errorf(status.Encoding, "payload is not protobuf (encoding %d)", r.Encoding)
	}
	if m == nil {
		return nil
	}
	if err := unmarshal(r, m, borrow); err != nil {
		return status.Errorf(status.Encoding, "%s: %w", m.ProtoReflect().Descriptor().FullName(), err)
	}
	return nil
}

// unmarshal is proto.Unmarshal for a message that need not be emptied first.
func unmarshal(r *binder.Received, m proto.Message, borrow *wire.Source) error {
	codec, ok := m.(wire.Message)
	if !ok {
		return proto.UnmarshalOptions{Merge: true}.Unmarshal(r.Payload, m)
	}
	if borrow == nil {
		if memory := r.Keepable(); memory > 0 {
			return keep(r, codec, memory)
		}
	}
	return codec.ParseWire(r.Payload, wire.Depth, borrow)
}

// keep parses a large payload that has so many bytes of memory, and leaves that to the message if half of it or more is
// one field, which then points there. A smaller field is copied: if it outlives the others it would hold several times its size.
func keep(r *binder.Received, m wire.Message, memory int) error {
	from := wire.Source{Least: (memory + 1) / 2}
	err := m.ParseWire(r.Payload, wire.Depth, &from)
	if from.Kept {
		r.Keep()
	}
	return err
}
