package check

import (
	"strings"

	"ubinder/aidl/ast"
	"ubinder/aidl/model"
)

var placeOf = map[ast.DeclKind]place{
	ast.Interface: onInterface, ast.Parcelable: onParcelable, ast.Foreign: onForeign, ast.Union: onUnion, ast.Enum: onEnum,
}

// decl checks a type and those nested in it.
func (c *checker) decl(s *symbol) {
	c.annotations(s.decl.Annotations, placeOf[s.decl.Kind], s)
	for _, n := range s.nested {
		if n.tagOf == nil {
			c.decl(n)
		}
	}
	c.nesting(s)
	c.typeParameters(s)
	c.fields(s)
	c.constants(s)
	switch s.decl.Kind {
	case ast.Interface:
		c.interfaceMembers(s)
	case ast.Union:
		c.union(s)
	case ast.Enum:
		c.enum(s)
	case ast.Foreign:
		if c.options.NoForeign {
			c.errorf(s.decl.Name.Span, "%s is an unstructured parcelable, which is not wanted here", s.name)
		}
	}
	if s.decl.Kind != ast.Union && s.is("JavaOnlyImmutable") && s.decl.Kind == ast.Parcelable {
		c.getters(s)
	}
}

// nesting checks the types that stand inside another.
func (c *checker) nesting(s *symbol) {
	if s.decl.Generic && len(s.nested) > 0 {
		if s.decl.Kind == ast.Union {
			c.errorf(s.decl.Name.Span, "a union has no type parameters")
		} else {
			c.errorf(s.decl.Name.Span, "a type with type parameters has no types inside")
		}
	}
	first := make(map[string]*symbol)
	for _, n := range s.nested {
		at := n.decl.Name.Span
		if other := first[n.name]; other != nil && n.tagOf != nil {
			c.errorf(other.decl.Name.Span, "a union has a type Tag already: it says which field is set")
		} else if other != nil {
			c.errorf(at, "%s is declared twice", n.name).See(c.doc.source(), other.decl.Name.Span, "it is declared here first")
		}
		first[n.name] = n
		if n.name == s.name {
			c.errorf(at, "a type inside %s cannot have its name", s.name)
		}
		if n.decl.Kind == ast.Foreign {
			c.errorf(at, "%s is an unstructured parcelable, which cannot stand inside another type", n.name)
		}
	}
	if len(s.nested) > 1 && c.nestedCycle(s) {
		c.errorf(s.decl.Name.Span, "the types inside %s need each other in a circle, which C++ cannot have", s.name)
	}
}

func (c *checker) typeParameters(s *symbol) {
	seen := make(map[string]bool)
	for _, p := range s.decl.TypeParameters {
		if seen[p.Text] {
			c.errorf(p.Span, "%s has the type parameter %s twice", s.name, p.Text)
		}
		seen[p.Text] = true
	}
}

func (c *checker) fields(s *symbol) {
	first := make(map[string]*ast.Field)
	for _, f := range s.decl.Fields {
		u := c.typeUse(f.Type, onType|onField, s)
		if other := first[f.Name.Text]; other != nil {
			c.errorf(f.Name.Span, "%s has a field %s already", s.name, f.Name.Text).See(c.doc.source(), other.Name.Span, "it is declared here first")
		} else {
			first[f.Name.Text] = f
		}
		if u == nil {
			continue
		}
		if u.name() == "void" {
			c.errorf(f.Type.Span, "a field cannot be void")
			continue
		}
		if f.Default != nil {
			c.constantValue(f.Default, u, s)
		}
		c.fieldRules(f, u, s)
	}
}

func (c *checker) fieldRules(f *ast.Field, u *use, s *symbol) {
	if s.is("JavaOnlyImmutable") && !c.canBeImmutable(u) {
		c.errorf(f.Name.Span, "%s is immutable, and %s is not", s.name, f.Name.Text).
			Helped("a primitive type, a String, an enum, an immutable parcelable, and arrays, Lists and Maps of them are")
	}
	if s.is("FixedSize") && !c.canBeFixed(u) {
		c.errorf(f.Name.Span, "%s is of fixed size, and %s is not", s.name, f.Name.Text).
			Helped("a primitive type, an enum, a type of fixed size, and arrays T[N] of them are")
	}
	c.derives(f, u, s)
	if s.decl.Kind == ast.Union && u.name() == "ParcelableHolder" {
		c.errorf(f.Name.Span, "a union cannot hold a ParcelableHolder")
	}
	c.untyped(u, f.Name.Span)
}

// derives checks that what Rust derives for a type it derives for the types of its fields.
func (c *checker) derives(f *ast.Field, u *use, s *symbol) {
	wanted := s.annotation["RustDerive"]
	if wanted == nil || u.symbol == nil || u.symbol.decl.Kind != ast.Parcelable && u.symbol.decl.Kind != ast.Union {
		return
	}
	for _, p := range wanted.Parameters {
		if c.isTrue(p) && !derived(u.symbol, p.Name) {
			c.errorf(f.Name.Span, "%s derives %s in Rust, so %s must derive it too", s.name, p.Name, u.symbol.name)
		}
	}
}

func (c *checker) isTrue(p *ast.Parameter) bool { return c.values[p] != nil && c.values[p].Bool }

func derived(s *symbol, name string) bool {
	if a := s.annotation["RustDerive"]; a != nil {
		for _, p := range a.Parameters {
			if lit, ok := p.Value.(*ast.Literal); ok && p.Name == name && lit.Kind == ast.KeyTrue {
				return true
			}
		}
	}
	return false
}

