package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says what follows from a diagnostic.
type Severity int

// The severities.
const (
	Error   Severity = iota // the file is rejected
	Warning                 // the file is accepted all the same
)

func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Diagnostic is one thing that is wrong.
type Diagnostic struct {
	Severity Severity
	Source   *Source
	Span     Span
	Message  string
	Label    string // what to write beside the caret; may be ""
	Notes    []Note
	Help     string // what to do; may be ""
	Name     string // of a warning, by which it is turned on and off
}

// Note is another place that matters, or something to know: then Source is nil.
type Note struct {
	Source *Source
	Span   Span
	Text   string
}

// Labelled sets what stands beside the caret.
func (d *Diagnostic) Labelled(format string, args ...any) *Diagnostic {
	d.Label = fmt.Sprintf(format, args...)
	return d
}

// Helped sets what to do.
func (d *Diagnostic) Helped(format string, args ...any) *Diagnostic {
	d.Help = fmt.Sprintf(format, args...)
	return d
}

// Noted adds something to know.
func (d *Diagnostic) Noted(format string, args ...any) *Diagnostic {
	d.Notes = append(d.Notes, Note{Text: fmt.Sprintf(format, args...)})
	return d
}

// See adds another place.
func (d *Diagnostic) See(s *Source, at Span, format string, args ...any) *Diagnostic {
	d.Notes = append(d.Notes, Note{Source: s, Span: at, Text: fmt.Sprintf(format, args...)})
	return d
}

// Error is one line: place, severity and message.
func (d *Diagnostic) Error() string {
	var b strings.Builder
	if d.Source != nil {
		line, column := d.Source.Position(d.Span.Start)
		fmt.Fprintf(&b, "%s:%d:%d: ", d.Source.Path, line, column)
	}
	fmt.Fprintf(&b, "%s: %s", d.Severity, d.Message)
	if d.Name != "" {
		fmt.Fprintf(&b, " [-W%s]", d.Name)
	}
	return b.String()
}

// List collects what is wrong. Its zero value is empty; it is not safe for concurrent use.
type List struct{ All []*Diagnostic }

// Errorf adds an error.
func (l *List) Errorf(s *Source, at Span, format string, args ...any) *Diagnostic {
	return l.Add(&Diagnostic{Source: s, Span: at, Message: fmt.Sprintf(format, args...)})
}

// Add adds a diagnostic and returns it.
func (l *List) Add(d *Diagnostic) *Diagnostic {
	l.All = append(l.All, d)
	return d
}

// Errors is the number of errors.
func (l *List) Errors() int {
	n := 0
	for _, d := range l.All {
		if d.Severity == Error {
			n++
		}
	}
	return n
}

// Sort orders the list by file and place.
func (l *List) Sort() {
	slices.SortStableFunc(l.All, func(a, b *Diagnostic) int {
		return cmp.Or(cmp.Compare(path(a), path(b)), cmp.Compare(a.Span.Start, b.Span.Start))
	})
}

func path(d *Diagnostic) string {
	if d.Source == nil {
		return ""
	}
	return d.Source.Path
}

// Err is an error that says everything, one diagnostic a line; nil when nothing is an error.
func (l *List) Err() error {
	if l.Errors() == 0 {
		return nil
	}
	return listError(l.All)
}

type listError []*Diagnostic

func (e listError) Error() string {
	var lines []string
	for _, d := range e {
		lines = append(lines, d.Error())
	}
	return strings.Join(lines, "\n")
}
