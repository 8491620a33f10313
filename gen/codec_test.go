package gen_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	"ubinder/gen"
	"ubinder/gen/internal/golden/editions"
	"ubinder/gen/internal/golden/kinds"
	"ubinder/runtime/stub/wire"
)

// The messages of the golden files that have codecs, one of each.
var withCodec = []wire.Message{
	new(kinds.Single), new(kinds.Optional), new(kinds.Repeated), new(kinds.Chosen), new(kinds.Mapped),
	new(kinds.Tree), new(kinds.Empty), new(kinds.Edition), new(kinds.Older),
}

func TestWhatHasNoCodec(t *testing.T) {
	for _, m := range []proto.Message{
		new(kinds.Hidden), new(kinds.Strict), new(kinds.Delimited), new(kinds.Required), new(kinds.OfClosed),
		new(kinds.Extended), new(editions.OpenRequest), new(editions.OldReply),
	} {
		_, has := m.(wire.Message)
		require.False(t, has, "%T", m)
	}
}

// TestCodecAgreesWithPackageProto draws messages, and compares both ways of writing and of reading them.
func TestCodecAgreesWithPackageProto(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(withCodec).Draw(t, "kind")
		m := drawMessage(t, kind, 3)
		size := m.WireSize()
		out, err := m.AppendWire([]byte("before"))
		expected, protoErr := proto.Marshal(m)
		if protoErr != nil {
			require.Error(t, err, protoErr)
			return
		}
		require.NoError(t, err)
		require.Equal(t, proto.Size(m), size)
		out, ok := bytes.CutPrefix(out, []byte("before"))
		require.True(t, ok)
		require.Len(t, out, size)

		back := kind.ProtoReflect().New().Interface()
		require.NoError(t, proto.Unmarshal(out, back))
		requireSame(t, m, back)
		read := kind.ProtoReflect().New().Interface().(wire.Message)
		require.NoError(t, read.ParseWire(expected, wire.Depth, nil))
		requireSame(t, m, read)
		pointing := kind.ProtoReflect().New().Interface().(wire.Message)
		from := &wire.Source{Least: rapid.IntRange(0, 100).Draw(t, "least")}
		require.NoError(t, pointing.ParseWire(expected, wire.Depth, from))
		requireSame(t, m, pointing)
		for i := range expected {
			expected[i] ^= 0xff
		}
		requireSame(t, m, read)
		require.Equal(t, from.Kept, !proto.Equal(m, pointing), "no more than it says points there")
	})
}

// TestCodecReadsWhatPackageProtoReads damages encodings: whatever is in them, both find the same, or an error.
func TestCodecReadsWhatPackageProtoReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(withCodec).Draw(t, "kind")
		other := rapid.SampledFrom(withCodec).Draw(t, "other")
		in, _ := proto.Marshal(drawMessage(t, kind, 2))
		more, _ := proto.Marshal(drawMessage(t, other, 2)) // merged, or of another type
		in = append(in, more...)
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			in = damage(t, in)
		}
		requireReadAlike(t, kind, in, rapid.SampledFrom(depths).Draw(t, "depth"))
	})
}

// depths are how deep messages may be nested in what is read.
var depths = []int{wire.Depth, 1, 2, 3}

func FuzzCodec(f *testing.F) {
	for n := range withCodec {
		f.Add(byte(n), []byte("\x0a\x03\x0a\x01a\x12\x00\x80\x01\x01"))
		f.Add(byte(n+len(withCodec)), []byte("\x0a\x02\x12\x00\x08\x01"))
	}
	f.Fuzz(func(t *testing.T, kind byte, in []byte) {
		n := int(kind)
		requireReadAlike(t, withCodec[n%len(withCodec)], in, depths[n/len(withCodec)%len(depths)])
	})
}

