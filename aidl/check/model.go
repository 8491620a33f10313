package check

import (
	"strings"

	"ubinder/aidl/ast"
	"ubinder/aidl/diag"
	"ubinder/aidl/load"
	"ubinder/aidl/model"
)

// Model describes files for generators, in the order given. They must be files of the program that
// Check accepts. One type is one pointer, in whichever file it is used.
func (p *Program) Model(files []*load.File, o Options) []*model.File {
	b := &builder{evaluator: &evaluator{Program: p}, options: o, given: make(map[*document]bool), built: make(map[*symbol]*built)}
	var list []*model.File
	for _, f := range files {
		d := p.resolved(f)
		b.given[d] = true
		out := &model.File{Source: importPath(f), Package: d.pkg}
		for _, s := range d.top {
			b.add(&out.Types, s)
		}
		list = append(list, out)
	}
	for i := 0; i < len(b.pending); i++ { // grows while types that are used are found
		b.fill(b.pending[i])
	}
	return list
}

// importPath is the path of a file from its root.
func importPath(f *load.File) string {
	if root, ok := f.Root(); ok && root != "." {
		return strings.TrimPrefix(strings.TrimPrefix(f.Path, root), "/")
	}
	return f.Path
}

// built is what a symbol became: one of these is not nil.
type built struct {
	iface      *model.Interface
	parcelable *model.Parcelable
	union      *model.Union
	enum       *model.Enum
	foreign    *model.Foreign
}

// builder makes the model. First every type is made, then filled, so that types may use each other.
type builder struct {
	*evaluator
	options Options
	given   map[*document]bool // whose interfaces, those inside others too, are of the options' version
	built   map[*symbol]*built
	pending []*symbol
}

// of is what a symbol became; it is made, and put down to be filled, when it is first asked for.
func (b *builder) of(s *symbol) *built {
	if b.built[s] != nil {
		return b.built[s]
	}
	made := new(built)
	switch s.decl.Kind {
	case ast.Interface:
		made.iface = &model.Interface{Encoding: model.Parcel}
	case ast.Parcelable:
		made.parcelable = new(model.Parcelable)
	case ast.Union:
		made.union = new(model.Union)
	case ast.Enum:
		made.enum = new(model.Enum)
	case ast.Foreign:
		made.foreign = new(model.Foreign)
	}
	b.built[s] = made
	b.pending = append(b.pending, s)
	return made
}

// add puts a symbol into the list of its kind.
func (b *builder) add(to *model.Types, s *symbol) {
	made := b.of(s)
	switch s.decl.Kind {
	case ast.Interface:
		to.Interfaces = append(to.Interfaces, made.iface)
	case ast.Parcelable:
		to.Parcelables = append(to.Parcelables, made.parcelable)
	case ast.Union:
		to.Unions = append(to.Unions, made.union)
	case ast.Enum:
		to.Enums = append(to.Enums, made.enum)
	case ast.Foreign:
		to.Foreign = append(to.Foreign, made.foreign)
	}
}

func (b *builder) nested(s *symbol) model.Types {
	var types model.Types
	for _, n := range s.nested {
		if n.tagOf == nil {
			b.add(&types, n)
		}
	}
	return types
}

func (b *builder) fill(s *symbol) {
	b.resolved(s.doc.file)
	made := b.built[s]
	switch s.decl.Kind {
	case ast.Interface:
		b.iface(made.iface, s)
	case ast.Parcelable:
		p := made.parcelable
		p.Declared, p.Types = b.declared(s), b.nested(s)
		p.Fields, p.Constants, p.TypeParameters = b.fields(s), b.constants(s), typeParameters(s)
		p.FixedSize, p.Immutable = s.is("FixedSize"), s.is("JavaOnlyImmutable")
	case ast.Union:
		u := made.union
		u.Declared, u.Types = b.declared(s), b.nested(s)
		u.Fields, u.Constants, u.TypeParameters = b.fields(s), b.constants(s), typeParameters(s)
		u.FixedSize, u.Immutable = s.is("FixedSize"), s.is("JavaOnlyImmutable")
		u.Tag = b.of(s.inside["Tag"]).enum
	case ast.Enum:
		b.enum(made.enum, s)
	case ast.Foreign:
		made.foreign.Declared, made.foreign.TypeParameters = b.declared(s), typeParameters(s)
		headers(made.foreign, s)
	}
}

