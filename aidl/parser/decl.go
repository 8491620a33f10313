package parser

import (
	"strings"

	"ubinder/aidl/ast"
	"ubinder/aidl/diag"
)

// decl reads a declaration whose annotations were read. It returns nil when that has no name.
func (p *parser) decl(annotations []*ast.Annotation) *ast.Decl {
	if !p.enter() {
		p.leave()
		p.skipMember()
		return nil
	}
	defer p.leave()
	d := &ast.Decl{Annotations: annotations, Keyword: int32(p.at)}
	start := p.span()
	if len(annotations) > 0 {
		start = annotations[0].Span
	}
	d.Oneway = p.take(ast.KeyOneway)
	keyword := p.kind()
	p.advance()
	d.Name = p.qualified("a name", "of what is declared")
	if d.Name == nil {
		p.skipMember()
		return nil
	}
	switch keyword {
	case ast.KeyInterface:
		p.interfaceBody(d)
	case ast.KeyParcelable:
		p.parcelableBody(d)
	case ast.KeyUnion:
		d.Kind = ast.Union
		p.typeParameters(d)
		p.members(d)
	case ast.KeyEnum:
		d.Kind = ast.Enum
		p.enumBody(d)
	}
	d.Span = start.To(p.last())
	return d
}

func (p *parser) interfaceBody(d *ast.Decl) {
	d.Kind = ast.Interface
	if p.kind() == ';' && !d.Oneway {
		p.advance()
		return
	}
	if p.kind() == '<' {
		p.errorf(p.span(), "an interface has no type parameters")
		p.typeParameters(d)
	}
	p.members(d)
}

func (p *parser) parcelableBody(d *ast.Decl) {
	d.Kind = ast.Parcelable
	p.typeParameters(d)
	if p.kind() == '{' {
		p.members(d)
		return
	}
	d.Kind = ast.Foreign
	for k := p.kind(); k == ast.KeyCppHeader || k == ast.KeyNdkHeader || k == ast.KeyRustType; k = p.kind() {
		word := p.text()
		p.advance()
		if p.kind() != ast.String {
			p.missing("a string", "after "+word)
			break
		}
		d.Headers = append(d.Headers, ast.Header{Keyword: k, Value: strings.Trim(p.text(), `"`)})
		p.advance()
	}
	if !p.take(';') {
		p.missing(`";" or "{"`, "after the parcelable's name")
		p.skipMember()
	}
}

// typeParameters reads <T, U>, if it is there.
func (p *parser) typeParameters(d *ast.Decl) {
	if p.kind() != '<' {
		return
	}
	p.role(ast.TypeOpen)
	p.advance()
	d.Generic = true
	for {
		n := p.name("a name", "of a type parameter")
		if n == nil {
			return
		}
		d.TypeParameters = append(d.TypeParameters, n)
		if !p.take(',') {
			break
		}
	}
	if p.kind() == '>' {
		p.role(ast.TypeClose)
	}
	p.expect('>', "after the type parameters")
}

// body goes past the brace that begins a body.
func (p *parser) body() bool {
	if p.kind() != '{' {
		p.missing(`"{"`, "after what is declared")
		p.skipMember()
		return false
	}
	p.role(ast.Body)
	p.advance()
	return true
}

// closeBody goes past the brace that ends a body.
func (p *parser) closeBody(d *ast.Decl) {
	if p.kind() == '}' {
		p.role(ast.Body)
		p.advance()
		return
	}
	if p.said != p.at && p.kind() != ast.Broken {
		p.missing(`"}"`, "at the end of "+d.Name.Text)
		p.wrong.All[len(p.wrong.All)-1].See(p.source, d.Name.Span, "%s begins here", d.Name.Text)
	}
}

