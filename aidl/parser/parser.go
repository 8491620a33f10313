// Package parser reads .aidl files. It is lenient: what is wrong is reported and left out, and
// reading goes on, so that one run finds all there is to find. The grammar is that of AOSP's
// aidl_language_y.yy, read by recursive descent in one pass.
package parser

import (
	"fmt"

	"ubinder/aidl/ast"
	"ubinder/aidl/diag"
)

// deepest is how far declarations, types and expressions may be nested.
const deepest = 250

// Parse reads a file. What is wrong is added to wrong; the file holds what could be read all the
// same.
func Parse(source *diag.Source, wrong *diag.List) *ast.File {
	p := newParser(source, wrong)
	p.document()
	return p.file
}

type parser struct {
	source *diag.Source
	file   *ast.File
	tokens []ast.Token
	at     int // index of the next token
	depth  int
	wrong  *diag.List
	steps  int  // tokens looked at, and bytes by the lexer
	said   int  // the token that the last error was about, so that none gets two
	half   bool // the next token is >> and its first half was taken
}

func newParser(source *diag.Source, wrong *diag.List) *parser {
	l := lex(source, wrong)
	file := &ast.File{Source: source, Tokens: l.tokens, Comments: l.comments}
	return &parser{source: source, file: file, tokens: l.tokens, wrong: wrong, steps: l.steps, said: -1}
}

func (p *parser) kind() ast.TokenKind { return p.kindAt(0) }

func (p *parser) kindAt(n int) ast.TokenKind {
	p.steps++
	return p.tokens[min(p.at+n, len(p.tokens)-1)].Kind
}

func (p *parser) span() diag.Span { return p.tokens[p.at].Span }

// last is where the token before the next one stands.
func (p *parser) last() diag.Span {
	if p.at == 0 {
		return diag.Span{}
	}
	return p.tokens[p.at-1].Span
}

func (p *parser) text() string { return p.source.Slice(p.span()) }

func (p *parser) advance() {
	p.half = false
	if p.at < len(p.tokens)-1 {
		p.at++
	}
}

func (p *parser) role(r ast.Role) { p.tokens[p.at].Role = r }

// take goes past a token of a kind, if it is the next.
func (p *parser) take(kind ast.TokenKind) bool {
	if p.kind() != kind {
		return false
	}
	p.advance()
	return true
}

// expect goes past a token that must be there.
func (p *parser) expect(kind ast.TokenKind, where string) bool {
	if p.take(kind) {
		return true
	}
	p.missing(fmt.Sprintf("%q", string(rune(kind))), where)
	return false
}

// missing reports that something else should stand here.
func (p *parser) missing(what, where string) {
	if p.said == p.at || p.kind() == ast.Broken {
		return
	}
	p.said = p.at
	p.wrong.Errorf(p.source, p.errorSpan(), "there should be %s %s, not %s", what, where, p.describe())
}

// errorSpan is the next token; at a new line, the end of the one before says more.
func (p *parser) errorSpan() diag.Span {
	at := p.span()
	if p.kind() == ast.EOF {
		return diag.Span{Start: p.last().End, End: p.last().End}
	}
	return at
}

func (p *parser) describe() string {
	text := p.text()
	if len(text) > 40 {
		text = text[:40] + "..."
	}
	switch k := p.kind(); {
	case k == ast.EOF:
		return "the end of the file"
	case k.IsKeyword():
		return fmt.Sprintf("the keyword %s", text)
	case k == ast.String:
		return fmt.Sprintf("the string %s", text)
	default:
		return fmt.Sprintf("%q", text)
	}
}

// errorf reports something else than a missing token, at the next one.
func (p *parser) errorf(at diag.Span, format string, args ...any) *diag.Diagnostic {
	return p.wrong.Errorf(p.source, at, format, args...)
}

// enter counts nesting. It reports false when there is too much; then what is nested must be left.
func (p *parser) enter() bool {
	p.depth++
	if p.depth <= deepest {
		return true
	}
	if p.said != p.at {
		p.said = p.at
		p.errorf(p.span(), "this is nested more than %d deep", deepest)
	}
	return false
}

func (p *parser) leave() { p.depth-- }

// name reads an identifier.
func (p *parser) name(what, where string) *ast.Name {
	if !p.kind().IsIdentifier() {
		p.missing(what, where)
		p.explainKeyword()
		return nil
	}
	n := &ast.Name{Span: p.span(), Text: p.text(), Token: int32(p.at)}
	p.advance()
	return n
}

// explainKeyword adds to the error at a keyword that it is one.
func (p *parser) explainKeyword() {
	if p.kind().IsKeyword() && len(p.wrong.All) > 0 {
		if d := p.wrong.All[len(p.wrong.All)-1]; d.Span == p.span() && d.Help == "" {
			d.Helped("%s is a keyword of AIDL; choose another name", p.text())
		}
	}
}

// qualified reads identifiers with dots between.
func (p *parser) qualified(what, where string) *ast.Name {
	n := p.name(what, where)
	if n == nil || p.kind() != '.' {
		return n
	}
	text := []byte(n.Text)
	for p.kind() == '.' {
		p.advance()
		part := p.name("a name", "after the dot")
		if part == nil {
			return nil
		}
		text = append(append(text, '.'), part.Text...)
		n.Span = n.Span.To(part.Span)
	}
	n.Text = string(text)
	return n
}
