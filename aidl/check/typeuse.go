package check

import (
	"ubinder/aidl/ast"
	"ubinder/aidl/diag"
)

// typeUse checks a type where it is used, with its annotations; nil when it is not known.
func (c *checker) typeUse(t *ast.Type, at place, scope *symbol) *use {
	c.annotations(t.Annotations, at, scope)
	c.dimensions(t, scope)
	for _, a := range t.Arguments {
		c.typeUse(a, onType, scope)
	}
	u := c.doc.uses[t]
	if u == nil {
		return nil
	}
	if u.isGeneric() {
		c.generic(u)
	}
	c.textAnnotation(u)
	c.voidness(u)
	if u.isArray() {
		switch u.builtin {
		case "ParcelableHolder", "List", "Map", "CharSequence":
			c.errorf(t.Span, "there are no arrays of %s", u.builtin)
		}
	}
	if u.has("nullable") {
		c.nullable(u)
	}
	c.language(u)
	return u
}

func (c *checker) dimensions(t *ast.Type, scope *symbol) {
	for _, d := range t.Dimensions {
		if d.Size == nil {
			continue
		}
		n, wrong := c.eval.length(d, scope)
		c.report(wrong)
		c.lengths[t] = append(c.lengths[t], n)
	}
}

func (c *checker) textAnnotation(u *use) {
	if !u.has("utf8InCpp") || u.builtin == "String" {
		return
	}
	if u.builtin == "List" && len(u.args) == 1 && u.args[0] != nil && u.args[0].builtin == "String" {
		return
	}
	c.errorf(u.node.Span, "only String, String[] and List<String> can be @utf8InCpp")
}

func (c *checker) voidness(u *use) {
	if u.builtin == "void" && (u.isArray() || u.has("nullable")) {
		c.errorf(u.node.Span, "void is no value, so it has no arrays and cannot be nullable")
	}
}

func (c *checker) nullable(u *use) {
	at := u.find("nullable").Span
	switch {
	case isPrimitive(u.builtin) && !u.isArray():
		c.errorf(at, "%s cannot be null", u.builtin)
		return
	case u.isEnum() && !u.isArray():
		c.errorf(at, "an enum such as %s cannot be null", u.symbol.name)
		return
	case u.builtin == "ParcelableHolder":
		c.errorf(at, "a ParcelableHolder cannot be null; it can be empty")
		return
	}
	if isHeap(u) && (u.symbol == nil || u.isArray() || !u.symbol.isParcelable()) {
		c.errorf(at, "only a parcelable can be @nullable(heap=true)")
	}
}

// isHeap reports whether a type is marked @nullable(heap=true).
func isHeap(u *use) bool {
	a := u.find("nullable")
	if a == nil {
		return false
	}
	for _, p := range a.Parameters {
		if lit, ok := p.Value.(*ast.Literal); ok && p.Name == "heap" && lit.Kind == ast.KeyTrue {
			return true
		}
	}
	return false
}

const listUse = "a List can hold interfaces, parcelables, unions, String, IBinder and ParcelFileDescriptor"

// generic checks the arguments of a type that has some.
func (c *checker) generic(u *use) {
	at := u.node.Span
	switch {
	case u.builtin == "List":
		c.list(u)
	case u.builtin == "Map":
		c.mapping(u)
	case u.symbol != nil && u.symbol.decl.Generic:
		if want := len(u.symbol.decl.TypeParameters); want != len(u.args) {
			c.errorf(at, "%s has %d type parameters, and these are %d", u.symbol.name, want, len(u.args))
		}
	default:
		c.errorf(at, "%s has no type parameters", u.node.Name.Text)
	}
}

func (c *checker) list(u *use) {
	if len(u.args) != 1 {
		c.errorf(u.node.Span, "a List has one type argument, and these are %d", len(u.args))
		return
	}
	element := u.args[0]
	switch {
	case element == nil:
	case element.isArray():
		c.errorf(element.node.Span, "a List cannot hold arrays").Noted(listUse)
	case isPrimitive(element.builtin), element.isEnum():
		c.errorf(element.node.Span, "a List cannot hold %s", element.node.Name.Text).Noted(listUse).
			Helped("use an array: %s[]", element.node.Name.Text)
	case element.builtin != "" && element.builtin != "String" && element.builtin != "IBinder" && element.builtin != "ParcelFileDescriptor":
		c.errorf(element.node.Span, "a List cannot hold %s", element.node.Name.Text).Noted(listUse)
	}
}

func (c *checker) mapping(u *use) {
	if len(u.args) != 2 {
		c.errorf(u.node.Span, "a Map has two type arguments, or none, and these are %d", len(u.args))
		return
	}
	for _, a := range u.args {
		if a != nil && !a.isArray() && (isPrimitive(a.builtin) || a.isEnum()) {
			c.errorf(a.node.Span, "a Map cannot hold %s", a.node.Name.Text)
		}
	}
	if key := u.args[0]; key != nil && (key.builtin != "String" || key.isArray() || key.isGeneric()) {
		c.errorf(key.node.Span, "a Map's key must be a String")
	}
}

// untyped reports a List or a Map that does not say what it holds, where it must.
func (c *checker) untyped(u *use, at diag.Span) {
	if u == nil {
		return
	}
	if u.isGeneric() {
		for _, a := range u.args {
			c.untyped(a, at)
		}
		return
	}
	if u.builtin == "List" || u.builtin == "Map" {
		c.errorf(at, "a %s must say here what it holds: the other side may not know what it is given", u.builtin).
			Helped("write List<T> or Map<String, T>, or use an array")
	}
}
