package check

import (
	"slices"
	"strings"

	"ubinder/aidl/ast"
	"ubinder/aidl/diag"
)

// use is what a type in a file means.
type use struct {
	node    *ast.Type
	builtin string  // "" for a declared type
	symbol  *symbol // nil for a builtin
	args    []*use
}

// name is the full name of what is used, without arguments and brackets.
func (u *use) name() string {
	if u.symbol != nil {
		return u.symbol.full
	}
	return u.builtin
}

func (u *use) isArray() bool { return len(u.node.Dimensions) > 0 }

// isFixed reports whether the type is an array of fixed size.
func (u *use) isFixed() bool { return u.isArray() && u.node.Dimensions[0].Size != nil }

func (u *use) isGeneric() bool { return u.node.Arguments != nil }

// isEnum reports whether one value of the type, arrays aside, is an enum's.
func (u *use) isEnum() bool { return u.symbol != nil && u.symbol.decl.Kind == ast.Enum }

func (u *use) has(annotation string) bool { return u.find(annotation) != nil }

func (u *use) find(annotation string) *ast.Annotation {
	for _, a := range u.node.Annotations {
		if a.Name == annotation {
			return a
		}
	}
	return nil
}

// resolver finds what the names of one document mean.
type resolver struct {
	*Program
	doc      *document
	needed   map[*document]bool
	reported map[string]bool // names that were complained about
}

func (p *Program) resolve(d *document) {
	r := &resolver{Program: p, doc: d, needed: make(map[*document]bool), reported: make(map[string]bool)}
	d.uses = make(map[*ast.Type]*use)
	d.prefixes = make(map[*ast.Reference]*symbol)
	d.inner = make(map[*symbol]bool)
	for _, s := range d.top {
		r.symbol(s)
	}
}

func (r *resolver) symbol(s *symbol) {
	if s.tagOf != nil {
		return
	}
	for _, c := range s.decl.Constants {
		r.use(c.Type, s)
		r.expr(c.Value, s)
	}
	for _, m := range s.decl.Methods {
		r.use(m.Type, s)
		for _, a := range m.Arguments {
			r.use(a.Type, s)
		}
	}
	for _, f := range s.decl.Fields {
		r.use(f.Type, s)
		r.expr(f.Default, s)
	}
	for _, e := range s.decl.Enumerators {
		r.expr(e.Value, s)
	}
	for _, n := range s.nested {
		r.symbol(n)
	}
}

// use resolves a type and those inside it; nil when it is not known.
func (r *resolver) use(t *ast.Type, scope *symbol) *use {
	u := &use{node: t}
	u.builtin, u.symbol = r.lookUp(t.Name, scope)
	known := u.builtin != "" || u.symbol != nil
	for _, a := range t.Arguments {
		inner := r.use(a, scope)
		known = known && inner != nil
		u.args = append(u.args, inner)
	}
	for _, d := range t.Dimensions {
		r.expr(d.Size, scope)
	}
	if !known {
		return nil
	}
	r.doc.uses[t] = u
	return u
}

// expr resolves the types that references in an expression begin with.
func (r *resolver) expr(e ast.Expr, scope *symbol) {
	for { // along the left side, which may be long
		switch x := e.(type) {
		case *ast.Reference:
			r.reference(x, scope)
		case *ast.List:
			for _, element := range x.Elements {
				r.expr(element, scope)
			}
		case *ast.Unary:
			e = x.X
			continue
		case *ast.Binary:
			r.expr(x.Y, scope)
			e = x.X
			continue
		}
		return
	}
}

func (r *resolver) reference(ref *ast.Reference, scope *symbol) {
	dot := strings.LastIndexByte(ref.Name.Text, '.')
	if dot < 0 {
		return
	}
	prefix := &ast.Name{Span: ref.Name.Span, Text: ref.Name.Text[:dot]}
	if _, s := r.lookUp(prefix, scope); s != nil {
		r.doc.prefixes[ref] = s
	}
}

