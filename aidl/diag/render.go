package diag

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Style colours the parts of a rendered diagnostic. A nil function leaves its part plain.
type Style struct {
	Error, Warning, Strong, Faint func(string) string
}

func (s Style) paint(f func(string) string, text string) string {
	if f == nil {
		return text
	}
	return f(text)
}

// Render writes a diagnostic for people: the place and the message, the line with a caret, notes and
// help.
//
//	IRoom.aidl:7:5: error: there is no type Gest
//	   7 |     Gest enter();
//	     |     ^^^^ not declared here and not imported
//	     = help: did you mean Guest?
func Render(w io.Writer, d *Diagnostic, style Style) error {
	r := renderer{style: style}
	kind := style.paint(style.Error, "error:")
	if d.Severity == Warning {
		kind = style.paint(style.Warning, "warning:")
	}
	message := style.paint(style.Strong, d.Message)
	if d.Name != "" {
		message += style.paint(style.Faint, " [-W"+d.Name+"]")
	}
	r.head(d.Source, d.Span, kind, message)
	r.quote(d.Source, d.Span, d.Label)
	for _, n := range d.Notes {
		if n.Source == nil {
			r.remark("note", n.Text)
			continue
		}
		r.head(n.Source, n.Span, style.paint(style.Faint, "note:"), n.Text)
		r.quote(n.Source, n.Span, "")
	}
	if d.Help != "" {
		r.remark("help", d.Help)
	}
	_, err := io.WriteString(w, r.out.String())
	return err
}

type renderer struct {
	out   strings.Builder
	style Style
}

func (r *renderer) head(s *Source, at Span, kind, message string) {
	if s != nil {
		line, column := s.Position(at.Start)
		fmt.Fprintf(&r.out, "%s:%d:%d: ", s.Path, line, column)
	}
	fmt.Fprintf(&r.out, "%s %s\n", kind, message)
}

// gutter is the width of the line numbers, and longest the number of bytes of a line that are shown.
const (
	gutter  = 5
	longest = 200
)

func (r *renderer) quote(s *Source, at Span, label string) {
	if s == nil {
		return
	}
	number, column := s.Position(at.Start)
	line := s.Line(number)
	if len(line) > longest || column > len(line)+1 {
		return // nobody would find the caret
	}
	bar := r.style.paint(r.style.Faint, "|")
	fmt.Fprintf(&r.out, "%s %s %s\n", r.style.paint(r.style.Faint, pad(strconv.Itoa(number))), bar, line)
	length := width(line[column-1 : min(len(line), column-1+int(at.End-at.Start))])
	caret := r.style.paint(r.style.Error, strings.Repeat("^", max(length, 1)))
	if label != "" {
		label = " " + label
	}
	fmt.Fprintf(&r.out, "%s %s %s%s%s\n", pad(""), bar, blank(line[:column-1]), caret, label)
}

func (r *renderer) remark(kind, text string) {
	equals := r.style.paint(r.style.Faint, "=")
	fmt.Fprintf(&r.out, "%s %s %s: %s\n", pad(""), equals, kind, strings.ReplaceAll(text, "\n", "\n"+pad("")+"   "))
}

func pad(s string) string { return strings.Repeat(" ", max(gutter-len(s), 0)) + s }

// blank is white space as wide as a text; tabs stay tabs.
func blank(s string) string {
	return strings.Map(func(c rune) rune {
		if c == '\t' {
			return c
		}
		return ' '
	}, s)
}
