package gen

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// Diagnostic is one thing wrong in a source file. Line and column count from 1; zero is unknown.
type Diagnostic struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// Error formats it as compilers do.
func (d *Diagnostic) Error() string {
	if d.Line == 0 {
		return fmt.Sprintf("%s: %s", d.File, d.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", d.File, d.Line, d.Column, d.Message)
}

// Diagnostics is everything wrong in the files of one run.
type Diagnostics []*Diagnostic

// Error puts one on each line.
func (d Diagnostics) Error() string {
	var lines []string
	for _, one := range d {
		lines = append(lines, one.Error())
	}
	return strings.Join(lines, "\n")
}

// Err returns d, by file and position, as an error; nil when nothing is wrong.
func (d Diagnostics) Err() error {
	if len(d) == 0 {
		return nil
	}
	slices.SortStableFunc(d, func(a, b *Diagnostic) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return d
}

// at places a diagnostic at the declaration of d.
func at(d protoreflect.Descriptor, format string, args ...any) *Diagnostic {
	file := d.ParentFile()
	diagnostic := &Diagnostic{File: file.Path(), Message: fmt.Sprintf(format, args...)}
	if loc := file.SourceLocations().ByDescriptor(d); len(loc.Path) > 0 {
		diagnostic.Line, diagnostic.Column = loc.StartLine+1, loc.StartColumn+1
	}
	return diagnostic
}
