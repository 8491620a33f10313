package stub

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/runtime/protoiface"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// message writes a protobuf message as a payload, again if the first has not been sent: a reply may have
// to wait for room, and an interceptor may call again. It uses a message's fast path itself: package proto
// would find the same and, with each call, the size once more.
type message struct {
	m       protoreflect.Message // nil: nothing is written
	methods *protoiface.Methods  // nil: m has no fast path
}

func (b *message) set(m proto.Message) {
	b.m, b.methods = nil, nil
	if m == nil {
		return
	}
	r := m.ProtoReflect()
	if !r.IsValid() { // a nil pointer: an empty message
		return
	}
	b.m = r
	if f := b.m.ProtoMethods(); f != nil && f.Size != nil && f.Marshal != nil && f.CheckInitialized != nil {
		b.methods = f
	}
}

// Size implements binder.Body.
func (b *message) Size() int {
	switch {
	case b.m == nil:
		return 0
	case b.methods == nil:
		return proto.Size(b.m.Interface())
	}
	return b.methods.Size(protoiface.SizeInput{Message: b.m}).Size
}

// AppendTo implements binder.Body. Size was called before, each time, and the message was not changed since.
func (b *message) AppendTo(dst []byte) ([]byte, error) {
	switch {
	case b.m == nil:
		return dst, nil
	case b.methods == nil:
		return proto.MarshalOptions{UseCachedSize: true}.MarshalAppend(dst, b.m.Interface())
	}
	out, err := b.methods.Marshal(protoiface.MarshalInput{Message: b.m, Buf: dst, Flags: protoiface.MarshalUseCachedSize})
	if err == nil {
		_, err = b.methods.CheckInitialized(protoiface.CheckInitializedInput{Message: b.m})
	}
	return out.Buf, err
}

// decode reads a payload into m, which is empty; nil stands for a message that carries nothing.
func decode(r *binder.Received, m proto.Message) error {
	if r.Encoding != binder.Protobuf {
		return status.Errorf(status.Encoding, "payload is not protobuf (encoding %d)", r.Encoding)
	}
	if m == nil {
		return nil
	}
	if err := unmarshal(r.Payload, m.ProtoReflect()); err != nil {
		return status.Errorf(status.Encoding, "%s: %w", m.ProtoReflect().Descriptor().FullName(), err)
	}
	return nil
}

// unmarshal is proto.Unmarshal for a message that need not be emptied first.
func unmarshal(b []byte, m protoreflect.Message) error {
	methods := m.ProtoMethods()
	if methods == nil || methods.Unmarshal == nil {
		return proto.UnmarshalOptions{Merge: true}.Unmarshal(b, m.Interface())
	}
	out, err := methods.Unmarshal(protoiface.UnmarshalInput{
		Message: m, Buf: b, Flags: protoiface.UnmarshalCheckRequired,
		Resolver: protoregistry.GlobalTypes, Depth: protowire.DefaultRecursionLimit,
	})
	if err == nil && out.Flags&protoiface.UnmarshalInitialized == 0 {
		err = proto.CheckInitialized(m.Interface())
	}
	return err
}
