package parser

import (
	"ubinder/aidl/ast"
)

// binding is how tightly operators bind; operators of one strength are read from the left.
var binding = map[ast.TokenKind]int{
	ast.OrOr: 1, ast.AndAnd: 2, '|': 3, '^': 4, '&': 5,
	ast.EqualEqual: 6, ast.NotEqual: 6,
	'<': 7, '>': 7, ast.LessEqual: 7, ast.GreaterEqual: 7,
	ast.ShiftLeft: 8, ast.ShiftRight: 8,
	'+': 9, '-': 9, '*': 10, '/': 10, '%': 10,
}

// expr reads a constant expression; nil when there is none, which is reported.
func (p *parser) expr() ast.Expr { return p.binary(1) }

// binary reads operands and the operators between them that bind at least as tightly as given.
func (p *parser) binary(tight int) ast.Expr {
	x := p.unary()
	for x != nil {
		op := p.kind()
		strength := binding[op]
		if strength < tight {
			break
		}
		p.role(ast.Infix)
		p.advance()
		y := p.binary(strength + 1)
		if y == nil {
			return nil
		}
		x = &ast.Binary{Span: x.At().To(y.At()), Op: op, X: x, Y: y}
	}
	return x
}

func (p *parser) unary() ast.Expr {
	if !p.enter() {
		p.leave()
		return nil
	}
	defer p.leave()
	switch op := p.kind(); op {
	case '+', '-', '!', '~':
		start := p.span()
		p.role(ast.Prefix)
		p.advance()
		x := p.unary()
		if x == nil {
			return nil
		}
		return &ast.Unary{Span: start.To(x.At()), Op: op, X: x}
	}
	return p.primary()
}

func (p *parser) primary() ast.Expr {
	switch k := p.kind(); {
	case k == ast.Int, k == ast.Hex, k == ast.Float, k == ast.String, k == ast.Char, k == ast.KeyTrue, k == ast.KeyFalse:
		lit := &ast.Literal{Span: p.span(), Kind: k, Text: p.text()}
		p.advance()
		return lit
	case k == '(':
		p.advance()
		x := p.expr()
		if x == nil || !p.expect(')', "after the expression") {
			return nil
		}
		return x
	case k == '{':
		return p.list()
	case k.IsIdentifier():
		if n := p.qualified("a name", "of a constant"); n != nil {
			return &ast.Reference{Name: n}
		}
		return nil
	}
	p.missing("a value", "here")
	return nil
}

func (p *parser) list() ast.Expr {
	start := p.span()
	p.role(ast.Brace)
	p.advance()
	l := &ast.List{}
	for p.kind() != '}' {
		x := p.expr()
		if x == nil {
			return nil
		}
		l.Elements = append(l.Elements, x)
		if !p.take(',') {
			break
		}
	}
	if p.kind() == '}' {
		p.role(ast.Brace)
	}
	if !p.expect('}', "after the elements") {
		return nil
	}
	l.Span = start.To(p.last())
	return l
}
