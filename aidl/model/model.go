// Package model describes interfaces and the types in them the way code generators need them:
// checked, with every name resolved, every number given and every constant worked out. Front ends
// build it and never change it afterwards, so that it may be read by many goroutines; generators see
// nothing else of where it came from.
//
// Two front ends feed it. Services of .proto files are interfaces whose messages protoc-gen-go
// generates: of those only the names stand here. In .aidl files everything is declared, and
// everything stands here.
package model

import "strings"

// Name is a Go identifier and the import path of the package that declares it.
type Name struct {
	Package string
	Ident   string
}

// IsZero reports whether there is no such name.
func (n Name) IsZero() bool { return n == Name{} }

// File is what one source file declares.
type File struct {
	Source  string // its path, as other files import it
	Package string // as declared; "" when it declares none
	Types          // at the top level
}

// Types is what one scope declares: a file, or a type for those nested in it. Each list is in the
// order of declaration.
type Types struct {
	Interfaces  []*Interface
	Parcelables []*Parcelable
	Unions      []*Union
	Enums       []*Enum
	Foreign     []*Foreign
}

// Declared is what every declared type has.
type Declared struct {
	Name    string   // as declared
	Package string   // of its file
	Outer   []string // names of the types that it is nested in, outermost first
	Go      Name     // zero when the front end leaves it to the generator
	Comment
	VINTF       bool // its shape is frozen across the boundary of system and vendor
	Annotations []Annotation
	Position    Position
}

// FullName is the name by which other files know the type: package, outer types and name, with dots.
func (d *Declared) FullName() string {
	parts := append([]string{}, d.Outer...)
	if d.Package != "" {
		parts = append([]string{d.Package}, parts...)
	}
	return strings.Join(append(parts, d.Name), ".")
}

// Comment is what the comments before a declaration say.
type Comment struct {
	Doc        string // as written, without comment marks; every line ends in a newline
	Deprecated bool
	Reason     string // why it is deprecated, and what to use; may be ""
	Hidden     bool   // marked @hide
}

// Annotation is one that no other part of the model speaks for, such as those for other languages.
type Annotation struct {
	Name   string
	Values map[string]*Value // by parameter
}

// Position is a place in a source file. Line and column count from 1, the column in bytes; zero is
// unknown.
type Position struct {
	File   string
	Line   int
	Column int
}
