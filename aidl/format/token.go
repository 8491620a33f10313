package format

import "ubinder/aidl/ast"

// token adds a token to the line, or ends the line with it.
func (p *printer) token(i int) {
	tok := p.file.Tokens[i]
	closing := tok.Kind == '}' && tok.Role == ast.Body
	if closing {
		p.close(i)
	}
	p.begin(tok.Start, closing)
	one := piece{text: p.file.Source.Slice(tok.Span), forced: p.after}
	if len(p.line) > 0 {
		one.space = spaced(p.file.Tokens[i-1], tok, p.member || p.parens > 0) || p.commented && !closes(tok.Kind)
		one.breakable = p.breakable(i)
	}
	p.after, p.commented = false, false
	p.line = append(p.line, one)
	p.written = tok.End
	if tok.Kind != ast.Annot && !p.member {
		p.marks = false
	}
	p.nest(tok)
	p.end(i)
}

func closes(k ast.TokenKind) bool {
	switch k {
	case ';', ',', ')', ']':
		return true
	}
	return false
}

// close prepares for the brace that ends a body.
func (p *printer) close(i int) {
	empty := p.file.Tokens[i-1].Role == ast.Body && p.file.Tokens[i-1].Kind == '{' && len(p.file.CommentsBefore(int32(i))) == 0
	p.indent--
	if len(p.enums) > 0 {
		p.enums = p.enums[:len(p.enums)-1]
	}
	if empty { // it stays on the line of the brace before
		p.ended = false
		return
	}
	p.ended = p.ended || len(p.line) > 0
}

func (p *printer) nest(tok ast.Token) {
	switch tok.Kind {
	case ast.KeyEnum:
		p.isEnum = true
	case ast.KeyInterface, ast.KeyParcelable, ast.KeyUnion:
		p.isEnum = false
	case '(':
		p.parens++
	case ')':
		p.parens--
	case '{':
		if tok.Role == ast.Body {
			p.indent++
			p.enums = append(p.enums, p.isEnum)
			p.fresh = true
		} else {
			p.braces++
		}
	case '}':
		if tok.Role != ast.Body {
			p.braces--
		} else {
			p.fresh = false
		}
	}
}

// end says whether the line is complete behind a token.
func (p *printer) end(i int) {
	tok, next := p.file.Tokens[i], p.file.Tokens[i+1]
	switch {
	case tok.Kind == ast.Annot && p.parens == 0:
		p.marks, p.annotation = p.marks || len(p.line) == 1, int32(i)
		p.member = true
		if next.Role != ast.Parens {
			p.annotationEnd(i)
		}
	case tok.Kind == ')' && tok.Role == ast.Parens && p.parens == 0:
		p.annotationEnd(i)
	case tok.Role == ast.Body:
		p.ended = true
	case p.parens > 0 || p.braces > 0:
	case tok.Kind == ';':
		p.ended = true
		p.clause(i)
	case tok.Kind == ',' && len(p.enums) > 0 && p.enums[len(p.enums)-1]:
		p.ended = true
	}
}

// annotationEnd ends the line behind an annotation of a declaration, and behind one of a member where
// its author did.
func (p *printer) annotationEnd(last int) {
	p.member = false
	start := p.file.Tokens[last+1].Start
	if c := p.file.CommentsBefore(int32(last + 1)); len(c) > 0 {
		start = c[0].Start
	}
	p.ended = p.ofDecl[p.annotation] || p.marks && p.newlines(start) > 0
}

// clause sets the package and the imports apart from what follows.
func (p *printer) clause(i int) {
	f := p.file
	next := f.Tokens[i+1].Kind
	if f.Package != nil && len(f.Imports) > 0 && int32(i) < f.Imports[0].Token ||
		len(p.enums) == 0 && next != ast.KeyImport && len(f.Decls) > 0 && int32(i) < firstToken(f.Decls[0]) {
		p.apart = true
	}
}

func firstToken(d *ast.Decl) int32 {
	if len(d.Annotations) > 0 {
		return d.Annotations[0].Token
	}
	return d.Keyword
}

// breakable reports whether a long line may be broken before a token.
func (p *printer) breakable(i int) bool {
	before := p.file.Tokens[i-1]
	switch {
	case before.Kind == ',' && (p.parens > 0 || p.braces > 0 || before.Role == ast.Plain):
		return true
	case before.Kind == '(' && p.parens == 1 && before.Role == ast.Plain && p.file.Tokens[i].Kind != ')':
		return true
	case before.Kind == '=' && !p.member, before.Role == ast.Infix:
		return true
	}
	return false
}

// spaced reports whether a space stands between two tokens.
func spaced(a, b ast.Token, inParens bool) bool {
	switch b.Kind {
	case ';', ',', ')', ']', '[', '.':
		return false
	case '(':
		return a.Role == ast.Infix || a.Kind == '=' || a.Kind == ',' || a.Kind == '{' && a.Role != ast.Brace
	case '=':
		return !inParens
	case '}':
		return false
	}
	switch a.Kind {
	case '(', '[', '.':
		return false
	case '=':
		return !inParens
	case '{':
		return false
	}
	return a.Role != ast.TypeOpen && b.Role != ast.TypeOpen && b.Role != ast.TypeClose && a.Role != ast.Prefix
}
