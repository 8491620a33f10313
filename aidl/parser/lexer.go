package parser

import (
	"strings"

	"ubinder/aidl/ast"
	"ubinder/aidl/diag"
)

// lexer splits a text into tokens and comments. Every byte is looked at a bounded number of times.
type lexer struct {
	source   *diag.Source
	text     string
	at       int
	tokens   []ast.Token
	comments []ast.Comment
	wrong    *diag.List
	steps    int // bytes looked at, for the test that parsing is linear
}

func lex(source *diag.Source, wrong *diag.List) *lexer {
	l := &lexer{source: source, text: source.Text, wrong: wrong}
	l.tokens = make([]ast.Token, 0, len(l.text)/5+16)
	for l.at < len(l.text) {
		l.next()
	}
	l.add(ast.EOF, l.at)
	return l
}

func (l *lexer) add(kind ast.TokenKind, start int) {
	l.tokens = append(l.tokens, ast.Token{Span: span(start, l.at), Kind: kind})
}

func span(start, end int) diag.Span { return diag.Span{Start: int32(start), End: int32(end)} }

func (l *lexer) peek(n int) byte {
	l.steps++
	if l.at+n < len(l.text) {
		return l.text[l.at+n]
	}
	return 0
}

func (l *lexer) next() {
	start, c := l.at, l.peek(0)
	switch {
	case c == ' ' || c == '\t' || c == '\r' || c == '\n':
		l.at++
	case c == '/' && l.peek(1) == '/':
		l.lineComment()
	case c == '/' && l.peek(1) == '*':
		l.blockComment()
	case isLetter(c):
		l.word(start)
	case isDigit(c), c == '.' && isDigit(l.peek(1)):
		l.number(start)
	case c == '@' && isLetter(l.peek(1)):
		l.at++
		l.identifier()
		l.add(ast.Annot, start)
	case c == '"':
		l.quoted(start)
	case c == '\'' && l.peek(2) == '\'' && l.peek(1) != '\n':
		l.at += 3
		l.add(ast.Char, start)
	default:
		l.sign(start, c)
	}
}

func isLetter(c byte) bool { return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isHex(c byte) bool    { return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }

func (l *lexer) lineComment() {
	start := l.at
	end := strings.IndexByte(l.text[start:], '\n')
	if end < 0 {
		end = len(l.text) - start
	}
	l.steps += end
	l.at = start + end
	stop := len(strings.TrimSuffix(l.text[:l.at], "\r"))
	l.comments = append(l.comments, ast.Comment{Span: span(start, stop)})
}

func (l *lexer) blockComment() {
	start := l.at
	end := strings.Index(l.text[start+2:], "*/")
	if end < 0 {
		l.wrong.Add(&diag.Diagnostic{Severity: diag.Warning, Source: l.source, Span: span(start, start+2),
			Message: "this comment has no end", Help: "end it with */; all that follows is taken for comment"})
		l.at = len(l.text)
	} else {
		l.at = start + 2 + end + 2
	}
	l.steps += l.at - start
	l.comments = append(l.comments, ast.Comment{Span: span(start, l.at), Block: true})
}

func (l *lexer) identifier() {
	for isLetter(l.peek(0)) || isDigit(l.peek(0)) {
		l.at++
	}
}

func (l *lexer) word(start int) {
	l.identifier()
	kind, ok := ast.Keywords[l.text[start:l.at]]
	if !ok {
		kind = ast.Identifier
	}
	l.add(kind, start)
}

// quoted reads a string. A backslash has no meaning in one, but one before a quote that is not the
// line's last was meant to.
func (l *lexer) quoted(start int) {
	line := l.text[start+1:]
	if i := strings.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	end := strings.IndexByte(line, '"')
	for end > 0 && line[end-1] == '\\' {
		more := strings.IndexByte(line[end+1:], '"')
		if more < 0 {
			break
		}
		end += 1 + more
	}
	if end < 0 {
		l.at = start + 1 + len(line)
		l.steps += l.at - start
		l.wrong.Errorf(l.source, span(start, l.at), "this string has no end").Helped("end it with \" on the same line")
		l.add(ast.Broken, start)
		return
	}
	l.at = start + 1 + end + 1
	l.steps += l.at - start
	l.add(ast.String, start)
}

var signs = map[string]ast.TokenKind{
	"<<": ast.ShiftLeft, ">>": ast.ShiftRight, "&&": ast.AndAnd, "||": ast.OrOr,
	"<=": ast.LessEqual, ">=": ast.GreaterEqual, "==": ast.EqualEqual, "!=": ast.NotEqual,
}

func (l *lexer) sign(start int, c byte) {
	if l.at+2 <= len(l.text) {
		if kind, ok := signs[l.text[l.at:l.at+2]]; ok {
			l.at += 2
			l.add(kind, start)
			return
		}
	}
	if strings.IndexByte("()<>{}[]:;,.=+-*/%&|^!~", c) >= 0 {
		l.at++
		l.add(ast.TokenKind(c), start)
		return
	}
	l.unknown(start)
}

// unknown reads what begins no token, all of it at once.
func (l *lexer) unknown(start int) {
	for l.at++; l.at < len(l.text); l.at++ {
		if c := l.peek(0); c < 0x80 && c > ' ' || c == '\n' || c == ' ' {
			break
		}
	}
	l.wrong.Errorf(l.source, span(start, l.at), "%q means nothing here", l.text[start:min(l.at, start+20)])
}
