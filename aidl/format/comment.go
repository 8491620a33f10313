package format

import (
	"strings"

	"ubinder/aidl/ast"
)

// comments writes those before a token: on the line they stand on, or on lines of their own.
func (p *printer) comments(token int32) {
	list := p.file.CommentsBefore(token)
	next := p.file.Tokens[token]
	for i, c := range list {
		end := next.Start
		if i+1 < len(list) {
			end = list[i+1].Start
		}
		p.comment(c, end)
	}
}

func (p *printer) comment(c ast.Comment, next int32) {
	text := strings.TrimRight(p.file.Source.Slice(c.Span), " \t\r")
	same := p.written > 0 && p.newlines(c.Start) == 0
	follows := strings.Contains(p.file.Source.Text[c.End:next], "\n")
	if len(p.line) == 0 || p.ended && (!same || c.Block && !follows) { // it is about what comes next
		p.alone(c, text)
		return
	}
	behind := len(p.line) > 0 && same
	multiline := strings.Contains(text, "\n")
	open := len(p.line) > 0 && strings.ContainsAny(p.line[len(p.line)-1].text, "([")
	p.commented = true
	p.line = append(p.line, piece{text: text, space: len(p.line) > 0 && !open, forced: !behind && len(p.line) > 0 || p.after})
	p.written = c.End
	p.after = !c.Block || follows || multiline
	if len(p.line) == 1 && p.after {
		p.ended = true
	}
}

// alone writes a comment on lines of its own.
func (p *printer) alone(c ast.Comment, text string) {
	p.begin(c.Start, false)
	indent := strings.Repeat(step, p.indent)
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(line, " \t\r")
		if trimmed := strings.TrimLeft(line, " \t"); i > 0 && strings.HasPrefix(trimmed, "*") {
			line = indent + " " + trimmed
		} else if i == 0 {
			line = indent + line
		}
		p.out.WriteString(line + "\n")
	}
	p.written = c.End
}
