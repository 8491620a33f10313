package gen

import (
	"strconv"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"ubinder/runtime/stub/wire"
)

// wireType is what a single value of a kind is written as.
func wireType(k protoreflect.Kind) protowire.Type {
	switch k {
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind:
		return protowire.BytesType
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind, protoreflect.FloatKind:
		return protowire.Fixed32Type
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind, protoreflect.DoubleKind:
		return protowire.Fixed64Type
	}
	return protowire.VarintType
}

// tag is the number before a field's values.
func tag(f *protogen.Field, t protowire.Type) uint64 { return protowire.EncodeTag(f.Desc.Number(), t) }

func tagSize(f *protogen.Field) int { return protowire.SizeTag(f.Desc.Number()) }

// tagBytes are the bytes of a tag, as arguments of append.
func tagBytes(t uint64) string {
	var parts []string
	for _, c := range protowire.AppendVarint(nil, t) {
		parts = append(parts, "0x"+strconv.FormatUint(uint64(c)|0x100, 16)[1:])
	}
	return strings.Join(parts, ", ")
}

// toWire is the number that is written for the value v.
func (g codecEmitter) toWire(f *protogen.Field, v string) string {
	switch f.Desc.Kind() {
	case protoreflect.BoolKind:
		return g.protowire("EncodeBool") + "(" + v + ")"
	case protoreflect.Sint32Kind, protoreflect.Sint64Kind:
		return g.protowire("EncodeZigZag") + "(int64(" + v + "))"
	case protoreflect.FloatKind:
		return g.math("Float32bits") + "(" + v + ")"
	case protoreflect.DoubleKind:
		return g.math("Float64bits") + "(" + v + ")"
	case protoreflect.Sfixed32Kind:
		return "uint32(" + v + ")"
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind, protoreflect.Fixed32Kind:
		return v
	}
	return "uint64(" + v + ")"
}

// fromWire is the value of the number v that was read.
func (g codecEmitter) fromWire(f *protogen.Field, v string) string {
	switch f.Desc.Kind() {
	case protoreflect.BoolKind:
		return g.protowire("DecodeBool") + "(" + v + ")"
	case protoreflect.Sint32Kind:
		return "int32(" + g.protowire("DecodeZigZag") + "(" + v + " & " + g.math("MaxUint32") + "))"
	case protoreflect.Sint64Kind:
		return g.protowire("DecodeZigZag") + "(" + v + ")"
	case protoreflect.FloatKind:
		return g.math("Float32frombits") + "(" + v + ")"
	case protoreflect.DoubleKind:
		return g.math("Float64frombits") + "(" + v + ")"
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind, protoreflect.Fixed32Kind:
		return v
	}
	return g.goType(f) + "(" + v + ")"
}

// goType is the type of a single value.
func (g codecEmitter) goType(f *protogen.Field) string {
	switch f.Desc.Kind() {
	case protoreflect.EnumKind:
		return g.QualifiedGoIdent(f.Enum.GoIdent)
	case protoreflect.MessageKind:
		return "*" + g.QualifiedGoIdent(f.Message.GoIdent)
	case protoreflect.BytesKind:
		return "[]byte"
	case protoreflect.FloatKind:
		return "float32"
	case protoreflect.DoubleKind:
		return "float64"
	case protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return "int32"
	case protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return "int64"
	case protoreflect.Fixed32Kind:
		return "uint32"
	case protoreflect.Fixed64Kind:
		return "uint64"
	}
	return f.Desc.Kind().String() // bool, int32, string and so on are called alike
}

// isSet is the condition under which a field that is not repeated and no oneof's is written.
func (g codecEmitter) isSet(f *protogen.Field) string {
	v := "m." + f.GoName
	if f.Desc.HasPresence() {
		return v + " != nil"
	}
	switch f.Desc.Kind() {
	case protoreflect.BoolKind:
		return v
	case protoreflect.StringKind, protoreflect.BytesKind:
		return "len(" + v + ") > 0"
	case protoreflect.FloatKind, protoreflect.DoubleKind: // -0 is not the default
		return g.toWire(f, v) + " != 0"
	}
	return v + " != 0"
}

// validated reports whether a field is a string that must be UTF-8.
func validated(f *protogen.Field) bool { return wire.Validated(f.Desc) }
