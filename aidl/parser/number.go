package parser

import "ubinder/aidl/ast"

// number reads an integer or a number with a fraction; whether its digits and suffixes fit together
// is judged when it is used. The longest reading counts.
func (l *lexer) number(start int) {
	if l.peek(0) == '0' && (l.peek(1)|0x20) == 'x' && (isHex(l.peek(2)) || l.peek(2) == '_') {
		l.at += 2
		for isHex(l.peek(0)) || l.peek(0) == '_' {
			l.at++
		}
		l.suffixes()
		l.add(ast.Hex, start)
		return
	}
	if end := l.fraction(); end > 0 {
		l.at += end
		l.add(ast.Float, start)
		return
	}
	for isDigit(l.peek(0)) || l.peek(0) == '_' {
		l.at++
	}
	l.suffixes()
	l.add(ast.Int, start)
}

// fraction is the length of a number with a point, an exponent or the suffix f; 0 when there is none
// of these.
func (l *lexer) fraction() int {
	n := 0
	for isDigit(l.peek(n)) {
		n++
	}
	fractional := false
	if l.peek(n) == '.' && isDigit(l.peek(n+1)) {
		fractional = true
		for n++; isDigit(l.peek(n)); n++ {
		}
	}
	if l.peek(n)|0x20 == 'e' {
		m := n + 1
		if l.peek(m) == '+' || l.peek(m) == '-' {
			m++
		}
		if isDigit(l.peek(m)) {
			fractional = true
			for n = m; isDigit(l.peek(n)); n++ {
			}
		}
	}
	if l.peek(n) == 'f' {
		return n + 1
	}
	if !fractional {
		return 0
	}
	return n
}

// suffixes reads l, L, u8, u32 and u64.
func (l *lexer) suffixes() {
	for {
		switch {
		case l.peek(0)|0x20 == 'l':
			l.at++
		case l.peek(0) == 'u' && l.peek(1) == '8':
			l.at += 2
		case l.peek(0) == 'u' && (l.peek(1) == '3' && l.peek(2) == '2' || l.peek(1) == '6' && l.peek(2) == '4'):
			l.at += 3
		default:
			return
		}
	}
}
