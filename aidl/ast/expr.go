package ast

import "ubinder/aidl/diag"

// Expr is a constant expression: *Literal, *Reference, *List, *Unary or *Binary.
type Expr interface {
	At() diag.Span
	expr()
}

// Literal is a value as written.
type Literal struct {
	Span diag.Span
	Kind TokenKind // Int, Hex, Float, String, Char, KeyTrue or KeyFalse
	Text string
}

// Reference names a constant or an enumerator.
type Reference struct{ Name *Name }

// List is the elements of an array.
type List struct {
	Span     diag.Span
	Elements []Expr
}

// Unary is an operator before its operand.
type Unary struct {
	Span diag.Span
	Op   TokenKind
	X    Expr
}

// Binary is an operator between its operands.
type Binary struct {
	Span diag.Span
	Op   TokenKind
	X, Y Expr
}

// At is where the expression stands.
func (e *Literal) At() diag.Span { return e.Span }

// At is where the expression stands.
func (e *Reference) At() diag.Span { return e.Name.Span }

// At is where the expression stands.
func (e *List) At() diag.Span { return e.Span }

// At is where the expression stands.
func (e *Unary) At() diag.Span { return e.Span }

// At is where the expression stands.
func (e *Binary) At() diag.Span { return e.Span }

func (*Literal) expr()   {}
func (*Reference) expr() {}
func (*List) expr()      {}
func (*Unary) expr()     {}
func (*Binary) expr()    {}

// Chain returns the operators of which x is the last and each other is the left operand of the next, x
// first, and the operand that they begin with. A long chain is as deep as it is long, so who walks it
// does not call itself for each.
func (x *Binary) Chain() (first Expr, chain []*Binary) {
	first = x
	for {
		b, ok := first.(*Binary)
		if !ok {
			return first, chain
		}
		chain = append(chain, b)
		first = b.X
	}
}