// members reads the body of an interface, a parcelable or a union.
func (p *parser) members(d *ast.Decl) {
	if !p.body() {
		return
	}
	for p.kind() != '}' && p.kind() != ast.EOF {
		before := p.at
		p.member(d)
		if p.at == before { // nothing was read and nothing skipped
			p.advance()
		}
	}
	p.closeBody(d)
}

func (p *parser) member(d *ast.Decl) {
	start := p.span()
	annotations := p.annotations()
	switch {
	case p.beginsDecl():
		if nested := p.decl(annotations); nested != nil {
			d.Types = append(d.Types, nested)
		}
	case p.kind() == ast.KeyConst:
		p.constant(d, annotations, start)
	case d.Kind == ast.Interface:
		p.method(d, annotations, start)
	default:
		p.field(d, annotations, start)
	}
}

func (p *parser) constant(d *ast.Decl, annotations []*ast.Annotation, start diag.Span) {
	c := &ast.Constant{Keyword: int32(p.at)}
	p.advance()
	if c.Type = p.typeOf("of the constant"); c.Type == nil {
		p.skipMember()
		return
	}
	c.Type.Annotations = append(annotations, c.Type.Annotations...)
	if c.Name = p.name("a name", "of the constant"); c.Name == nil || !p.expect('=', "after the constant's name") {
		p.skipMember()
		return
	}
	if c.Value = p.expr(); c.Value == nil || !p.expect(';', "after the constant's value") {
		p.skipMember()
	}
	if c.Value != nil {
		c.Span = start.To(p.last())
		d.Constants = append(d.Constants, c)
	}
}

func (p *parser) field(d *ast.Decl, annotations []*ast.Annotation, start diag.Span) {
	f := &ast.Field{}
	if f.Type = p.typeAfter(annotations, "of a field"); f.Type == nil {
		p.skipMember()
		return
	}
	if f.Name = p.name("a name", "of the field"); f.Name == nil {
		p.skipMember()
		return
	}
	if p.kind() == '(' {
		p.errorf(f.Name.Span, "%s looks like a method, but a %s has only fields", f.Name.Text, d.Kind)
		p.skipMember()
		return
	}
	if p.take('=') {
		if f.Default = p.expr(); f.Default == nil {
			p.skipMember()
			return
		}
	}
	if !p.expect(';', "after the field") {
		p.skipMember()
	}
	f.Span = start.To(p.last())
	d.Fields = append(d.Fields, f)
}

func (p *parser) enumBody(d *ast.Decl) {
	if p.kind() == '<' {
		p.errorf(p.span(), "an enum has no type parameters")
		p.typeParameters(d)
	}
	if !p.body() {
		return
	}
	for p.kind() != '}' && p.kind() != ast.EOF {
		if !p.enumerator(d) {
			p.skipEnumerator()
		}
		if !p.take(',') && p.kind() != '}' && p.kind() != ast.EOF {
			p.missing(`"," or "}"`, "after an enumerator")
			p.skipEnumerator()
			p.take(',')
		}
	}
	if len(d.Enumerators) == 0 && p.said != p.at {
		p.said = p.at
		p.errorf(d.Name.Span, "the enum %s has no enumerators", d.Name.Text)
	}
	p.closeBody(d)
}

func (p *parser) enumerator(d *ast.Decl) bool {
	e := &ast.Enumerator{Name: p.name("a name", "of an enumerator")}
	if e.Name == nil {
		return false
	}
	if p.take('=') {
		if e.Value = p.expr(); e.Value == nil {
			return false
		}
	}
	d.Enumerators = append(d.Enumerators, e)
	return true
}

// skipEnumerator goes to the comma or the brace after an enumerator that could not be read.
func (p *parser) skipEnumerator() {
	open := 0
	for ; p.kind() != ast.EOF; p.advance() {
		switch p.kind() {
		case '{', '(':
			open++
		case ')':
			open = max(open-1, 0)
		case '}':
			if open == 0 {
				return
			}
			open--
		case ',':
			if open == 0 {
				return
			}
		}
	}
}