func headers(f *model.Foreign, s *symbol) {
	for _, h := range s.decl.Headers {
		switch h.Keyword {
		case ast.KeyCppHeader:
			f.CppHeader = h.Value
		case ast.KeyNdkHeader:
			f.NdkHeader = h.Value
		case ast.KeyRustType:
			f.RustType = h.Value
		}
	}
}

func typeParameters(s *symbol) []string {
	var names []string
	for _, n := range s.decl.TypeParameters {
		names = append(names, n.Text)
	}
	return names
}

func (b *builder) declared(s *symbol) model.Declared {
	d := model.Declared{
		Name: s.name[strings.LastIndexByte(s.name, '.')+1:], Package: strings.TrimSuffix(strings.TrimSuffix(s.outermost().full, s.outermost().name), "."),
		VINTF: s.isVintf(), Annotations: b.annotations(s.decl.Annotations, s), Position: position(s.doc, s.decl.Name.Span),
	}
	for outer := s.parent; outer != nil; outer = outer.parent {
		d.Outer = append([]string{outer.name}, d.Outer...)
	}
	if i := strings.LastIndexByte(s.name, '.'); i >= 0 { // a foreign type of another's inside
		d.Outer = strings.Split(s.name[:i], ".")
	}
	if s.tagOf == nil {
		d.Comment = comment(s.doc, s.doc.file.AST.DeclComments(s.decl))
	}
	return d
}

func comment(d *document, comments []ast.Comment) model.Comment {
	doc := d.file.AST.Doc(comments)
	return model.Comment{Doc: doc.Text, Deprecated: doc.Deprecated, Reason: doc.Reason, Hidden: doc.Hidden}
}

func position(d *document, at diag.Span) model.Position {
	line, column := d.source().Position(at.Start)
	return model.Position{File: d.file.Path, Line: line, Column: column}
}

// spokenFor are the annotations that have fields of their own in the model.
var spokenFor = set("nullable", "utf8InCpp", "VintfStability", "SensitiveData", "Backing", "Descriptor", "FixedSize",
	"JavaOnlyImmutable", "EnforcePermission", "PermissionManuallyEnforced", "RequiresNoPermission",
	"PropagateAllowBlocking", "SuppressWarnings", "VersionSupport")

func (b *builder) annotations(list []*ast.Annotation, s *symbol) []model.Annotation {
	var out []model.Annotation
	for _, a := range list {
		if spokenFor[a.Name] {
			continue
		}
		one := model.Annotation{Name: a.Name}
		for _, p := range a.Parameters {
			if v := b.parameter(a, p.Name, s); v != nil {
				if one.Values == nil {
					one.Values = make(map[string]*model.Value)
				}
				one.Values[p.Name] = v
			}
		}
		out = append(out, one)
	}
	return out
}

// parameter is what an annotation says; nil when it does not say it.
func (b *builder) parameter(a *ast.Annotation, name string, s *symbol) *model.Value {
	for _, p := range a.Parameters {
		if p.Name != name {
			continue
		}
		for _, known := range rules[a.Name].parameters {
			if known.name == name {
				return b.value(p.Value, known.kind.shape(), s)
			}
		}
	}
	return nil
}

// value is a constant expression's, made fit for a type.
func (b *builder) value(x ast.Expr, to shape, s *symbol) *model.Value {
	v, wrong := b.expr(x, s)
	if wrong != nil {
		return nil
	}
	fit, _ := b.fit(v, to, s)
	b.sameEnumerators(fit, to)
	return fit
}

// sameEnumerators makes values point to the enumerators of the model.
func (b *builder) sameEnumerators(v *model.Value, to shape) {
	if v == nil || to.symbol == nil {
		return
	}
	for _, e := range v.Elements {
		b.sameEnumerators(e, to.element())
	}
	if v.Enumerator != nil {
		b.fillEnum(to.symbol)
		for _, e := range b.of(to.symbol).enum.Enumerators {
			if e.Name == v.Enumerator.Name {
				v.Enumerator = e
				return
			}
		}
	}
}