// lookUp finds what a name means in a scope, and reports when it means nothing.
func (r *resolver) lookUp(name *ast.Name, scope *symbol) (builtin string, s *symbol) {
	r.doc.steps.Add(1)
	if isBuiltin(name.Text) {
		if java := javaNames[name.Text]; java != "" {
			return java, nil
		}
		return name.Text, nil
	}
	full := fullName(name.Text, scope, r.doc)
	s, err := r.find(r.doc, full)
	if s == nil && !r.reported[name.Text] {
		r.reported[name.Text] = true
		r.unknown(name, err)
	}
	if s != nil && s.doc != r.doc && !r.needed[s.doc] {
		r.needed[s.doc] = true
		r.doc.needs = append(r.doc.needs, s.doc)
	}
	if s != nil && s.doc != r.doc && s.parent != nil {
		r.doc.inner[s] = true
	}
	return "", s
}

// fullName is what a name stands for: a nested type of the scope or of one around it, an import, a
// type of the file, or itself.
func fullName(name string, scope *symbol, d *document) string {
	first, rest, dotted := strings.Cut(name, ".")
	if dotted {
		rest = "." + rest
	}
	for ; scope != nil; scope = scope.parent {
		if n := scope.inside[first]; n != nil {
			return n.full + rest
		}
	}
	if full := d.imports[first]; full != "" {
		return full + rest
	}
	if s := d.topNamed[first]; s != nil {
		return s.full + rest
	}
	return name
}

// find finds a type by its full name, as looked for from a document.
func (p *Program) find(from *document, full string) (*symbol, error) {
	if s := from.byName[full]; s != nil {
		return s, nil
	}
	f, err := p.set.File(from.file, full)
	if f != nil {
		if s := p.document(f).byName[full]; s != nil {
			return s, nil
		}
	}
	if s := p.preprocessed(full); s != nil {
		return s, nil
	}
	return nil, err
}

// preprocessed finds a type of a preprocessed file, by its full name or, as such files were meant
// for, by its own.
func (p *Program) preprocessed(name string) *symbol {
	for _, f := range p.set.Preprocessed {
		d := p.document(f)
		if s := d.byName[name]; s != nil {
			return s
		}
		if s := p.simple[name]; s != nil {
			return s
		}
	}
	return nil
}

func (r *resolver) unknown(name *ast.Name, err error) {
	missing := r.importMissing(name.Text)
	if missing && r.doc.file.Main {
		return // that is reported at the import
	}
	d := r.doc.wrong.Errorf(r.doc.source(), name.Span, "there is no type %s", name.Text)
	switch {
	case err != nil:
		d.Noted("%v", err)
	case missing:
		d.Labelled("imported, but not found")
	case r.sibling(name.Text):
		d.Labelled("not declared here and not imported").Helped("import it, although it is in the same package: import %s.%s;", r.doc.pkg, name.Text)
	default:
		d.Labelled("not declared here and not imported")
		if len(r.reported) > helpful {
			return
		}
		if near := diag.Near(name.Text, r.known()); near != "" {
			d.Helped("did you mean %s?", near)
		}
	}
}

// importMissing reports whether a name is imported from a file that is not there.
func (r *resolver) importMissing(name string) bool {
	first, _, _ := strings.Cut(name, ".")
	full := r.doc.imports[first]
	if full == "" {
		return false
	}
	f, _ := r.set.File(r.doc.file, full)
	return f == nil
}

// sibling reports whether the file's package has a type of a name.
func (r *resolver) sibling(name string) bool {
	if r.doc.pkg == "" || strings.Contains(name, ".") {
		return false
	}
	s, _ := r.find(r.doc, r.doc.pkg+"."+name)
	return s != nil
}

// helpful is for how many mistakes, and among how many names, help is looked for: a file full of
// mistakes must not cost the square of its size.
const helpful = 200

// known is the simple names that mean something in the document.
func (r *resolver) known() []string {
	var names []string
	for name := range builtins {
		names = append(names, name)
	}
	for i, imported := range r.doc.file.AST.Imports {
		if i < helpful {
			names = append(names, imported.Name.Text[strings.LastIndexByte(imported.Name.Text, '.')+1:])
		}
	}
	for i, s := range r.doc.all {
		if i < helpful {
			names = append(names, s.name)
		}
	}
	slices.Sort(names)
	return names
}
