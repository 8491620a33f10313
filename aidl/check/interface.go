package check

import (
	"strconv"
	"strings"

	"ubinder/aidl/ast"
)

// The ids of methods. The transaction's code is one more (IBinder.FIRST_CALL_TRANSACTION); the last
// hundred codes below IBinder.LAST_CALL_TRANSACTION are for methods that AIDL adds.
const (
	lastID    = 0x00ffffff - 1 - 100
	firstCode = 1
)

func (c *checker) interfaceMembers(s *symbol) {
	c.version(s)
	first := make(map[string]*ast.Method)
	for _, m := range s.decl.Methods {
		c.method(m, s)
		if other := first[m.Name.Text]; other != nil {
			c.errorf(m.Name.Span, "%s has a method %s already", s.name, m.Name.Text).
				See(c.doc.source(), other.Name.Span, "it is declared here first").
				Helped("methods differ by name, not by arguments alone")
		} else {
			first[m.Name.Text] = m
		}
		if reservedMethods[c.signature(m)] {
			c.errorf(m.Name.Span, "%s is a method that AIDL adds by itself", c.signature(m))
		}
		if permission(s.decl.Annotations) != nil && permission(m.Type.Annotations) != nil {
			c.errorf(permission(m.Type.Annotations).Span, "%s says for all its methods who may call them", s.name).
				See(c.doc.source(), permission(s.decl.Annotations).Span, "it says so here").
				Helped("say it for each method, or for none")
		}
	}
	c.ids(s)
}

// version checks that an interface is of the version that it says itself.
func (c *checker) version(s *symbol) {
	a := s.annotation["VersionSupport"]
	if a == nil || c.options.Version == 0 {
		return
	}
	for _, p := range a.Parameters {
		if v := c.values[p]; v != nil && int(v.Int) != c.options.Version {
			c.errorf(p.Span, "%s is of version %d here, and is to be of version %d", s.name, v.Int, c.options.Version)
		}
	}
}

// permission finds an annotation that says who may call.
func permission(list []*ast.Annotation) *ast.Annotation {
	for _, a := range list {
		switch a.Name {
		case "EnforcePermission", "PermissionManuallyEnforced", "RequiresNoPermission":
			return a
		}
	}
	return nil
}

// signature is a method's name and the types of its arguments.
func (c *checker) signature(m *ast.Method) string {
	var types []string
	for _, a := range m.Arguments {
		types = append(types, a.Type.Name.Text)
	}
	return m.Name.Text + "(" + strings.Join(types, ", ") + ")"
}

func isOneway(m *ast.Method, s *symbol) bool { return m.Oneway >= 0 || s.decl.Oneway }

func (c *checker) method(m *ast.Method, s *symbol) {
	u := c.typeUse(m.Type, onType|onMethod, s)
	if u != nil && u.builtin == "ParcelableHolder" {
		c.errorf(m.Type.Span, "a method cannot return a ParcelableHolder").Helped("return a parcelable that has one")
	}
	if u != nil && isOneway(m, s) && u.builtin != "void" {
		c.errorf(m.Type.Span, "%s is oneway, so it returns nothing", m.Name.Text).Helped("make it void")
	}
	first := make(map[string]*ast.Argument)
	for _, a := range m.Arguments {
		if other := first[a.Name.Text]; other != nil {
			c.errorf(a.Name.Span, "%s has an argument %s already", m.Name.Text, a.Name.Text).See(c.doc.source(), other.Name.Span, "it stands here first")
		}
		first[a.Name.Text] = a
		c.argument(a, m, s)
	}
	if c.options.Structured && u != nil {
		c.untyped(u, m.Name.Span)
	}
}

func (c *checker) argument(a *ast.Argument, m *ast.Method, s *symbol) {
	u := c.typeUse(a.Type, onType, s)
	name := a.Name.Text
	if javaKeywords[name] {
		c.errorf(a.Name.Span, "an argument cannot be called %s: that is a keyword of Java", name)
	}
	if strings.HasPrefix(name, "_aidl") {
		c.errorf(a.Name.Span, "an argument's name cannot begin with _aidl: generated code has such names")
	}
	if u == nil {
		return
	}
	if u.builtin == "void" && !u.isArray() {
		c.errorf(a.Type.Span, "an argument cannot be void")
		return
	}
	c.direction(a, u)
	if isOneway(m, s) && (a.Direction == ast.KeyOut || a.Direction == ast.KeyInout) {
		c.errorf(a.Name.Span, "%s is oneway, so nothing comes back in %s", m.Name.Text, name)
	}
	if c.options.Structured {
		c.untyped(u, m.Name.Span)
	}
}

// directions says in words what something is, and which ways it can travel.
func directions(u *use) (what string, out, inout bool) {
	switch {
	case u.isArray():
		return "an array", true, true
	case u.builtin == "List", u.builtin == "Map":
		return "a " + u.builtin, true, true
	case u.builtin == "ParcelFileDescriptor":
		return "a ParcelFileDescriptor", false, true
	case u.builtin != "":
		return "a " + u.builtin, false, false
	case u.symbol.isParcelable() && u.symbol.is("JavaOnlyImmutable"):
		return "an immutable parcelable", false, false
	case u.symbol.isParcelable():
		return "a parcelable", true, true
	}
	return "an " + u.symbol.decl.Kind.String(), false, false
}

func (c *checker) direction(a *ast.Argument, u *use) {
	if u.builtin == "ParcelableHolder" && !u.isArray() {
		c.errorf(a.Type.Span, "a ParcelableHolder cannot be an argument").Helped("pass a parcelable that has one")
		return
	}
	what, out, inout := directions(u)
	switch {
	case a.Direction == ast.EOF && (out || inout):
		c.errorf(a.Type.Span, "%s needs a direction, because it is %s", a.Name.Text, what).Helped("write in before it, or %s", others(out))
	case a.Direction == ast.KeyOut && !out, a.Direction == ast.KeyInout && !inout:
		c.errorf(a.Name.Span, "%s cannot come back, because it is %s", a.Name.Text, what)
	}
}

func others(out bool) string {
	if out {
		return "out or inout"
	}
	return "inout"
}

// ids checks the numbers of methods: all have one written, or none.
func (c *checker) ids(s *symbol) {
	owner := make(map[int64]*ast.Method)
	for _, m := range s.decl.Methods {
		if (m.ID == "") != (s.decl.Methods[0].ID == "") {
			c.errorf(m.Name.Span, "either all methods of %s have an id, or none has", s.name)
			return
		}
		if m.ID == "" {
			continue
		}
		id, err := strconv.ParseInt(m.ID, 10, 32)
		if err != nil || id > lastID {
			c.errorf(m.IDSpan, "a method's id is between 0 and %d", lastID)
			continue
		}
		if other := owner[id]; other != nil {
			c.errorf(m.IDSpan, "%s has the id %d already", other.Name.Text, id).See(c.doc.source(), other.IDSpan, "it is given here")
		}
		owner[id] = m
	}
}
