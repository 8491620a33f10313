// Package format lays .aidl files out: one declaration, member or enumerator a line, four spaces for
// each level, at most a hundred columns where that can be, and no more than one empty line in a row.
// Nothing is added or left out: every token and every comment stays, in its order.
package format

import (
	"strings"

	"ubinder/aidl/ast"
)

const (
	step         = "    "
	continuation = "        " // of a line that is broken
	columns      = 100
)

// File lays a file out, which must have been read without errors.
func File(f *ast.File) string {
	p := &printer{file: f, ofDecl: make(map[int32]bool)}
	for _, d := range f.Decls {
		p.markDecl(d)
	}
	for i := range f.Tokens {
		p.comments(int32(i))
		if f.Tokens[i].Kind == ast.EOF {
			break
		}
		p.token(i)
	}
	p.flush()
	return p.out.String()
}

// piece is a token or a comment of a line.
type piece struct {
	text      string
	space     bool // before it, unless it begins the line
	breakable bool // the line may be broken before it
	forced    bool // it must be
}

type printer struct {
	file   *ast.File
	out    strings.Builder
	ofDecl map[int32]bool // annotations of declarations, which have lines of their own

	line       []piece
	indent     int    // of what comes next
	at         int    // of the line that is being gathered
	ended      bool   // the line is complete, but for a comment behind it
	after      bool   // the last piece was a comment that nothing can follow on its line
	enums      []bool // for each body around, whether it is an enum's
	isEnum     bool   // the last keyword was enum
	parens     int
	braces     int
	annotation int32 // the last
	marks      bool  // nothing but annotations stands on the line
	member     bool  // an annotation is being read that does not stand inside parentheses
	commented  bool  // the last piece was a comment
	apart      bool  // an empty line must come next
	fresh      bool  // nothing stands in the body yet
	written    int32 // end of the last token or comment
}

func (p *printer) markDecl(d *ast.Decl) {
	for _, a := range d.Annotations {
		p.ofDecl[a.Token] = true
	}
	for _, n := range d.Types {
		p.markDecl(n)
	}
}

// newlines is how many stand between what was written last and an offset.
func (p *printer) newlines(to int32) int {
	return strings.Count(p.file.Source.Text[p.written:to], "\n")
}

// begin is called before anything that starts at an offset: it ends the line when it is complete, and
// keeps an empty line.
func (p *printer) begin(start int32, closing bool) {
	if len(p.line) > 0 && !p.ended {
		return
	}
	p.flush()
	if p.out.Len() > 0 && !p.fresh && !closing && (p.apart || p.newlines(start) > 1) {
		p.out.WriteString("\n")
	}
	p.apart, p.fresh = false, false
	p.at = p.indent
}

// flush writes the line that was gathered.
func (p *printer) flush() {
	if len(p.line) > 0 {
		p.wrap(strings.Repeat(step, p.at))
		p.line = p.line[:0]
	}
	p.ended, p.after, p.marks = false, false, false
}

// wrap writes a line, broken where it must be and where it would be too long.
func (p *printer) wrap(indent string) {
	column := len(indent)
	p.out.WriteString(indent)
	for i, one := range p.line {
		space := 0
		if one.space && i > 0 {
			space = 1
		}
		broken := one.forced || one.breakable && column+space+p.unbreakable(i) > columns
		switch {
		case i == 0:
		case broken:
			p.out.WriteString("\n" + indent + continuation)
			column = len(indent + continuation)
		case space > 0:
			p.out.WriteString(" ")
			column++
		}
		p.out.WriteString(one.text)
		column += len(one.text)
	}
	p.out.WriteString("\n")
}

// unbreakable is the length of what begins at a piece and cannot be broken.
func (p *printer) unbreakable(i int) int {
	n := len(p.line[i].text)
	for j := i + 1; j < len(p.line) && !p.line[j].breakable && !p.line[j].forced; j++ {
		n += len(p.line[j].text)
		if p.line[j].space {
			n++
		}
	}
	return n
}
