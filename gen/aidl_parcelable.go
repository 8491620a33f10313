package gen

import (
	"fmt"

	"ubinder/aidl/model"
)

// The methods that every generated parcelable has; no field may have their names.
var parcelableMethods = []string{"WriteToParcel", "ReadFromParcel", "SetDefaults"}

// fieldNames are the Go names of fields, each of them used once.
func fieldNames(fields []*model.Field, methods []string) []string {
	used := make(map[string]bool)
	for _, m := range methods {
		used[m] = true
	}
	var names []string
	for _, f := range fields {
		names = append(names, unique(exported(f.Name), used))
	}
	return names
}

func (g emitter) parcelable(p *model.Parcelable) {
	name := g.aidl.goName(&p.Declared).Ident
	names := fieldNames(p.Fields, parcelableMethods)
	g.comment(&p.Comment, name+" is the parcelable "+p.FullName()+". New"+name+" makes one with the fields' defaults.")
	g.P("type ", name, " struct {")
	for i, f := range p.Fields {
		g.comment(&f.Comment, "")
		g.P(names[i], " ", g.fieldType(f.Type))
	}
	g.P("}")
	g.P()
	g.P("// New", name, " makes a ", name, " whose fields have their defaults.")
	g.P("func New", name, "() *", name, " {")
	g.P("p := new(", name, ")")
	g.P("p.SetDefaults()")
	g.P("return p")
	g.P("}")
	g.P()
	g.defaults(p, name, names)
	g.writeToParcel(p, name, names)
	g.readFromParcel(p, name, names)
}

// defaults writes SetDefaults: what is declared, and what the fields' own types say.
func (g emitter) defaults(p *model.Parcelable, name string, names []string) {
	g.P("// SetDefaults gives every field its default.")
	g.P("func (p *", name, ") SetDefaults() {")
	g.P("*p = ", name, "{")
	for i, f := range p.Fields {
		if f.Default != nil {
			g.P(names[i], ": ", g.literal(f.Type, f.Default), ",")
		}
	}
	g.P("}")
	for i, f := range p.Fields {
		g.elementDefaults(f.Type, "p."+names[i], 0)
	}
	g.P("}")
	g.P()
}

// elementDefaults sets the defaults of a parcelable that is a value, alone or in arrays of fixed size.
func (g emitter) elementDefaults(t *model.Type, v string, depth int) {
	if t.Nullable {
		return
	}
	inner := t
	for inner.Kind == model.KindFixedArray {
		inner = inner.Elem
	}
	if inner.Kind != model.KindParcelable || inner.Nullable {
		return
	}
	if t.Kind == model.KindParcelable {
		g.P(v, ".SetDefaults()")
		return
	}
	index := fmt.Sprintf("i%d", depth)
	g.P("for ", index, " := range ", v, " {")
	g.elementDefaults(t.Elem, v+"["+index+"]", depth+1)
	g.P("}")
}

func (g emitter) writeToParcel(p *model.Parcelable, name string, names []string) {
	g.P("// WriteToParcel implements parcel.Parcelable.")
	g.P("func (p *", name, ") WriteToParcel(w ", g.writer(), ") {")
	g.refuseNil(name)
	g.P("size := w.BeginSized()")
	for i, f := range p.Fields {
		g.P(g.write(f.Type, "p."+names[i]))
	}
	g.P("w.EndSized(size)")
	g.P("}")
	g.P()
}

// refuseNil ends a method that writes p when there is no p.
func (g emitter) refuseNil(name string) {
	g.P("if p == nil {")
	g.P(g.stub("NullParcelable"), `(w, "`, name, `")`)
	g.P("return")
	g.P("}")
}

func (g emitter) readFromParcel(p *model.Parcelable, name string, names []string) {
	g.P("// ReadFromParcel implements parcel.Parcelable. Fields that the sender's version lacks keep their defaults.")
	g.P("func (p *", name, ") ReadFromParcel(r ", g.reader(), ") {")
	g.P("p.SetDefaults()")
	g.P("size := r.BeginSized()")
	for i, f := range p.Fields {
		g.P("if r.More() {")
		g.P(g.read(f.Type, "p."+names[i]))
		g.P("}")
	}
	g.P("r.EndSized(size)")
	g.P("}")
	g.P()
}

// foreign writes a type for a parcelable that AIDL only names. The program says how it is made.
func (g emitter) foreign(x *model.Foreign) {
	if knownForeign[x.FullName()] != "" {
		return
	}
	name := g.aidl.goName(&x.Declared).Ident
	g.comment(&x.Comment, name+" is the parcelable "+x.FullName()+", of which AIDL says only the name.")
	g.P("type ", name, " struct{ ", g.parcel("Parcelable"), " }")
	g.P()
	g.P("// New", name, " makes what a ", name, " is read into. The program sets it before it receives any.")
	g.P("var New", name, " func() ", g.parcel("Parcelable"))
	g.P()
	g.P("// WriteToParcel implements parcel.Parcelable.")
	g.P("func (p *", name, ") WriteToParcel(w ", g.writer(), ") {")
	g.P("if p == nil || p.Parcelable == nil {")
	g.P(g.stub("NullParcelable"), `(w, "`, name, `")`)
	g.P("return")
	g.P("}")
	g.P("p.Parcelable.WriteToParcel(w)")
	g.P("}")
	g.P()
	g.P("// ReadFromParcel implements parcel.Parcelable.")
	g.P("func (p *", name, ") ReadFromParcel(r ", g.reader(), ") {")
	g.P("p.Parcelable = ", g.stub("ReadForeign"), "(r, New", name, `, "`, name, `")`)
	g.P("}")
	g.P()
}
