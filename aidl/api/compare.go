package api

import (
	"strings"

	"ubinder/aidl/ast"
	"ubinder/aidl/check"
	"ubinder/aidl/diag"
	"ubinder/aidl/load"
)

// Level says how much of an API may change.
type Level int

// The levels.
const (
	Compatible Level = iota // what is there stays as it is on the wire; more may be added where that is safe
	Equal                   // nothing may change but comments and how constants are written
)

// Compare says how a newer API breaks what an older one promised, by the rules of AOSP's compiler.
// Both must be accepted. Only types of the files that were given are compared.
func Compare(older, newer *check.Program, level Level) []*diag.Diagnostic {
	c := &comparison{level: level}
	oldTypes, order := declarations(older)
	newTypes, newOrder := declarations(newer)
	if level == Equal {
		for _, name := range newOrder {
			if _, found := oldTypes[name]; !found {
				c.report(newTypes[name], newTypes[name].decl.Name.Span, "the type %s was added", name)
			}
		}
	}
	for _, name := range order {
		n, found := newTypes[name]
		if !found {
			c.report(oldTypes[name], oldTypes[name].decl.Name.Span, "the type %s was removed", name)
			continue
		}
		c.types(oldTypes[name], n)
	}
	c.wrong.Sort()
	return c.wrong.All
}

// declared is a type with what its file says.
type declared struct {
	*check.Text
	file *load.File
	decl *ast.Decl
	name string // in full
}

// declarations are the types at the top of a program's files, by full name and in order.
func declarations(p *check.Program) (map[string]declared, []string) {
	types := make(map[string]declared)
	var order []string
	for _, f := range p.Files() {
		text := p.Text(f)
		for _, d := range f.AST.Decls {
			name := text.FullName(d)
			if _, twice := types[name]; !twice {
				order = append(order, name)
			}
			types[name] = declared{text, f, d, name}
		}
	}
	return types, order
}

type comparison struct {
	level Level
	wrong diag.List
}

func (c *comparison) report(d declared, at diag.Span, format string, args ...any) *diag.Diagnostic {
	return c.wrong.Errorf(d.Source(), at, format, args...)
}

func (c *comparison) types(o, n declared) {
	if c.level == Equal {
		c.equal(o, n)
		return
	}
	c.annotations(o, n, o.decl.Annotations, n.decl.Annotations, n.decl.Name.Span)
	if o.decl.Kind != n.decl.Kind && o.decl.Kind != ast.Foreign {
		c.report(n, n.decl.Name.Span, "%s was declared as: %s, and is: %s", o.name, o.decl.Kind, n.decl.Kind)
		return
	}
	switch o.decl.Kind {
	case ast.Interface:
		c.methods(o, n)
		c.constants(o, n)
	case ast.Parcelable, ast.Union:
		c.fields(o, n)
		c.constants(o, n)
	case ast.Enum:
		c.enumerators(o, n)
	}
	c.nested(o, n)
}

// equal compares the dumps of two types, with what constants are worth.
func (c *comparison) equal(o, n declared) {
	oldLines, newLines := strings.Split(dumpValues(o), "\n"), strings.Split(dumpValues(n), "\n")
	for i := range max(len(oldLines), len(newLines)) {
		was, is := line(oldLines, i), line(newLines, i)
		if was != is {
			c.report(n, n.decl.Name.Span, "%s has changed", o.name).Noted("it had:   %s", was).Noted("it has:   %s", is)
			return
		}
	}
}

func line(lines []string, i int) string {
	if i < len(lines) {
		return strings.TrimSpace(lines[i])
	}
	return ""
}

func dumpValues(d declared) string {
	dump := &dumper{Text: d.Text, file: d.file.AST, values: true}
	dump.decl(d.decl)
	return dump.out.String()
}

func (c *comparison) nested(o, n declared) {
	newer := make(map[string]*ast.Decl)
	for _, d := range n.decl.Types {
		newer[d.Name.Text] = d
	}
	for _, d := range o.decl.Types {
		old := declared{o.Text, o.file, d, o.name + "." + d.Name.Text}
		if newer[d.Name.Text] == nil {
			c.report(old, d.Name.Span, "the type %s was removed", old.name)
			continue
		}
		c.types(old, declared{n.Text, n.file, newer[d.Name.Text], old.name})
	}
}

// harmless are annotations that may be added and taken away: they change nothing on the wire.
var harmless = map[string]bool{
	"nullable": true, "SensitiveData": true, "JavaDerive": true, "JavaDefault": true, "JavaDelegator": true,
	"JavaOnlyImmutable": true, "JavaPassthrough": true, "JavaSuppressLint": true, "RustDerive": true, "SuppressWarnings": true,
	"VersionSupport": true,
}

func (c *comparison) annotations(o, n declared, older, newer []*ast.Annotation, at diag.Span) {
	was, is := o.Annotations(binding(older), o.decl), n.Annotations(binding(newer), n.decl)
	if was != is {
		c.report(n, at, "annotations have changed").Noted("there was:   %s", or(was, "none")).Noted("there is:    %s", or(is, "none"))
	}
}

func or(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}

func binding(list []*ast.Annotation) []*ast.Annotation {
	var kept []*ast.Annotation
	for _, a := range list {
		if !harmless[a.Name] {
			kept = append(kept, a)
		}
	}
	return kept
}

func (c *comparison) typeUse(o, n declared, older, newer *ast.Type) {
	if was, is := o.Signature(older, o.decl), n.Signature(newer, n.decl); was != is {
		c.report(n, newer.Span, "the type was %s, and is %s", was, is)
	}
	c.annotations(o, n, older.Annotations, newer.Annotations, newer.Span)
}
