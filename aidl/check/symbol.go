package check

import (
	"strings"
	"sync/atomic"

	"ubinder/aidl/ast"
	"ubinder/aidl/diag"
	"ubinder/aidl/load"
)

// document is a file with what it declares and, once resolved, what its names mean.
type document struct {
	file     *load.File
	pkg      string
	top      []*symbol
	topNamed map[string]*symbol
	all      []*symbol // nested ones too
	byName   map[string]*symbol
	imports  map[string]string // full name by simple name
	uses     map[*ast.Type]*use
	prefixes map[*ast.Reference]*symbol // the type before the last dot
	wrong    diag.List                  // what resolving found
	needs    []*document                // those that declare what this one uses
	inner    map[*symbol]bool           // types inside others, of other documents, that this one uses
	steps    atomic.Int64               // work done, for the test that it is in proportion
}

func (d *document) source() *diag.Source { return d.file.AST.Source }

// symbol is a declared type.
type symbol struct {
	decl       *ast.Decl
	doc        *document
	parent     *symbol
	name       string
	full       string
	nested     []*symbol
	inside     map[string]*symbol // nested, by name
	members    map[string]*cell   // constants, or enumerators
	order      []*cell            // the same, in order
	tagOf      *symbol            // the union that this is the tag of; then decl is made up
	annotation map[string]*ast.Annotation
}

// cell is a constant or an enumerator, whose value is worked out at most a few times: goroutines that
// find it empty compute the same.
type cell struct {
	name   string
	owner  *symbol
	at     diag.Span
	expr   ast.Expr // nil for an enumerator without a value
	before *cell    // the enumerator before it
	result atomic.Pointer[result]
}

func newDocument(f *load.File) *document {
	d := &document{file: f, pkg: f.Package(), topNamed: make(map[string]*symbol), byName: make(map[string]*symbol), imports: make(map[string]string)}
	for _, i := range f.AST.Imports {
		simple := i.Name.Text[strings.LastIndexByte(i.Name.Text, '.')+1:]
		if d.imports[simple] == "" {
			d.imports[simple] = i.Name.Text
		}
	}
	for _, decl := range f.AST.Decls {
		s := d.declare(decl, nil)
		d.top = append(d.top, s)
		keepFirst(d.topNamed, s)
	}
	return d
}

func (d *document) declare(decl *ast.Decl, parent *symbol) *symbol {
	s := &symbol{decl: decl, doc: d, parent: parent, name: decl.Name.Text}
	switch {
	case parent != nil:
		s.full = parent.full + "." + s.name
	case d.pkg != "":
		s.full = d.pkg + "." + s.name
	default: // in a preprocessed file, names are qualified
		s.full = s.name
		s.name = s.name[strings.LastIndexByte(s.name, '.')+1:]
	}
	s.annotation = make(map[string]*ast.Annotation, len(decl.Annotations))
	for _, a := range decl.Annotations {
		if s.annotation[a.Name] == nil {
			s.annotation[a.Name] = a
		}
	}
	d.all = append(d.all, s)
	if d.byName[s.full] == nil {
		d.byName[s.full] = s
	}
	s.declareMembers()
	s.declareNested()
	return s
}

func (s *symbol) declareNested() {
	for _, n := range s.decl.Types {
		s.nested = append(s.nested, s.doc.declare(n, s))
	}
	if s.decl.Kind == ast.Union {
		s.nested = append(s.nested, s.doc.declareTag(s))
	}
	s.inside = make(map[string]*symbol, len(s.nested))
	for _, n := range s.nested {
		keepFirst(s.inside, n)
	}
}

func keepFirst(m map[string]*symbol, s *symbol) {
	if m[s.name] == nil {
		m[s.name] = s
	}
}

func (s *symbol) declareMembers() {
	s.members = make(map[string]*cell, len(s.decl.Constants)+len(s.decl.Enumerators))
	for _, c := range s.decl.Constants {
		s.member(&cell{name: c.Name.Text, at: c.Name.Span, expr: c.Value})
	}
	var before *cell
	for _, e := range s.decl.Enumerators {
		c := &cell{name: e.Name.Text, at: e.Name.Span, expr: e.Value, before: before}
		s.member(c)
		before = c
	}
}

func (s *symbol) member(c *cell) {
	c.owner = s
	s.order = append(s.order, c)
	if s.members[c.name] == nil {
		s.members[c.name] = c
	}
}

// declareTag declares the enum that every union has: an enumerator for each field.
func (d *document) declareTag(union *symbol) *symbol {
	decl := &ast.Decl{Kind: ast.Enum, Name: &ast.Name{Span: union.decl.Name.Span, Text: "Tag"}, Span: union.decl.Name.Span}
	for _, f := range union.decl.Fields {
		decl.Enumerators = append(decl.Enumerators, &ast.Enumerator{Name: f.Name})
	}
	tag := d.declare(decl, union)
	tag.tagOf = union
	return tag
}

// is reports whether an annotation stands before the declaration.
func (s *symbol) is(annotation string) bool { return s.annotation[annotation] != nil }

// isVintf reports whether the type, or one that it is nested in, is marked so.
func (s *symbol) isVintf() bool {
	for ; s != nil; s = s.parent {
		if s.is("VintfStability") {
			return true
		}
	}
	return false
}

// isParcelable reports whether values of the type are structures: declared ones, foreign ones, unions.
func (s *symbol) isParcelable() bool {
	return s.decl.Kind == ast.Parcelable || s.decl.Kind == ast.Foreign || s.decl.Kind == ast.Union
}

// outermost is the type of the file's top level that this is, or is nested in.
func (s *symbol) outermost() *symbol {
	for s.parent != nil {
		s = s.parent
	}
	return s
}
