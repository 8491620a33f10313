package gen

import (
	"slices"
	"strconv"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// append writes AppendWire.
func (g codecEmitter) append(m *protogen.Message) {
	g.P("// AppendWire implements wire.Message.")
	g.P("func (m *", m.GoIdent.GoName, ") AppendWire(b []byte) ([]byte, error) {")
	g.P("if m == nil {")
	g.P("return b, nil")
	g.P("}")
	if slices.ContainsFunc(m.Fields, fails) {
		g.P("var err error")
	}
	for _, f := range byNumber(m) {
		g.appendField(f)
	}
	g.P("return append(b, m.unknownFields...), nil")
	g.P("}")
	g.P()
}

// fails reports whether a field's values can be such that they are not written.
func fails(f *protogen.Field) bool {
	return validated(f) || f.Message != nil && (!f.Desc.IsMap() || slices.ContainsFunc(f.Message.Fields, fails))
}

func (g codecEmitter) appendField(f *protogen.Field) {
	v := "m." + f.GoName
	switch {
	case f.Desc.IsMap():
		g.appendMap(f)
	case f.Desc.IsList() && f.Desc.IsPacked():
		g.appendPacked(f)
	case f.Desc.IsList():
		g.P("for _, v := range ", v, " {")
		g.appendTagged(f, "v", fieldName(f))
		g.P("}")
	case inOneof(f):
		g.P("if o, _ := m.", f.Oneof.GoName, ".(*", f.GoIdent.GoName, "); o != nil {")
		g.appendTagged(f, "o."+f.GoName, fieldName(f))
		g.P("}")
	default:
		g.P("if ", g.isSet(f), " {")
		if pointer(f) {
			v = "*" + v
		}
		g.appendTagged(f, v, fieldName(f))
		g.P("}")
	}
}

func (g codecEmitter) appendPacked(f *protogen.Field) {
	v := "m." + f.GoName
	g.P("if len(", v, ") > 0 {")
	length := "s"
	if n := fixedSize(f); n > 0 {
		length = g.expr(n, "*len(", v, ")")
	} else {
		g.packedSize(f)
	}
	g.P("b = append(b, ", tagBytes(tag(f, protowire.BytesType)), ")")
	g.P("b = ", g.wire("AppendVarint"), "(b, uint64(", length, "))")
	g.P("for _, v := range ", v, " {")
	g.appendValue(f, "v", "")
	g.P("}")
	g.P("}")
}

func (g codecEmitter) appendMap(f *protogen.Field) {
	key, value := f.Message.Fields[0], f.Message.Fields[1]
	g.P("for k, v := range m.", f.GoName, " {")
	size := g.expr(g.sizeTagged(key, "k"), "+", g.sizeKnown(value, "v"))
	g.P("b = append(b, ", tagBytes(tag(f, protowire.BytesType)), ")")
	g.P("b = ", g.wire("AppendVarint"), "(b, uint64(", size, "))")
	g.appendTagged(key, "k", fieldName(f))
	g.appendTagged(value, "v", fieldName(f))
	g.P("}")
}

func (g codecEmitter) appendTagged(f *protogen.Field, v, field string) {
	g.P("b = append(b, ", tagBytes(tag(f, wireType(f.Desc.Kind()))), ")")
	g.appendValue(f, v, field)
}

// appendValue writes what appends a value; field is the name that an error gives.
func (g codecEmitter) appendValue(f *protogen.Field, v, field string) {
	switch t := wireType(f.Desc.Kind()); {
	case f.Message != nil && g.here(f.Message):
		g.checked(g.expr(g.wire("AppendMessage"), "(", strconv.Quote(field), ", b, ", v, ", ", v, ".cachedWireSize())"))
	case f.Message != nil:
		g.checked(g.expr(g.wire("AppendNested"), "(", strconv.Quote(field), ", b, ", v, ")"))
	case validated(f):
		g.checked(g.expr(g.wire("AppendString"), "(", strconv.Quote(field), ", b, ", v, ")"))
	case f.Desc.Kind() == protoreflect.BytesKind:
		g.P("b = ", g.protowire("AppendVarint"), "(b, uint64(len(", v, ")))")
		g.P("b = ", g.wire("Append"), "(b, ", v, ")")
	case t == protowire.BytesType:
		g.P("b = ", g.wire("AppendVarint"), "(b, uint64(len(", v, ")))")
		g.P("b = append(b, ", v, "...)")
	case t == protowire.Fixed32Type:
		g.P("b = ", g.protowire("AppendFixed32"), "(b, ", g.toWire(f, v), ")")
	case t == protowire.Fixed64Type:
		g.P("b = ", g.protowire("AppendFixed64"), "(b, ", g.toWire(f, v), ")")
	default:
		g.P("b = ", g.wire("AppendVarint"), "(b, ", g.toWire(f, v), ")")
	}
}

// checked writes a call that appends to b or fails.
func (g codecEmitter) checked(call string) {
	g.P("if b, err = ", call, "; err != nil {")
	g.P("return b, err")
	g.P("}")
}

// sizeKnown is sizeTagged of a value whose size was asked for just before.
func (g codecEmitter) sizeKnown(f *protogen.Field, v string) string {
	switch {
	case f.Message == nil:
		return g.sizeTagged(f, v)
	case g.here(f.Message):
		return g.expr(tagSize(f), " + ", g.protowire("SizeBytes"), "(", v, ".cachedWireSize())")
	}
	return g.expr(tagSize(f), " + ", g.protowire("SizeBytes"), "(", g.wire("CachedSize"), "(", v, "))")
}
