// Package ast is the syntax of .aidl files: what was written, with places and comments, and nothing
// of what it means.
package ast

import "ubinder/aidl/diag"

// TokenKind says what a token is.
type TokenKind uint8

// The kinds of token. Those of one character have it as their kind.
const (
	EOF        TokenKind = 0
	Identifier TokenKind = iota + 128
	Annot                // @ and a name
	Int                  // decimal digits, underscores and suffixes
	Hex                  // 0x and so on
	Float                // with a point, an exponent or the suffix f
	String               // with its quotes
	Char                 // with its quotes
	ShiftLeft
	ShiftRight
	AndAnd
	OrOr
	LessEqual
	GreaterEqual
	EqualEqual
	NotEqual
	Broken // what was reported as wrong already
	keywords
	KeyPackage
	KeyImport
	KeyInterface
	KeyParcelable
	KeyEnum
	KeyUnion
	KeyConst
	KeyOneway
	KeyIn
	KeyOut
	KeyInout
	KeyTrue
	KeyFalse
	KeyCppHeader // this and the next two are identifiers too
	KeyNdkHeader
	KeyRustType
)

// Keywords is how the keywords are spelled.
var Keywords = map[string]TokenKind{
	"package": KeyPackage, "import": KeyImport, "interface": KeyInterface, "parcelable": KeyParcelable,
	"enum": KeyEnum, "union": KeyUnion, "const": KeyConst, "oneway": KeyOneway, "in": KeyIn, "out": KeyOut,
	"inout": KeyInout, "true": KeyTrue, "false": KeyFalse, "cpp_header": KeyCppHeader, "ndk_header": KeyNdkHeader,
	"rust_type": KeyRustType,
}

// IsIdentifier reports whether a token can stand where a name is expected.
func (k TokenKind) IsIdentifier() bool { return k == Identifier || k >= KeyCppHeader }

// IsKeyword reports whether a token has a meaning of its own.
func (k TokenKind) IsKeyword() bool { return k > keywords && k <= KeyRustType }

// Role says which of its meanings a token has, where its kind leaves it open.
type Role uint8

// The roles that parsing finds.
const (
	Plain     Role = iota
	TypeOpen       // the < of type arguments or parameters
	TypeClose      // their > or >>
	Prefix         // an operator before its operand
	Infix          // an operator between its operands
	Body           // a brace around members or enumerators
	Brace          // a brace around the elements of an array
	Parens         // the parentheses of an annotation
)

// Token is one word or sign.
type Token struct {
	diag.Span
	Kind TokenKind
	Role Role
}

// Comment is one comment, with its marks and without the newline that ends a line comment.
type Comment struct {
	diag.Span
	Block bool
}