func TestCodecDepth(t *testing.T) {
	for _, depth := range []int{1, 2, 3, 5} {
		for _, encoding := range [][]byte{
			deep(depth, "\x12"),                            // Tree.left
			append([]byte("\x42"), deep(depth, "\x12")...), // no length of its own: malformed
		} {
			requireDepthAlike(t, new(kinds.Tree), encoding, 3)
		}
		requireDepthAlike(t, new(kinds.Mapped), deepMap(depth), 5)
		for _, scalar := range []string{"\x40\x01", "\x41\x01\x02\x03\x04\x05\x06\x07\x08", "\x43\x44", "\x45\x01\x02\x03\x04"} {
			requireDepthAlike(t, new(kinds.Mapped), []byte(scalar), depth) // no map: an unknown field
		}
	}
}

// deep nests a field of one byte's tag in itself.
func deep(levels int, tag string) (b []byte) {
	for range levels {
		b = append(append([]byte(tag), byte(len(b))), b...)
	}
	return b
}

// deepMap nests Mapped.nested in itself.
func deepMap(levels int) (b []byte) {
	for range levels {
		b = append([]byte{0x12, byte(len(b))}, b...)
		b = append([]byte{0x42, byte(len(b))}, b...)
	}
	return b
}

func requireDepthAlike(t *testing.T, kind wire.Message, in []byte, limit int) {
	expected := kind.ProtoReflect().New().Interface()
	err := proto.UnmarshalOptions{RecursionLimit: limit}.Unmarshal(in, expected)
	read := kind.ProtoReflect().New().Interface().(wire.Message)
	require.Equal(t, err == nil, read.ParseWire(in, limit, nil) == nil, "%x: %v", in, err)
}

func requireReadAlike(t require.TestingT, kind wire.Message, in []byte, limit int) {
	expected := kind.ProtoReflect().New().Interface()
	protoErr := proto.UnmarshalOptions{RecursionLimit: limit}.Unmarshal(in, expected)
	read := kind.ProtoReflect().New().Interface().(wire.Message)
	err := read.ParseWire(in, limit, nil)
	if protoErr != nil {
		require.Error(t, err, "%T of %x: %v", kind, in, protoErr)
		return
	}
	require.NoError(t, err, "%T of %x", kind, in)
	requireSame(t, expected, read)
	expected.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		require.True(t, read.ProtoReflect().Has(f), "%s", f.FullName())
		return true
	})
	size := read.WireSize()
	require.Equal(t, proto.Size(expected), size)
	out, err := read.AppendWire(nil)
	require.NoError(t, err)
	require.Len(t, out, size)
}

func requireSame(t require.TestingT, expected, m proto.Message) {
	require.True(t, proto.Equal(expected, m), "%v\n%v", expected, m)
	require.Equal(t, []byte(expected.ProtoReflect().GetUnknown()), []byte(m.ProtoReflect().GetUnknown()))
}

func damage(t *rapid.T, in []byte) []byte {
	if len(in) == 0 {
		return rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(t, "bytes")
	}
	at := rapid.IntRange(0, len(in)-1).Draw(t, "at")
	switch rapid.IntRange(0, 3).Draw(t, "how") {
	case 0:
		in[at] = rapid.Byte().Draw(t, "byte")
	case 1:
		return in[:at]
	case 2:
		return append(in[:at:at], in[at+1:]...)
	default:
		return append(append(in[:at:at], rapid.SliceOfN(rapid.Byte(), 1, 3).Draw(t, "more")...), in[at:]...)
	}
	return in
}

// drawMessage fills a message of the kind of m at random.
func drawMessage(t *rapid.T, kind proto.Message, depth int) wire.Message {
	m := kind.ProtoReflect().New()
	fillMessage(t, m, depth)
	return m.Interface().(wire.Message)
}

func fillMessage(t *rapid.T, m protoreflect.Message, depth int) {
	for n := range m.Descriptor().Fields().Len() {
		f := m.Descriptor().Fields().Get(n)
		if rapid.IntRange(0, 2).Draw(t, string(f.Name())) > 0 {
			continue
		}
		switch {
		case f.IsMap():
			for range rapid.IntRange(1, 3).Draw(t, "entries") {
				m.Mutable(f).Map().Set(drawValue(t, m, f.MapKey(), depth).MapKey(), drawValue(t, m.Mutable(f).Map(), f.MapValue(), depth))
			}
		case f.IsList():
			for range rapid.IntRange(1, 4).Draw(t, "elements") {
				m.Mutable(f).List().Append(drawValue(t, m.Mutable(f).List(), f, depth))
			}
		default:
			m.Set(f, drawValue(t, m, f, depth))
		}
	}
	if rapid.IntRange(0, 4).Draw(t, "unknown") == 0 {
		m.SetUnknown([]byte("\xf8\xff\x07\x05"))
	}
}

