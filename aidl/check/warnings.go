package check

import (
	"slices"
	"strings"

	"ubinder/aidl/diag"
)

// WarningNames are the warnings there are, as AOSP's compiler has them. All are off unless asked for.
var WarningNames = []string{
	"const-name", "enum-explicit-default", "file-descriptor", "inout-parameter", "interface-name",
	"missing-permission-annotation", "mixed-oneway", "out-array", "out-nullable", "unique-import",
	"unknown-warning", "untyped-collection", "redundant-name", "redundant-oneway",
}

// Warnings says which warnings are given, and which of them are errors. Its zero value gives none.
type Warnings struct {
	Everything bool     // -Weverything
	None       bool     // -w, which beats all others
	AsErrors   bool     // -Werror
	On         []string // -WNAME
	Off        []string // -Wno-NAME, which beats On
	NotErrors  []string // -Wno-error=NAME
}

// Flag takes one flag of the command line that begins with -W, or is -w. It returns a name that is no
// warning's, "" when there is nothing wrong.
func (w *Warnings) Flag(flag string) (unknown string) {
	switch flag {
	case "-Weverything":
		w.Everything = true
		return ""
	case "-Werror":
		w.AsErrors = true
		return ""
	case "-w":
		w.None = true
		return ""
	}
	name := strings.TrimPrefix(flag, "-W")
	list := &w.On
	if n, ok := strings.CutPrefix(name, "no-error="); ok {
		name, list = n, &w.NotErrors
	} else if n, ok := strings.CutPrefix(name, "no-"); ok {
		name, list = n, &w.Off
	}
	if !slices.Contains(WarningNames, name) {
		return name
	}
	*list = append(*list, name)
	return ""
}

// severity is what a warning is; false when it is not given.
func (w *Warnings) severity(name string) (diag.Severity, bool) {
	on := w.Everything || slices.Contains(w.On, name)
	if !on || w.None || slices.Contains(w.Off, name) {
		return 0, false
	}
	if w.AsErrors && !slices.Contains(w.NotErrors, name) {
		return diag.Error, true
	}
	return diag.Warning, true
}
