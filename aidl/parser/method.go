package parser

import (
	"ubinder/aidl/ast"
	"ubinder/aidl/diag"
)

func (p *parser) method(d *ast.Decl, annotations []*ast.Annotation, start diag.Span) {
	m := &ast.Method{Oneway: -1}
	if p.kind() == ast.KeyOneway {
		m.Oneway = int32(p.at)
		m.OuterAnnotations = len(annotations)
		p.advance()
		annotations = append(annotations, p.annotations()...)
	}
	if m.Type = p.typeAfter(annotations, "of what a method returns"); m.Type == nil {
		p.skipMember()
		return
	}
	if m.Name = p.name("a name", "of the method"); m.Name == nil {
		p.skipMember()
		return
	}
	if k := p.kind(); k == ';' || k == '=' {
		p.errorf(m.Name.Span, "an interface has no fields").Helped("make %s a method by writing (), or a constant by writing const before it", m.Name.Text)
		p.said = p.at
		p.skipMember()
		return
	}
	if !p.expect('(', "after the method's name") || !p.arguments(m) {
		p.skipMember()
		return
	}
	p.methodID(m)
	if !p.expect(';', "after the method") {
		p.skipMember()
	}
	m.Span = start.To(p.last())
	d.Methods = append(d.Methods, m)
}

// arguments reads the arguments and the parenthesis after them.
func (p *parser) arguments(m *ast.Method) bool {
	if p.take(')') {
		return true
	}
	for {
		a := p.argument()
		if a == nil {
			return false
		}
		m.Arguments = append(m.Arguments, a)
		if !p.take(',') {
			return p.expect(')', "after the arguments")
		}
	}
}

func (p *parser) argument() *ast.Argument {
	a := &ast.Argument{}
	if k := p.kind(); k == ast.KeyIn || k == ast.KeyOut || k == ast.KeyInout {
		a.Direction = k
		p.advance()
	}
	if a.Type = p.typeOf("of an argument"); a.Type == nil {
		return nil
	}
	if a.Name = p.name("a name", "of the argument"); a.Name == nil {
		return nil
	}
	return a
}

func (p *parser) methodID(m *ast.Method) {
	if !p.take('=') {
		return
	}
	if p.kind() != ast.Int {
		p.missing("a decimal number", "as the method's id")
		return
	}
	m.ID, m.IDSpan = p.text(), p.span()
	p.advance()
}