// drawValue draws a value; in makes an empty message of the right type.
func drawValue(t *rapid.T, in any, f protoreflect.FieldDescriptor, depth int) protoreflect.Value {
	switch f.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(rapid.Bool().Draw(t, "bool"))
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(rapid.Int32().Draw(t, "enum")))
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(rapid.Int32().Draw(t, "int32"))
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return protoreflect.ValueOfInt64(rapid.Int64().Draw(t, "int64"))
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(rapid.Uint32().Draw(t, "uint32"))
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(rapid.Uint64().Draw(t, "uint64"))
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(rapid.SampledFrom([]float32{0, float32(math.Copysign(0, -1)), 1.5}).Draw(t, "float"))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(rapid.SampledFrom([]float64{0, math.Copysign(0, -1), -2.5}).Draw(t, "double"))
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(rapid.SampledFrom([]string{"", "text", "äö", "\xff", string(make([]byte, 200))}).Draw(t, "string"))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes(rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "bytes"))
	}
	return drawNested(t, in, f, depth)
}

func drawNested(t *rapid.T, in any, f protoreflect.FieldDescriptor, depth int) protoreflect.Value {
	var v protoreflect.Value
	switch in := in.(type) {
	case protoreflect.List:
		v = in.NewElement()
	case protoreflect.Map:
		v = in.NewValue()
	case protoreflect.Message:
		v = in.NewField(f)
	}
	if depth > 0 {
		fillMessage(t, v.Message(), depth-1)
	}
	return v
}

// TestErrorsOfDeepMessagesAreShort: who sends a message chooses how deep the fault in it lies.
func TestErrorsOfDeepMessagesAreShort(t *testing.T) {
	in := []byte{0x0a, 5} // a name that is cut off
	for range 5000 {
		in = append(protowire.AppendVarint([]byte{0x12}, uint64(len(in))), in...)
	}
	err := new(kinds.Tree).ParseWire(in, wire.Depth, nil)
	require.ErrorContains(t, err, "left.left.name: unexpected EOF")
	require.Less(t, len(err.Error()), 200)
	m := &kinds.Tree{Name: "\xff"}
	for range 5000 {
		m = &kinds.Tree{Right: m}
	}
	m.WireSize()
	_, err = m.AppendWire(nil)
	require.ErrorContains(t, err, "right.right.name: invalid UTF-8")
	require.Less(t, len(err.Error()), 200)
}

// TestMessageThatChangesWhileItIsWritten: its length would be wrong.
func TestMessageThatChangesWhileItIsWritten(t *testing.T) {
	m := &kinds.Tree{Left: &kinds.Tree{Name: "ab"}, Right: &kinds.Tree{Name: "ab"}}
	m.WireSize()
	m.Left.Name, m.Right.Name = "a", "abc"
	_, err := m.AppendWire(nil)
	require.ErrorContains(t, err, "left: the message changed")
	_, err = (&kinds.Tree{More: []*kinds.Tree{new(kinds.Tree)}}).AppendWire(nil)
	require.ErrorContains(t, err, "more: the message changed", "its size was never asked for")
}

// TestCodecLocalsAreAll: a package that is called as one of them gets another name.
func TestCodecLocalsAreAll(t *testing.T) {
	source, err := parser.ParseFile(token.NewFileSet(), "internal/golden/kinds/kinds.codec.go", nil, 0)
	require.NoError(t, err)
	for _, d := range source.Decls {
		ast.Inspect(d, func(n ast.Node) bool {
			if id, is := n.(*ast.Ident); is && id.Obj != nil && id.Obj.Kind == ast.Var && id.Name != "_" {
				require.Contains(t, gen.CodecLocals, id.Name)
			}
			return true
		})
	}
}
