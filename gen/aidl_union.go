package gen

import (
	"ubinder/aidl/model"
)

// union writes a type that holds one field at a time: its tag, and for each field how to get, set and
// make it.
func (g emitter) union(u *model.Union) {
	name := g.aidl.goName(&u.Declared).Ident
	names := fieldNames(u.Fields, nil)
	tag := tagType(name)
	g.comment(&u.Comment, name+" is the union "+u.FullName()+": it holds one of its fields at a time, at first the first.")
	g.P("type ", name, " struct {")
	g.P("tag ", tag)
	g.P("value any")
	g.P("}")
	g.P()
	g.P("// ", tag, " says which field of a ", name, " is set.")
	g.P("type ", tag, " ", scalars[u.Tag.Backing].goType)
	g.P()
	g.P("// The tags of ", name, ".")
	g.P("const (")
	for i, f := range u.Fields {
		g.P(g.tagOf(u, f), " ", tag, " = ", i)
	}
	g.P(")")
	g.P()
	g.P("// Tag returns which field is set.")
	g.P("func (p *", name, ") Tag() ", tag, " { return p.tag }")
	g.P()
	for i, f := range u.Fields {
		g.unionField(u, names[i], f, i == 0)
	}
	g.writeUnion(u, name, names)
	g.readUnion(u, name, names)
}

func (g emitter) tagOf(u *model.Union, f *model.Field) string {
	return g.aidl.memberName(&u.Declared, enumerator, f.Name)
}

func (g emitter) unionField(u *model.Union, field string, f *model.Field, first bool) {
	name, tag, goType := g.aidl.goName(&u.Declared).Ident, g.tagOf(u, f), g.fieldType(f.Type)
	constructor := g.aidl.memberName(&u.Declared, unionConstructor, f.Name)
	g.P("// ", constructor, " makes a ", name, " that holds ", f.Name, ".")
	g.P("func ", constructor, "(v ", goType, ") *", name, " { return &", name, "{", tag, ", v} }")
	g.P()
	g.comment(&f.Comment, "Set"+field+" makes it hold "+f.Name+".")
	g.P("func (p *", name, ") Set", field, "(v ", goType, ") { *p = ", name, "{", tag, ", v} }")
	g.P()
	g.P("// Get", field, " returns ", f.Name, ", and whether it is what is held.")
	g.P("func (p *", name, ") Get", field, "() (v ", goType, ", held bool) {")
	g.P("if p.tag != ", tag, " {")
	g.P("return v, false")
	g.P("}")
	if first {
		g.P("if p.value == nil { // as it was made")
		if f.Default != nil {
			g.P("v = ", g.literal(f.Type, f.Default))
		}
		g.elementDefaults(f.Type, "v", 0)
		g.P("return v, true")
		g.P("}")
	}
	g.P("v, _ = p.value.(", goType, ")")
	g.P("return v, true")
	g.P("}")
	g.P()
}

func (g emitter) writeUnion(u *model.Union, name string, names []string) {
	g.P("// WriteToParcel implements parcel.Parcelable.")
	g.P("func (p *", name, ") WriteToParcel(w ", g.writer(), ") {")
	g.refuseNil(name)
	g.P("w.WriteInt32(int32(p.tag))")
	g.P("switch p.tag {")
	for i, f := range u.Fields {
		g.P("case ", g.tagOf(u, f), ":")
		g.P("v, _ := p.Get", names[i], "()")
		g.P(g.write(f.Type, "v"))
	}
	g.P("}")
	g.P("}")
	g.P()
}

func (g emitter) readUnion(u *model.Union, name string, names []string) {
	g.P("// ReadFromParcel implements parcel.Parcelable.")
	g.P("func (p *", name, ") ReadFromParcel(r ", g.reader(), ") {")
	g.P("switch tag := r.ReadInt32(); tag {")
	for i, f := range u.Fields {
		g.P("case int32(", g.tagOf(u, f), "):")
		g.P("var v ", g.fieldType(f.Type))
		g.P(g.read(f.Type, "v"))
		g.P("p.Set", names[i], "(v)")
	}
	g.P("default:")
	g.P(g.stub("UnknownTag"), `(r, "`, name, `", tag)`)
	g.P("}")
	g.P("}")
	g.P()
}
