package check

import (
	"slices"
	"strings"

	"ubinder/aidl/ast"
	"ubinder/aidl/diag"
)

// warner gives the warnings of a document. It keeps which are suppressed where it is.
type warner struct {
	*checker
	suppressed []string
	unknown    map[*ast.Parameter]bool // that were complained about
}

func (c *checker) warn() {
	w := &warner{checker: c, unknown: make(map[*ast.Parameter]bool)}
	w.doubleImports()
	for _, s := range c.doc.top {
		w.decl(s)
	}
}

func (w *warner) give(name string, at diag.Span, format string, args ...any) *diag.Diagnostic {
	severity, on := w.options.Warnings.severity(name)
	d := &diag.Diagnostic{}
	if !on || slices.Contains(w.suppressed, name) {
		return d // nobody sees it
	}
	d = w.errorf(at, format, args...)
	d.Severity, d.Name = severity, name
	return d
}

// suppress leaves out the warnings that an annotation names, while it calls do.
func (w *warner) suppress(list []*ast.Annotation, do func()) {
	before := len(w.suppressed)
	w.suppressed = append(w.suppressed, w.named(list)...)
	do()
	w.suppressed = w.suppressed[:before]
}

// named is the warnings that @SuppressWarnings names. One that is none is an error, as it is in AOSP's
// compiler.
func (w *warner) named(list []*ast.Annotation) []string {
	var names []string
	for _, a := range list {
		if a.Name != "SuppressWarnings" {
			continue
		}
		for _, p := range a.Parameters {
			if v := w.values[p]; v != nil {
				for _, e := range v.Elements {
					names = append(names, e.String)
					w.knownWarning(e.String, p)
				}
			}
		}
	}
	return names
}

func (w *warner) knownWarning(name string, p *ast.Parameter) {
	if slices.Contains(WarningNames, name) || w.unknown[p] {
		return
	}
	w.unknown[p] = true
	d := w.errorf(p.Value.At(), "there is no warning %s", name)
	d.Name = "unknown-warning"
	if near := diag.Near(name, WarningNames); near != "" {
		d.Helped("did you mean %s?", near)
	}
}

func (w *warner) doubleImports() {
	seen := make(map[string]bool)
	for _, i := range w.doc.file.AST.Imports {
		name := i.Name.Text
		simple := name[strings.LastIndexByte(name, '.')+1:]
		if s := w.doc.topNamed[simple]; s != nil && s.full != name {
			w.give("unique-import", i.Name.Span, "%s is declared in this file too", simple)
		}
		if seen[simple] {
			w.give("unique-import", i.Name.Span, "%s is imported twice", simple)
		}
		seen[simple] = true
	}
}

func (w *warner) decl(s *symbol) {
	if s.tagOf != nil {
		return
	}
	w.suppress(s.decl.Annotations, func() {
		w.names(s)
		for _, k := range s.decl.Constants {
			w.types(k.Type)
		}
		w.fields(s)
		if s.decl.Kind == ast.Interface {
			w.iface(s)
		}
		for _, n := range s.nested {
			w.decl(n)
		}
	})
}

func (w *warner) fields(s *symbol) {
	for i, f := range s.decl.Fields {
		w.types(f.Type)
		if s.decl.Kind == ast.Union && i > 0 || f.Default != nil {
			continue
		}
		if u := w.doc.uses[f.Type]; u != nil && u.isEnum() && !u.isArray() && !u.has("nullable") {
			w.give("enum-explicit-default", f.Name.Span, "the field %s says no enumerator to begin with", f.Name.Text)
		}
	}
}

// types gives what is to be said of a type that is used.
func (w *warner) types(t *ast.Type) {
	if u := w.doc.uses[t]; u != nil {
		switch {
		case u.builtin == "FileDescriptor":
			w.give("file-descriptor", t.Span, "FileDescriptor is not for every language").Helped("use ParcelFileDescriptor")
		case (u.builtin == "List" || u.builtin == "Map") && !u.isGeneric():
			w.give("untyped-collection", t.Span, "this %s does not say what it holds", u.builtin).Helped("write List<T> or Map<String, T>")
		}
	}
	for _, a := range t.Arguments {
		w.types(a)
	}
}