// canBeImmutable reports whether values of a type cannot change in Java.
func (c *checker) canBeImmutable(u *use) bool {
	if u.isGeneric() {
		if u.builtin != "List" && u.builtin != "Map" {
			return false
		}
		for _, a := range u.args {
			if a == nil || !c.canBeImmutable(a) {
				return false
			}
		}
		return true
	}
	if u.symbol == nil {
		return isPrimitive(u.builtin) || u.builtin == "String"
	}
	return u.symbol.decl.Kind == ast.Enum || u.symbol.is("JavaOnlyImmutable")
}

// canBeFixed reports whether all values of a type take the same room.
func (c *checker) canBeFixed(u *use) bool {
	if u.isGeneric() || u.isArray() && !u.isFixed() || u.has("nullable") {
		return false
	}
	if u.symbol == nil {
		return isPrimitive(u.builtin)
	}
	return u.symbol.decl.Kind == ast.Enum || u.symbol.is("FixedSize")
}

// getters checks that fields have different getters in Java, which begin with a capital.
func (c *checker) getters(s *symbol) {
	first := make(map[string]*ast.Field)
	for _, f := range s.decl.Fields {
		name := strings.ToUpper(f.Name.Text[:1]) + f.Name.Text[1:]
		if other := first[name]; other != nil && other.Name.Text != f.Name.Text {
			c.errorf(f.Name.Span, "%s and %s would have one getter, get%s", other.Name.Text, f.Name.Text, name)
		}
		first[name] = f
	}
}

var constantTypes = set("String", "byte", "int", "long", "float", "double")

func (c *checker) constants(s *symbol) {
	first := make(map[string]*ast.Constant)
	for _, k := range s.decl.Constants {
		if other := first[k.Name.Text]; other != nil {
			c.errorf(k.Name.Span, "%s has a constant %s already", s.name, k.Name.Text).See(c.doc.source(), other.Name.Span, "it is declared here first")
		} else {
			first[k.Name.Text] = k
		}
		u := c.typeUse(k.Type, onType|onConstant, s)
		if u == nil {
			continue
		}
		if !constantTypes[u.builtin] || u.isArray() || u.isGeneric() {
			c.errorf(k.Type.Span, "a constant cannot be of this type").Helped("it can be a String, byte, int, long, float or double")
			continue
		}
		c.fittedCell(s.members[k.Name.Text], k.Value, u, s)
	}
}

// fittedCell checks a constant's value, which is worked out once for all who refer to it.
func (c *checker) fittedCell(k *cell, x ast.Expr, u *use, s *symbol) {
	if k.expr != x { // of two with one name
		c.constantValue(x, u, s)
		return
	}
	r := c.eval.cell(k)
	if r.wrong != nil {
		c.report(r.wrong)
		return
	}
	v, wrong := c.eval.fit(r.value, u.shape(), s)
	c.report(wrong)
	c.fitted[x] = v
}

// constantValue checks an expression that is no constant's.
func (c *checker) constantValue(x ast.Expr, u *use, s *symbol) *model.Value {
	v, wrong := c.eval.expr(x, s)
	if wrong != nil {
		c.report(wrong)
		return nil
	}
	fit, wrong := c.eval.fit(v, u.shape(), s)
	c.report(wrong)
	c.fitted[x] = fit
	return fit
}

var backings = map[string]*use{"byte": builtinUse("byte", false), "int": anInt, "long": aLong}

// backing is the type of an enum's values; nil when it says none that can be.
func backing(s *symbol) *use {
	if s.tagOf != nil {
		if s.tagOf.is("FixedSize") {
			return backings["byte"]
		}
		return anInt
	}
	a := s.annotation["Backing"]
	if a == nil {
		return backings["byte"]
	}
	for _, p := range a.Parameters {
		if lit, ok := p.Value.(*ast.Literal); ok && p.Name == "type" && lit.Kind == ast.String {
			return backings[strings.Trim(lit.Text, `"`)]
		}
	}
	return nil
}

func (c *checker) enum(s *symbol) {
	u := backing(s)
	if u == nil {
		at := s.decl.Name.Span
		if a := s.annotation["Backing"]; a != nil {
			at = a.Span
		}
		c.errorf(at, "an enum's values are byte, int or long").Helped(`write @Backing(type="int")`)
		return
	}
	for _, e := range s.order {
		r := c.eval.cell(e)
		if r.wrong != nil {
			c.report(r.wrong)
			continue
		}
		v := r.value
		if v.expr == nil {
			v.expr = &ast.Reference{Name: &ast.Name{Span: e.at, Text: e.name}}
		}
		_, wrong := c.eval.fit(v, u.shape(), s)
		if wrong != nil && wrong != reported && s.annotation["Backing"] == nil {
			wrong.Noted("the values of %s are bytes, because it says nothing else", s.name).Helped(`write @Backing(type="int") before the enum`)
		}
		c.report(wrong)
	}
}

func (c *checker) union(s *symbol) {
	c.getters(s)
	if len(s.decl.Fields) == 0 {
		c.errorf(s.decl.Name.Span, "the union %s has no fields", s.name)
		return
	}
	f := s.decl.Fields[0]
	u := c.doc.uses[f.Type]
	if u == nil || f.Default != nil || u.has("nullable") {
		return
	}
	switch {
	case u.isArray():
		c.errorf(f.Name.Span, "a union's first field needs a value to begin with").Helped("give it one, such as = {}, or mark it @nullable")
	case u.isEnum():
		c.errorf(f.Name.Span, "a union's first field needs a value to begin with").Helped("give it an enumerator: = %s.%s", u.symbol.name, firstName(u.symbol))
	}
}

func firstName(s *symbol) string {
	if len(s.order) == 0 {
		return "NAME"
	}
	return s.order[0].name
}
