package gen

import (
	"fmt"

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

// at places a diagnostic at the declaration of d.
func at(d protoreflect.Descriptor, format string, args ...any) *Diagnostic {
	file := d.ParentFile()
	diagnostic := &Diagnostic{File: file.Path(), Message: fmt.Sprintf(format, args...)}
	if loc := file.SourceLocations().ByDescriptor(d); len(loc.Path) > 0 {
		diagnostic.Line, diagnostic.Column = loc.StartLine+1, loc.StartColumn+1
	}
	return diagnostic
}
