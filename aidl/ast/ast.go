package ast

import (
	"sort"

	"ubinder/aidl/diag"
)

// File is a parsed file. Where parsing found errors, what they spoil is left out.
type File struct {
	Source   *diag.Source
	Tokens   []Token   // all, in order; the last is EOF
	Comments []Comment // all, in order
	Package  *Package  // nil when there is none
	Imports  []*Import
	Decls    []*Decl
}

// CommentsBefore is the comments between a token, by its index, and the one before it.
func (f *File) CommentsBefore(token int32) []Comment {
	from := int32(0)
	if token > 0 {
		from = f.Tokens[token-1].End
	}
	first := sort.Search(len(f.Comments), func(i int) bool { return f.Comments[i].Start >= from })
	end := first
	for end < len(f.Comments) && f.Comments[end].Start < f.Tokens[token].Start {
		end++
	}
	return f.Comments[first:end]
}

// Name is an identifier, or several with dots between.
type Name struct {
	diag.Span
	Text  string // without what stands around the dots
	Token int32  // index of the first token
}

// Package is a package clause.
type Package struct {
	Token int32 // of the keyword
	Name  *Name
}

// Import is an import clause.
type Import struct {
	Token int32 // of the keyword
	Name  *Name
}

// DeclKind says what is declared.
type DeclKind uint8

// The kinds of declaration.
const (
	Interface DeclKind = iota
	Parcelable
	Foreign // a parcelable without fields, whose code stands elsewhere
	Union
	Enum
)

func (k DeclKind) String() string {
	return [...]string{"interface", "parcelable", "unstructured parcelable", "union", "enum"}[k]
}

// Decl is the declaration of a type.
type Decl struct {
	Kind           DeclKind
	Annotations    []*Annotation
	Keyword        int32 // index of its token; of oneway, where that stands before
	Oneway         bool
	Name           *Name
	TypeParameters []*Name
	Generic        bool // it has a list of type parameters
	Headers        []Header
	Methods        []*Method
	Fields         []*Field
	Constants      []*Constant
	Types          []*Decl
	Enumerators    []*Enumerator
	Span           diag.Span // all of it, annotations included
}

// Header says where a language has a foreign parcelable.
type Header struct {
	Keyword TokenKind // KeyCppHeader, KeyNdkHeader or KeyRustType
	Value   string    // without quotes
}

// Annotation is one annotation.
type Annotation struct {
	diag.Span
	Name       string // without the @
	Token      int32
	Parameters []*Parameter
}

// Parameter is one parameter of an annotation. A value alone has the name "value".
type Parameter struct {
	Name  string
	Span  diag.Span // of the name, or of the value where that stands alone
	Value Expr
}

// Type is a use of a type.
type Type struct {
	Annotations []*Annotation // of a member, those that stand before it are its type's
	Name        *Name
	Arguments   []*Type // nil when there are no brackets
	Dimensions  []Dimension
	Span        diag.Span // without annotations
}

// Dimension is one pair of square brackets.
type Dimension struct {
	Span diag.Span
	Size Expr // nil when there is none
}

// Method is a method of an interface.
type Method struct {
	OuterAnnotations int   // how many of the type's annotations stand before oneway
	Oneway           int32 // index of the token; -1 when there is none
	Type             *Type
	Name             *Name
	Arguments        []*Argument
	ID               string // as written; "" when there is none
	IDSpan           diag.Span
	Span             diag.Span
}

// Argument is an argument of a method.
type Argument struct {
	Direction TokenKind // KeyIn, KeyOut or KeyInout; EOF when none is written
	Type      *Type
	Name      *Name
}

// Field is a field of a parcelable or a union.
type Field struct {
	Type    *Type
	Name    *Name
	Default Expr // nil when there is none
	Span    diag.Span
}

// Constant is a constant of a type.
type Constant struct {
	Keyword int32
	Type    *Type
	Name    *Name
	Value   Expr
	Span    diag.Span
}

// Enumerator is one name of an enum.
type Enumerator struct {
	Name  *Name
	Value Expr // nil when there is none
}
