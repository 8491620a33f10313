package gen

import (
	"go/token"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"ubinder/aidl/model"
)

// signatureNames are those that every method's signature has; bodyNames are what generated bodies
// use besides.
var (
	signatureNames = []string{"ctx", "in", "out", "err"}
	bodyNames      = []string{"c", "x", "impl", "nil", "new", "error", "context", "os", "binder", "stub"}
)

// scope is the names that parameters must not have.
type scope map[string]bool

// newSignatureScope is for signatures without a body, where a parameter hides nothing.
func newSignatureScope() scope {
	s := make(scope)
	s.take(signatureNames...)
	return s
}

// newBodyScope is for methods with a body, where a parameter must not hide an import either.
func (g emitter) newBodyScope(m *model.Method) scope {
	s := newSignatureScope()
	for _, name := range append(g.importNames(m), bodyNames...) {
		s.take(name, unnumbered(name))
	}
	return s
}

func (s scope) take(names ...string) {
	for _, name := range names {
		s[name] = true
	}
}

// name gives each attachment a parameter name of its own.
func (s scope) name(list []model.Attachment) []string {
	var names []string
	for _, a := range list {
		name := lowerCamel(a.Name)
		for s[name] || s[unnumbered(name)] || token.IsKeyword(name) {
			name += "_"
		}
		s.take(name)
		names = append(names, name)
	}
	return names
}

// importNames are the names by which a method's signature refers to other packages.
func (g emitter) importNames(m *model.Method) []string {
	var names []string
	add := func(n model.Name) {
		if !n.IsZero() && n.Package != g.importPath {
			names = append(names, path.Base(n.Package))
		}
	}
	for _, msg := range []model.Message{m.Request, m.Reply} {
		add(msg.Type)
		for _, a := range msg.Attachments {
			add(a.Interface)
		}
	}
	return names
}

// unnumbered cuts off the number by which protogen tells imports of one name apart.
func unnumbered(name string) string { return strings.TrimRight(name, "0123456789") }

// lowerCamel turns a_field_name into aFieldName.
func lowerCamel(s string) string {
	var b strings.Builder
	upper := false
	for _, r := range strings.TrimLeft(s, "_") {
		switch {
		case r == '_':
			upper = true
		case upper:
			b.WriteRune(unicode.ToUpper(r))
			upper = false
		default:
			b.WriteRune(r)
		}
	}
	name := b.String()
	first, size := utf8.DecodeRuneInString(name)
	if name == "" || unicode.IsDigit(first) {
		return "arg" + name
	}
	return string(unicode.ToLower(first)) + name[size:]
}
