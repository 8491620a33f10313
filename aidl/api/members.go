package api

import (
	"strings"

	"ubinder/aidl/ast"
)

// signature is what makes a method the same method.
func (d declared) signature(m *ast.Method) string {
	var types []string
	for _, a := range m.Arguments {
		types = append(types, d.Signature(a.Type, d.decl))
	}
	return m.Name.Text + "(" + strings.Join(types, ", ") + ")"
}

// id is a method's number: the one written, or the place among the methods.
func id(m *ast.Method, n int) string {
	if m.ID != "" {
		return plainNumber(m.ID)
	}
	return itoa(n)
}

func (c *comparison) methods(o, n declared) {
	type numbered struct {
		*ast.Method
		id string
	}
	newer := make(map[string]numbered)
	for i, m := range n.decl.Methods {
		newer[n.signature(m)] = numbered{m, id(m, i)}
	}
	for i, m := range o.decl.Methods {
		is, found := newer[o.signature(m)]
		if !found {
			c.report(o, m.Name.Span, "the method %s.%s was removed or changed", o.name, o.signature(m))
			continue
		}
		if isOneway(n, is.Method) && !isOneway(o, m) {
			c.report(n, is.Name.Span, "%s.%s was made oneway", o.name, m.Name.Text)
		}
		if was := id(m, i); was != is.id {
			c.report(n, is.Name.Span, "the id of %s.%s was %s, and is %s", o.name, m.Name.Text, was, is.id).
				Noted("without ids, methods are numbered in order: new ones go to the end")
		}
		c.typeUse(o, n, m.Type, is.Type)
		c.arguments(o, n, m, is.Method)
	}
}

func isOneway(d declared, m *ast.Method) bool { return m.Oneway >= 0 || d.decl.Oneway }

func (c *comparison) arguments(o, n declared, older, newer *ast.Method) {
	for i, a := range older.Arguments {
		b := newer.Arguments[i] // as many: they are part of the signature
		c.typeUse(o, n, a.Type, b.Type)
		if direction(a) != direction(b) {
			c.report(n, b.Name.Span, "the direction of %s was %s, and is %s", b.Name.Text, direction(a), direction(b))
		}
	}
}

func direction(a *ast.Argument) string {
	if a.Direction == ast.EOF {
		return "in"
	}
	return strings.TrimSpace(directions[a.Direction])
}

func (c *comparison) constants(o, n declared) {
	newer := make(map[string]*ast.Constant)
	for _, k := range n.decl.Constants {
		newer[k.Name.Text] = k
	}
	for _, k := range o.decl.Constants {
		is := newer[k.Name.Text]
		if is == nil {
			c.report(o, k.Name.Span, "the constant %s.%s was removed", o.name, k.Name.Text)
			continue
		}
		c.typeUse(o, n, k.Type, is.Type)
		if was, now := o.Value(k.Value, k.Type, o.decl), n.Value(is.Value, is.Type, n.decl); was != now {
			c.report(n, is.Name.Span, "the constant %s.%s was %s, and is %s", o.name, k.Name.Text, was, now)
		}
	}
}

func (c *comparison) enumerators(o, n declared) {
	newer := make(map[string]*ast.Enumerator)
	for _, e := range n.decl.Enumerators {
		newer[e.Name.Text] = e
	}
	for _, e := range o.decl.Enumerators {
		is := newer[e.Name.Text]
		if is == nil {
			c.report(o, e.Name.Span, "the enumerator %s.%s was removed", o.name, e.Name.Text)
			continue
		}
		if was, now := o.Enumerator(e, o.decl), n.Enumerator(is, n.decl); was != now {
			c.report(n, is.Name.Span, "the enumerator %s.%s was %s, and is %s", o.name, e.Name.Text, was, now)
		}
	}
}
