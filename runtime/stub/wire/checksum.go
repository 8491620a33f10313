package wire

import (
	"encoding/binary"
	"hash/fnv"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// Checksum is of all that the codecs of messages depend on, and of nothing else: what their fields are,
// whichever compiler wrote the descriptors, in whatever order the fields are declared.
func Checksum(messages ...protoreflect.MessageDescriptor) uint64 {
	var b []byte
	for _, m := range messages {
		b = appendMessage(b, m)
	}
	return sum(b)
}

// Within returns the types of messages that those of some types can hold, at any depth.
func Within(messages ...protoreflect.MessageDescriptor) map[protoreflect.FullName]protoreflect.MessageDescriptor {
	all := make(map[protoreflect.FullName]protoreflect.MessageDescriptor)
	for _, m := range messages {
		within(m, all)
	}
	return all
}

func within(d protoreflect.MessageDescriptor, all map[protoreflect.FullName]protoreflect.MessageDescriptor) {
	for i := range d.Fields().Len() {
		if m := d.Fields().Get(i).Message(); m != nil && all[m.FullName()] == nil {
			all[m.FullName()] = m
			within(m, all)
		}
	}
}

// Partial reports whether a message of a type may lack what it must have, which package proto finds out and codecs
// do not: what may hold such a message has no codec.
func Partial(d protoreflect.MessageDescriptor) bool {
	return d.RequiredNumbers().Len() > 0 || d.ExtensionRanges().Len() > 0
}

func sum(b []byte) uint64 {
	h := fnv.New64a()
	h.Write(b)
	return h.Sum64()
}

func appendMessage(b []byte, m protoreflect.MessageDescriptor) []byte {
	b = appendName(b, string(m.FullName()))
	b = append(b, flag(m.ExtensionRanges().Len() > 0))
	var fields uint64
	for i := range m.Fields().Len() {
		// What is appended for one field is hashed at once, in the room behind b.
		fields += sum(appendField(b[len(b):], m.Fields().Get(i)))
	}
	return binary.LittleEndian.AppendUint64(b, fields)
}

func appendField(b []byte, f protoreflect.FieldDescriptor) []byte {
	b = appendName(b, string(f.Name()))
	b = binary.LittleEndian.AppendUint32(b, uint32(f.Number()))
	b = append(b, byte(f.Kind()), byte(f.Cardinality()), flag(f.IsPacked()), flag(f.HasPresence()))
	if o := f.ContainingOneof(); o != nil && !o.IsSynthetic() {
		b = appendName(b, string(o.Name()))
	}
	switch {
	case f.IsMap():
		return appendField(appendField(b, f.MapKey()), f.MapValue())
	case f.Message() != nil:
		return appendName(b, string(f.Message().FullName()))
	case f.Enum() != nil:
		return append(appendName(b, string(f.Enum().FullName())), flag(f.Enum().IsClosed()))
	}
	return append(b, flag(Validated(f)))
}

// Validated reports whether a field is a string that must be UTF-8: not all are in editions.
func Validated(f protoreflect.FieldDescriptor) bool {
	d, ok := f.(interface{ EnforceUTF8() bool })
	return f.Kind() == protoreflect.StringKind && (!ok || d.EnforceUTF8())
}

func appendName(b []byte, name string) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(name))), name...)
}

func flag(v bool) byte {
	if v {
		return 1
	}
	return 0
}
