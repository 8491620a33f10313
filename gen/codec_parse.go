package gen

import (
	"strconv"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// parse writes ParseWire: a switch over the tags that the message's fields may have. Whatever else there
// is becomes an unknown field, as in package proto, also a field whose tag says another wire type.
func (g codecEmitter) parse(m *protogen.Message) {
	g.P("// ParseWire implements wire.Message.")
	g.P("func (m *", m.GoIdent.GoName, ") ParseWire(b []byte, depth int, from *", g.wire("Source"), ") error {")
	g.P("if depth <= 0 {")
	g.P("return ", g.wire("TooDeep"), "()")
	g.P("}")
	g.P("for len(b) > 0 {")
	if len(m.Fields) == 0 {
		g.P("n, err := ", g.wire("Unknown"), "(&m.unknownFields, b)")
		g.P("if err != nil {")
		g.P("return err")
		g.P("}")
		g.P("b = b[n:]")
	} else {
		g.P("tag, n := ", g.wire("ConsumeVarint"), "(b)")
		g.P("switch tag {")
		for _, f := range byNumber(m) {
			g.parseField(f)
		}
		g.parseNoMap(m)
		g.P("default:")
		g.P("var err error")
		g.P("if n, err = ", g.wire("Unknown"), "(&m.unknownFields, b); err != nil {")
		g.P("return err")
		g.P("}")
		g.P("b = b[n:]")
		g.P("}")
	}
	g.P("}")
	g.P("return nil")
	g.P("}")
	g.P()
}

func (g codecEmitter) parseField(f *protogen.Field) {
	single := wireType(f.Desc.Kind())
	if f.Desc.IsMap() {
		g.parseCase(f, single, func() { g.parseEntry(f) })
		return
	}
	g.parseCase(f, single, func() { g.parseSingle(f) })
	if f.Desc.IsList() && single != protowire.BytesType { // either way may come, whatever the file says
		g.parseCase(f, protowire.BytesType, func() { g.parsePacked(f) })
	}
}

// parseNoMap writes what is done with the tags of maps and another wire type than a map's: package proto looks at
// the depth before it sees that.
func (g codecEmitter) parseNoMap(m *protogen.Message) {
	var tags []string
	for _, f := range byNumber(m) {
		for _, t := range []protowire.Type{protowire.VarintType, protowire.Fixed64Type, protowire.StartGroupType, protowire.Fixed32Type} {
			if f.Desc.IsMap() {
				tags = append(tags, strconv.FormatUint(tag(f, t), 10))
			}
		}
	}
	if len(tags) == 0 {
		return
	}
	g.P("case ", strings.Join(tags, ", "), ": // no map")
	g.P("if depth <= 1 {")
	g.P("return ", g.wire("TooDeep"), "()")
	g.P("}")
	g.P("fallthrough")
}

// parseCase writes a case of the switch; body takes its value from b, n bytes, which the case then leaves behind.
func (g codecEmitter) parseCase(f *protogen.Field, t protowire.Type, body func()) {
	g.P("case ", tag(f, t), ":")
	g.P("b = b[n:]")
	body()
	g.P("b = b[n:]")
}

func (g codecEmitter) parseSingle(f *protogen.Field) {
	to := "m." + f.GoName
	switch {
	case f.Message != nil:
		g.consume(f, "b", fieldName(f))
		g.parseMessage(f)
	case f.Desc.IsList():
		g.consume(f, "b", fieldName(f))
		g.P(to, " = append(", to, ", ", g.value(f, "v"), ")")
	case inOneof(f):
		g.consume(f, "b", fieldName(f))
		g.P("m.", f.Oneof.GoName, " = &", g.QualifiedGoIdent(f.GoIdent), "{", g.value(f, "v"), "}")
	case pointer(f):
		g.consume(f, "b", fieldName(f))
		g.P("x := ", g.value(f, "v"))
		g.P(to, " = &x")
	case f.Desc.Kind() == protoreflect.BytesKind && !f.Desc.HasPresence():
		g.consume(f, "b", fieldName(f))
		g.P(to, " = from.Bytes(v)")
	default:
		g.consume(f, "b", fieldName(f))
		g.P(to, " = ", g.value(f, "v"))
	}
}

// consume takes a value from a variable into v, its length into n; field is the name that an error gives.
func (g codecEmitter) consume(f *protogen.Field, from, field string) {
	function := g.protowire("ConsumeFixed64")
	switch t := wireType(f.Desc.Kind()); {
	case validated(f):
		g.P("v, n, err := ", g.wire("ConsumeString"), "(", strconv.Quote(field), ", ", from, ")")
		g.P("if err != nil {")
		g.P("return err")
		g.P("}")
		return
	case t == protowire.BytesType:
		function = g.wire("ConsumeBytes")
	case t == protowire.VarintType:
		function = g.wire("ConsumeVarint")
	case t == protowire.Fixed32Type:
		function = g.protowire("ConsumeFixed32")
	}
	g.P("v, n := ", function, "(", from, ")")
	g.malformed(field)
}

func (g codecEmitter) malformed(field string) {
	g.P("if n < 0 {")
	g.P("return ", g.wire("Malformed"), "(", strconv.Quote(field), ", n)")
	g.P("}")
}

// value is what consume took, as the field has it.
func (g codecEmitter) value(f *protogen.Field, v string) string {
	switch {
	case validated(f):
		return v
	case f.Desc.Kind() == protoreflect.StringKind:
		return "string(" + v + ")"
	case f.Desc.Kind() == protoreflect.BytesKind:
		return "from.Present(" + v + ")"
	}
	return g.fromWire(f, v)
}

// parseMessage adds v to the message of a field, which it makes if there is none.
func (g codecEmitter) parseMessage(f *protogen.Field) {
	to, made := "m."+f.GoName, "new("+g.QualifiedGoIdent(f.Message.GoIdent)+")"
	switch {
	case f.Desc.IsList():
		g.P("x := ", made)
		g.P(to, " = append(", to, ", x)")
		to = "x"
	case inOneof(f):
		g.P("o, _ := m.", f.Oneof.GoName, ".(*", g.QualifiedGoIdent(f.GoIdent), ")")
		g.P("if o == nil {")
		g.P("o = new(", g.QualifiedGoIdent(f.GoIdent), ")")
		g.P("m.", f.Oneof.GoName, " = o")
		g.P("}")
		to = "o." + f.GoName
		fallthrough
	default:
		g.P("if ", to, " == nil {")
		g.P(to, " = ", made)
		g.P("}")
	}
	g.nested(f, to, fieldName(f), "depth-1")
}

func (g codecEmitter) nested(f *protogen.Field, to, field, depth string) {
	call := to + ".ParseWire(v, " + depth + ", from)"
	if !g.here(f.Message) {
		call = g.wire("Parse") + "(" + to + ", v, " + depth + ", from)"
	}
	g.P("if err := ", call, "; err != nil {")
	g.P("return ", g.wire("In"), "(", strconv.Quote(field), ", err)")
	g.P("}")
}

func (g codecEmitter) parsePacked(f *protogen.Field) {
	to := "m." + f.GoName
	g.P("s, n := ", g.wire("ConsumeBytes"), "(b)")
	g.malformed(fieldName(f))
	count := g.expr(g.wire("CountVarints"), "(s)")
	if wireType(f.Desc.Kind()) != protowire.VarintType {
		count = g.expr("len(s)/", fixedSize(f))
	}
	g.P("if ", to, " == nil {")
	g.P(to, " = make([]", g.goType(f), ", 0, ", count, ")")
	g.P("}")
	g.P("for len(s) > 0 {")
	g.consume(f, "s", fieldName(f))
	g.P(to, " = append(", to, ", ", g.value(f, "v"), ")")
	g.P("s = s[n:]")
	g.P("}")
}

// parseEntry reads an entry of a map. What it has besides a key and a value is left out, as in package proto.
func (g codecEmitter) parseEntry(f *protogen.Field) {
	key, value := f.Message.Fields[0], f.Message.Fields[1]
	g.P("s, n := ", g.wire("ConsumeBytes"), "(b)")
	g.malformed(fieldName(f))
	g.P("if depth <= 1 {")
	g.P("return ", g.wire("In"), "(", strconv.Quote(fieldName(f)), ", ", g.wire("TooDeep"), "())")
	g.P("}")
	g.P("var k ", g.goType(key))
	if value.Message != nil {
		g.P("e := new(", g.QualifiedGoIdent(value.Message.GoIdent), ")")
	} else if value.Desc.Kind() == protoreflect.BytesKind {
		g.P("e := []byte{}")
	} else {
		g.P("var e ", g.goType(value))
	}
	g.P("for len(s) > 0 {")
	g.P("tag, n := ", g.wire("ConsumeVarint"), "(s)")
	g.P("switch tag {")
	g.entryCase(key, "k", fieldName(f)+" key")
	g.entryCase(value, "e", fieldName(f)+" value")
	g.P("default:")
	g.P("n, err := ", g.wire("Skip"), "(s)")
	g.P("if err != nil {")
	g.P("return ", g.wire("In"), "(", strconv.Quote(fieldName(f)), ", err)")
	g.P("}")
	g.P("s = s[n:]")
	g.P("}")
	g.P("}")
	g.P("if m.", f.GoName, " == nil {")
	g.P("m.", f.GoName, " = make(map[", g.goType(key), "]", g.goType(value), ")")
	g.P("}")
	g.P("m.", f.GoName, "[k] = e")
}

func (g codecEmitter) entryCase(f *protogen.Field, to, field string) {
	g.P("case ", tag(f, wireType(f.Desc.Kind())), ":")
	g.P("s = s[n:]")
	g.consume(f, "s", field)
	if f.Message != nil {
		g.nested(f, to, field, "depth-2")
	} else {
		g.P(to, " = ", g.value(f, "v"))
	}
	g.P("s = s[n:]")
}
