package parser

import "ubinder/aidl/ast"

// skipMember goes past the rest of a member that could not be read: to its semicolon, or its body's
// end, or before the brace that ends what it stands in.
func (p *parser) skipMember() {
	open := 0
	for p.kind() != ast.EOF {
		switch p.kind() {
		case '{', '(':
			open++
		case ')':
			open = max(open-1, 0)
		case '}':
			if open == 0 {
				return
			}
			if open--; open == 0 {
				p.advance()
				p.take(';')
				return
			}
		case ';':
			if open == 0 {
				p.advance()
				return
			}
		}
		p.advance()
	}
}

// skipDecl goes to what may begin the next declaration of a file.
func (p *parser) skipDecl() {
	open := 0
	for start := p.at; p.kind() != ast.EOF; p.advance() {
		switch k := p.kind(); k {
		case '{':
			open++
		case '}':
			open = max(open-1, 0)
		default:
			if open == 0 && p.at > start && beginsDecl(k) {
				return
			}
		}
	}
}

func beginsDecl(k ast.TokenKind) bool {
	switch k {
	case ast.Annot, ast.KeyOneway:
		return true
	}
	return declares(k)
}

// declares reports whether a keyword begins a declaration.
func declares(k ast.TokenKind) bool {
	switch k {
	case ast.KeyInterface, ast.KeyParcelable, ast.KeyEnum, ast.KeyUnion:
		return true
	}
	return false
}
