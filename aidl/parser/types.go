package parser

import (
	"ubinder/aidl/ast"
	"ubinder/aidl/diag"
)

// typeOf reads a type with its annotations; nil when there is none.
func (p *parser) typeOf(where string) *ast.Type { return p.typeAfter(p.annotations(), where) }

// typeAfter reads a type whose annotations were read.
func (p *parser) typeAfter(annotations []*ast.Annotation, where string) *ast.Type {
	t := p.baseType(where)
	if t == nil {
		return nil
	}
	t.Annotations = annotations
	unsized := false
	for p.kind() == '[' || p.kind() == ast.Annot {
		if p.kind() == ast.Annot {
			at := p.span()
			p.annotations()
			p.errorf(at, "an array's brackets have no annotations").Helped("write them before the type")
			if p.kind() != '[' {
				break
			}
		}
		if !p.dimension(t, &unsized) {
			return nil
		}
	}
	return t
}

// baseType reads a type without annotations and brackets.
func (p *parser) baseType(where string) *ast.Type {
	name := p.qualified("a type", where)
	if name == nil {
		return nil
	}
	t := &ast.Type{Name: name, Span: name.Span}
	if p.kind() == '<' && !p.typeArguments(t) {
		return nil
	}
	if p.kind() == '<' {
		p.errorf(p.span(), "a type has one list of type arguments")
		return nil
	}
	return t
}

func (p *parser) typeArguments(t *ast.Type) bool {
	if !p.enter() {
		p.leave()
		return false
	}
	defer p.leave()
	p.role(ast.TypeOpen)
	p.advance()
	for {
		arg := p.typeOf("as a type argument")
		if arg == nil {
			return false
		}
		if len(t.Arguments) == 0 && len(arg.Annotations) > 0 {
			p.errorf(arg.Annotations[0].Span, "type arguments have no annotations").
				Helped("an annotation before the whole type holds for what is in it")
		}
		t.Arguments = append(t.Arguments, arg)
		if !p.take(',') {
			break
		}
	}
	end := p.span()
	if !p.closeAngle() {
		p.missing(`">"`, "after the type arguments")
		return false
	}
	t.Span = t.Span.To(end)
	return true
}

// closeAngle takes one >, which may be half of a >>.
func (p *parser) closeAngle() bool {
	switch {
	case p.kind() == '>':
		p.role(ast.TypeClose)
		p.advance()
	case p.kind() == ast.ShiftRight && p.half:
		p.half = false
		p.advance()
	case p.kind() == ast.ShiftRight:
		p.role(ast.TypeClose)
		p.half = true
	default:
		return false
	}
	return true
}

// dimension reads a pair of brackets. Of a type of which several have no size it is said once.
func (p *parser) dimension(t *ast.Type, said *bool) bool {
	start := p.span()
	p.advance()
	var d ast.Dimension
	if p.kind() != ']' {
		if d.Size = p.expr(); d.Size == nil {
			return false
		}
	}
	if !p.expect(']', "after the array's size") {
		return false
	}
	d.Span = start.To(p.last())
	if n := len(t.Dimensions); n > 0 && (d.Size == nil || t.Dimensions[n-1].Size == nil) {
		if !*said {
			p.errorf(d.Span, "arrays of more than one dimension must be of fixed size").
				Helped("write a size into every pair of brackets")
		}
		*said = true
		return true
	}
	t.Dimensions = append(t.Dimensions, d)
	t.Span = t.Span.To(diag.Span(d.Span))
	return true
}
