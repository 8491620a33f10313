package gen

import (
	"fmt"
	"strconv"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// size writes WireSize. The size is kept where package proto keeps it, plus one as there.
func (g codecEmitter) size(m *protogen.Message) {
	g.P("// WireSize implements wire.Message.")
	g.P("func (m *", m.GoIdent.GoName, ") WireSize() int {")
	g.P("if m == nil {")
	g.P("return 0")
	g.P("}")
	g.P("n := len(m.unknownFields)")
	for _, f := range byNumber(m) {
		g.sizeField(f)
	}
	g.P(g.atomic("StoreInt32"), "(&m.sizeCache, int32(n+1))")
	g.P("return n")
	g.P("}")
	g.P()
	g.P("func (m *", m.GoIdent.GoName, ") cachedWireSize() int {")
	g.P("if m == nil {")
	g.P("return 0")
	g.P("}")
	g.P("return int(", g.atomic("LoadInt32"), "(&m.sizeCache)) - 1")
	g.P("}")
	g.P()
}

func (g codecEmitter) sizeField(f *protogen.Field) {
	v := "m." + f.GoName
	switch {
	case f.Desc.IsMap():
		g.sizeMap(f)
	case f.Desc.IsList():
		g.sizeList(f)
	case inOneof(f):
		g.P("if o, _ := m.", f.Oneof.GoName, ".(*", f.GoIdent.GoName, "); o != nil {")
		g.P("n += ", g.sizeTagged(f, "o."+f.GoName))
		g.P("}")
	default:
		g.P("if ", g.isSet(f), " {")
		if pointer(f) {
			v = "*" + v
		}
		g.P("n += ", g.sizeTagged(f, v))
		g.P("}")
	}
}

func (g codecEmitter) sizeList(f *protogen.Field) {
	v := "m." + f.GoName
	each, fixed := g.sizeOf(f, "v"), fixedSize(f)
	switch {
	case f.Desc.IsPacked():
		g.P("if len(", v, ") > 0 {")
		if fixed > 0 {
			g.P("n += ", tagSize(f), " + ", g.protowire("SizeBytes"), "(", fixed, "*len(", v, "))")
		} else {
			g.packedSize(f)
			g.P("n += ", tagSize(f), " + ", g.protowire("SizeBytes"), "(s)")
		}
		g.P("}")
	case fixed > 0:
		g.P("n += ", tagSize(f)+fixed, " * len(", v, ")")
	default:
		g.P("for _, v := range ", v, " {")
		g.P("n += ", tagSize(f), " + ", each)
		g.P("}")
	}
}

// packedSize writes into s how many bytes the values of a packed field take that are not all as long.
func (g codecEmitter) packedSize(f *protogen.Field) {
	g.P("s := 0")
	g.P("for _, v := range m.", f.GoName, " {")
	g.P("s += ", g.sizeOf(f, "v"))
	g.P("}")
}

func (g codecEmitter) sizeMap(f *protogen.Field) {
	key, value := f.Message.Fields[0], f.Message.Fields[1]
	entry := fmt.Sprint(tagSize(f), " + ", g.protowire("SizeBytes"), "(", g.sizeTagged(key, "k"), "+", g.sizeTagged(value, "v"), ")")
	vars := "k, v"
	switch fixed := fixedSize(value) > 0; {
	case fixed && fixedSize(key) > 0:
		g.P("n += len(m.", f.GoName, ") * (", entry, ")")
		return
	case fixed:
		vars = "k"
	case fixedSize(key) > 0:
		vars = "_, v"
	}
	g.P("for ", vars, " := range m.", f.GoName, " {")
	g.P("n += ", entry)
	g.P("}")
}

// sizeTagged is the size of a value and the tag before it.
func (g codecEmitter) sizeTagged(f *protogen.Field, v string) string {
	if n := fixedSize(f); n > 0 {
		return strconv.Itoa(tagSize(f) + n)
	}
	return fmt.Sprint(tagSize(f), " + ", g.sizeOf(f, v))
}

// fixedSize is the size that all values of a field have, or 0.
func fixedSize(f *protogen.Field) int {
	switch {
	case f.Desc.Kind() == protoreflect.BoolKind:
		return 1
	case wireType(f.Desc.Kind()) == protowire.Fixed32Type:
		return 4
	case wireType(f.Desc.Kind()) == protowire.Fixed64Type:
		return 8
	}
	return 0
}

// sizeOf is the size of a value without a tag, and with its length if it has one.
func (g codecEmitter) sizeOf(f *protogen.Field, v string) string {
	switch n := fixedSize(f); {
	case n > 0:
		return strconv.Itoa(n)
	case f.Message != nil && g.here(f.Message):
		return g.protowire("SizeBytes") + "(" + v + ".WireSize())"
	case f.Message != nil:
		return g.protowire("SizeBytes") + "(" + g.wire("Size") + "(" + v + "))"
	case wireType(f.Desc.Kind()) == protowire.BytesType:
		return g.protowire("SizeBytes") + "(len(" + v + "))"
	}
	return g.protowire("SizeVarint") + "(" + g.toWire(f, v) + ")"
}