func (w *warner) iface(s *symbol) {
	if s.name[0] != 'I' {
		w.give("interface-name", s.decl.Name.Span, "the name of an interface begins with I")
	}
	w.oneway(s)
	w.permissions(s)
	for _, m := range s.decl.Methods {
		w.suppress(m.Type.Annotations, func() { w.method(m) })
	}
}

func (w *warner) method(m *ast.Method) {
	w.types(m.Type)
	for _, a := range m.Arguments {
		w.types(a.Type)
		u := w.doc.uses[a.Type]
		out := a.Direction == ast.KeyOut || a.Direction == ast.KeyInout
		if a.Direction == ast.KeyInout {
			w.give("inout-parameter", a.Name.Span, "%s goes both ways, which callers easily overlook", a.Name.Text)
		}
		if u == nil || !out {
			continue
		}
		if u.isArray() {
			w.give("out-array", m.Name.Span, "%s gives back an array in %s", m.Name.Text, a.Name.Text).Helped("return it")
		} else if u.has("nullable") {
			w.give("out-nullable", a.Name.Span, "%s comes back and may be null, which not every language can have", a.Name.Text).Helped("return it")
		}
	}
}

// oneway warns of interfaces that are oneway in part, or say it twice.
func (w *warner) oneway(s *symbol) {
	var some, others bool
	for _, m := range s.decl.Methods {
		suppressed := w.named(m.Type.Annotations)
		if !slices.Contains(suppressed, "mixed-oneway") {
			some = some || isOneway(m, s)
			others = others || !isOneway(m, s)
		}
		if s.decl.Oneway && m.Oneway >= 0 && !slices.Contains(suppressed, "redundant-oneway") {
			w.give("redundant-oneway", s.decl.Name.Span, "%s is oneway, so its method %s need not say it", s.name, m.Name.Text)
		}
	}
	if some && others {
		w.give("mixed-oneway", s.decl.Name.Span, "some methods of %s are oneway and some are not, which makes order hard to reason about", s.name)
	}
}

func (w *warner) permissions(s *symbol) {
	const help = "write @EnforcePermission, @PermissionManuallyEnforced or @RequiresNoPermission"
	if permission(s.decl.Annotations) != nil {
		return
	}
	var without []*ast.Method
	for _, m := range s.decl.Methods {
		if permission(m.Type.Annotations) == nil {
			without = append(without, m)
		}
	}
	if len(without) == len(s.decl.Methods) {
		w.give("missing-permission-annotation", s.decl.Name.Span, "%s does not say who may call it", s.name).Helped(help)
		return
	}
	for _, m := range without {
		w.give("missing-permission-annotation", m.Name.Span, "%s does not say who may call it", m.Name.Text).Helped(help)
	}
}

// names warns of constants that are not in capitals, and of those that repeat their type's name.
func (w *warner) names(s *symbol) {
	outer := make(map[string]bool)
	for _, word := range words(s.name) {
		outer[strings.ToUpper(word)] = true
	}
	for _, k := range s.order {
		what := "a constant"
		if s.decl.Kind == ast.Enum {
			what = "an enumerator"
		}
		if upper := strings.ToUpper(k.name); upper != k.name {
			w.give("const-name", k.at, "the name of %s is in capitals", what).Helped("call it %s", upper)
		}
		at := k.at
		if s.decl.Kind == ast.Enum {
			at = s.decl.Name.Span
		}
		for _, word := range words(k.name) {
			if outer[strings.ToUpper(word)] {
				w.give("redundant-name", at, "%s repeats %s, which is in the name of %s", k.name, word, s.name)
			}
		}
	}
}

// words splits a name at underscores, or, without any, before capitals. A name of capitals alone is
// one word.
func words(name string) []string {
	isUpper := func(c rune) bool { return 'A' <= c && c <= 'Z' }
	if strings.IndexFunc(name, func(c rune) bool { return !isUpper(c) }) < 0 {
		return []string{name}
	}
	if strings.Contains(name, "_") {
		return strings.FieldsFunc(name, func(c rune) bool { return c == '_' })
	}
	var list []string
	start := 0
	for i, c := range name {
		if i > 0 && isUpper(c) {
			list = append(list, name[start:i])
			start = i
		}
	}
	return append(list, name[start:])
}
