package parser

import (
	"ubinder/aidl/ast"
	"ubinder/aidl/diag"
)

// annotations reads all annotations that stand here.
func (p *parser) annotations() []*ast.Annotation {
	var list []*ast.Annotation
	for p.kind() == ast.Annot {
		list = append(list, p.annotation())
	}
	return list
}

func (p *parser) annotation() *ast.Annotation {
	a := &ast.Annotation{Span: p.span(), Name: p.text()[1:], Token: int32(p.at)}
	p.advance()
	if p.kind() != '(' {
		return a
	}
	p.role(ast.Parens)
	p.advance()
	switch {
	case p.kind() == ')':
	case p.kind().IsIdentifier() && p.kindAt(1) == '=':
		p.parameters(a)
	default:
		at := p.span()
		if value := p.expr(); value != nil {
			a.Parameters = []*ast.Parameter{{Name: "value", Span: at.To(p.last()), Value: value}}
		}
	}
	if p.kind() != ')' {
		p.missing(`")"`, "after the parameters of @"+a.Name)
		p.skipParens()
	}
	if p.kind() == ')' {
		p.role(ast.Parens)
		p.advance()
	}
	a.Span = a.Span.To(p.last())
	return a
}

func (p *parser) parameters(a *ast.Annotation) {
	seen := make(map[string]diag.Span)
	for {
		name := p.name("a name", "of a parameter of @"+a.Name)
		if name == nil || !p.expect('=', "after the parameter's name") {
			return
		}
		value := p.expr()
		if value == nil {
			return
		}
		if first, twice := seen[name.Text]; twice {
			p.errorf(name.Span, "@%s has the parameter %s twice", a.Name, name.Text).See(p.source, first, "it stands here first")
		}
		seen[name.Text] = name.Span
		a.Parameters = append(a.Parameters, &ast.Parameter{Name: name.Text, Span: name.Span, Value: value})
		if !p.take(',') {
			return
		}
	}
}

// skipParens goes to the parenthesis that ends a list, or to what surely stands behind it.
func (p *parser) skipParens() {
	for open := 0; p.kind() != ast.EOF; p.advance() {
		switch p.kind() {
		case '(':
			open++
		case ')':
			if open == 0 {
				return
			}
			open--
		case ';', '}':
			return
		}
	}
}
