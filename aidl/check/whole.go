package check

import (
	"ubinder/aidl/ast"
	"ubinder/aidl/diag"
)

// whole checks what must hold of a file's types and of all that they need.
func (c *checker) whole() {
	c.vintf()
	if c.options.Deep {
		for _, d := range c.closure(c.doc)[1:] {
			c.wrong.All = append(c.wrong.All, d.wrong.All...)
		}
	}
	if !c.options.Structured && !c.options.VINTF {
		return
	}
	for _, d := range c.closure(c.doc) {
		for _, s := range d.all {
			if s.tagOf == nil {
				c.frozen(s)
			}
		}
	}
}

// vintf checks that types marked so are treated so.
func (c *checker) vintf() {
	for _, s := range c.doc.top {
		a := s.annotation["VintfStability"]
		if a == nil || !c.options.Structured && !c.options.VINTF {
			continue // nothing is said of how it is built
		}
		if !c.options.VINTF {
			c.errorf(a.Span, "%s is marked @VintfStability, which is for --stability=vintf", s.name)
		}
		if !c.options.Structured {
			c.errorf(a.Span, "%s is marked @VintfStability, which is for --structured", s.name)
		}
	}
}

// frozen checks a type that a structured or frozen interface needs, of whichever file.
func (c *checker) frozen(s *symbol) {
	stable := s.isStable(c.options.Language)
	if c.options.Structured && s.decl.Kind == ast.Foreign && !stable {
		c.about(s, "%s is not structured, and this interface must be", s.full)
	}
	if c.options.VINTF && !s.isVintf() && !stable {
		c.about(s, "%s is not marked @VintfStability, and this interface must be", s.full)
	}
}

// about reports something about a type: where it is declared, or where that is another file, at the
// beginning of this one.
func (c *checker) about(s *symbol, format string, args ...any) {
	if s.doc == c.doc {
		c.errorf(s.decl.Name.Span, format, args...)
		return
	}
	at := diag.Span{}
	if len(c.doc.top) > 0 {
		at = c.doc.top[0].decl.Name.Span
	}
	c.errorf(at, format, args...).See(s.doc.source(), s.decl.Name.Span, "%s is declared here", s.name)
}

// isStable reports whether a foreign type is said not to change, in the language that matters.
func (s *symbol) isStable(l Language) bool {
	java, ndk, rust := s.is("JavaOnlyStableParcelable"), s.is("NdkOnlyStableParcelable"), s.is("RustOnlyStableParcelable")
	switch l {
	case Java:
		return java
	case Ndk:
		return ndk
	case Rust:
		return rust
	case Cpp:
		return false
	}
	return java || ndk || rust
}

// language checks what some languages and old versions of Android cannot have.
func (c *checker) language(u *use) {
	l, at := c.options.Language, u.node.Span
	if u.builtin == "FileDescriptor" && (l == Ndk || l == Rust) {
		c.errorf(at, "this language has no FileDescriptor").Helped("use ParcelFileDescriptor")
	}
	if l != AnyLanguage && l != Java {
		switch {
		case u.builtin == "List" && !u.isGeneric():
			c.errorf(at, "only Java has a List that does not say what it holds")
		case u.builtin == "Map", u.builtin == "CharSequence":
			c.errorf(at, "only Java has %s", u.builtin)
		}
	}
	c.oldAndroid(u)
}

func (c *checker) oldAndroid(u *use) {
	sdk := c.options.MinSDK
	if sdk == 0 {
		return
	}
	if u.builtin == "ParcelableHolder" && sdk < SDKs["S"] {
		c.errorf(u.node.Span, "ParcelableHolder needs SDK %d, and this is to run on %d", SDKs["S"], sdk)
	}
	many := u
	if u.builtin == "List" && len(u.args) == 1 && u.args[0] != nil {
		many = u.args[0]
	} else if !u.isArray() {
		return
	}
	if c.options.Language == Java && many.symbol != nil && many.symbol.decl.Kind == ast.Interface && sdk < SDKs["Tiramisu"] {
		c.errorf(u.node.Span, "arrays and Lists of interfaces need SDK %d in Java, and this is to run on %d", SDKs["Tiramisu"], sdk)
	}
}
