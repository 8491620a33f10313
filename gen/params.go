package gen

import (
	"go/token"
	"strings"
	"unicode"
	"unicode/utf8"

	"ubinder/aidl/model"
)

// reserved are the names that generated bodies use themselves.
var reserved = []string{
	"ctx", "in", "out", "err", "c", "x", "impl", "nil", "new", "error", "context", "os", "binder", "stub",
}

// paramNames gives each attachment a Go parameter name, unlike each other, unlike the names in taken
// and unlike what generated bodies use.
func paramNames(list []model.Attachment, taken ...string) []string {
	used := make(map[string]bool)
	for _, name := range append(taken, reserved...) {
		used[name] = true
	}
	var names []string
	for _, a := range list {
		name := lowerCamel(a.Name)
		for used[name] || used[strings.TrimRight(name, "0123456789")] || token.IsKeyword(name) {
			name += "_"
		}
		used[name] = true
		names = append(names, name)
	}
	return names
}

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
