package check

import (
	"slices"
	"strings"

	"ubinder/aidl/ast"
)

// recursion reports parcelables that contain themselves. An array, a List, and what is on the heap,
// may be empty, so that ends it.
func (c *checker) recursion() {
	f := &containment{Program: c.Program, state: make(map[*symbol]int)}
	for _, s := range c.doc.all {
		if !s.isParcelable() || s.tagOf != nil {
			continue
		}
		if circle := f.visit(s); circle != nil {
			c.errorf(s.decl.Name.Span, "%s contains itself: %s", s.name, strings.Join(circle, " -> ")).
				Helped("mark the field that leads back @nullable(heap=true), or make it an array or a List")
			return
		}
	}
}

// containment searches for a parcelable in itself.
type containment struct {
	*Program
	state map[*symbol]int
	path  []string
}

const (
	unvisited = iota
	visiting
	visited
)

// visit returns the names on the way from a type to itself; nil when there is none.
func (f *containment) visit(s *symbol) []string {
	f.path = append(f.path, s.name)
	defer func() { f.path = f.path[:len(f.path)-1] }()
	switch f.state[s] {
	case visiting:
		return append([]string{}, f.path...)
	case visited:
		return nil
	}
	f.state[s] = visiting
	d := f.resolved(s.doc.file)
	for _, field := range s.decl.Fields {
		u := d.uses[field.Type]
		if u == nil || u.symbol == nil || !u.symbol.isParcelable() || u.isArray() || isHeap(u) {
			continue
		}
		if circle := f.visit(u.symbol); circle != nil {
			return circle
		}
	}
	f.state[s] = visited
	return nil
}

// nestedCycle reports whether types inside one type need each other in a circle: C++ declares them in
// an order.
func (c *checker) nestedCycle(s *symbol) bool {
	root := make(map[*symbol]*symbol)
	for _, n := range s.nested {
		under(n, n, root)
	}
	needs := make(map[*symbol][]*symbol)
	for _, n := range s.nested {
		c.collect(n, func(u *use) {
			if r := root[u.symbol]; u.symbol != nil && r != nil && r != n {
				needs[n] = append(needs[n], r)
			}
		})
	}
	state := make(map[*symbol]int)
	for _, n := range s.nested {
		if inCircle(n, needs, state) {
			return true
		}
	}
	return false
}

// innerCircles reports types inside others that files use which this one needs itself. In C++ a file is a
// header, and what is inside a type cannot be declared ahead of it.
func (c *checker) innerCircles() {
	if !slices.ContainsFunc(c.doc.all, func(s *symbol) bool { return s.parent != nil }) {
		return
	}
	said := make(map[*symbol]bool)
	for _, d := range c.closure(c.doc)[1:] {
		for _, s := range c.doc.all {
			if !d.inner[s] || said[s] {
				continue
			}
			said[s] = true
			at := s
			if s.tagOf != nil {
				at = s.tagOf
			}
			c.errorf(at.decl.Name.Span, "%s is used by %s, which this file needs itself, and C++ cannot have that", s.full, d.file.Path).
				Helped("declare it in a file of its own")
		}
	}
}

func under(s, root *symbol, roots map[*symbol]*symbol) {
	roots[s] = root
	for _, n := range s.nested {
		under(n, root, roots)
	}
}

func inCircle(s *symbol, needs map[*symbol][]*symbol, state map[*symbol]int) bool {
	switch state[s] {
	case visiting:
		return true
	case visited:
		return false
	}
	state[s] = visiting
	for _, n := range needs[s] {
		if inCircle(n, needs, state) {
			return true
		}
	}
	state[s] = visited
	return false
}

// collect calls visit for all types that a declaration and those inside it use, in expressions too.
func (c *checker) collect(s *symbol, visit func(*use)) {
	one := func(t *ast.Type) { c.collectType(t, visit) }
	for _, k := range s.decl.Constants {
		one(k.Type)
		c.collectExpr(k.Value, visit)
	}
	for _, m := range s.decl.Methods {
		one(m.Type)
		for _, a := range m.Arguments {
			one(a.Type)
		}
	}
	for _, f := range s.decl.Fields {
		one(f.Type)
		c.collectExpr(f.Default, visit)
	}
	for _, e := range s.decl.Enumerators {
		c.collectExpr(e.Value, visit)
	}
	for _, n := range s.nested {
		if n.tagOf == nil {
			c.collect(n, visit)
		}
	}
}

func (c *checker) collectType(t *ast.Type, visit func(*use)) {
	if u := c.doc.uses[t]; u != nil {
		visit(u)
	}
	for _, a := range t.Arguments {
		c.collectType(a, visit)
	}
	for _, d := range t.Dimensions {
		c.collectExpr(d.Size, visit)
	}
}

func (c *checker) collectExpr(x ast.Expr, visit func(*use)) {
	for {
		switch e := x.(type) {
		case *ast.Reference:
			if s := c.doc.prefixes[e]; s != nil {
				visit(&use{symbol: s})
			}
		case *ast.List:
			for _, element := range e.Elements {
				c.collectExpr(element, visit)
			}
		case *ast.Unary:
			x = e.X
			continue
		case *ast.Binary:
			c.collectExpr(e.Y, visit)
			x = e.X
			continue
		}
		return
	}
}
