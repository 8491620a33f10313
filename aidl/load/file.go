// Package load finds and parses .aidl files: those it is given, and those that they refer to. Every
// file is read and parsed once.
package load

import (
	"path/filepath"
	"strings"

	"ubinder/aidl/ast"
	"ubinder/aidl/diag"
	"ubinder/aidl/parser"
)

// File is one parsed file. Nothing changes it.
type File struct {
	Path         string
	AST          *ast.File
	Wrong        []*diag.Diagnostic // what parsing found
	Main         bool               // given, not just referred to
	Preprocessed bool               // its declarations have qualified names, and stand for files that are not there
}

// Broken reports whether the file could not be parsed without errors.
func (f *File) Broken() bool {
	for _, d := range f.Wrong {
		if d.Severity == diag.Error {
			return true
		}
	}
	return false
}

// Package is the name that the file's package clause says; "" when there is none.
func (f *File) Package() string {
	if f.AST.Package == nil {
		return ""
	}
	return f.AST.Package.Name.Text
}

// Root is the folder from which the file's path is its package's; "" with false when the path does
// not end in the package.
func (f *File) Root() (string, bool) {
	dir := filepath.ToSlash(filepath.Dir(f.Path))
	if f.Package() == "" {
		return dir, true
	}
	suffix := strings.ReplaceAll(f.Package(), ".", "/")
	if dir == suffix {
		return ".", true
	}
	root, ok := strings.CutSuffix(dir, "/"+suffix)
	if ok && root == "" {
		root = "/"
	}
	return root, ok
}

// typePath is the path of the file within its root, without .aidl: what an import of it leads to.
func (f *File) typePath() string {
	stem := strings.TrimSuffix(filepath.Base(f.Path), ".aidl")
	if f.Package() == "" {
		return stem
	}
	return strings.ReplaceAll(f.Package(), ".", "/") + "/" + stem
}

func parse(path, text string, main bool) *File {
	var wrong diag.List
	file := parser.Parse(diag.NewSource(path, text), &wrong)
	wrong.Sort()
	return &File{Path: path, AST: file, Wrong: wrong.All, Main: main}
}

// Text parses a text that is no file of its own, for tests and tools that have it in memory.
func Text(path, text string) *File { return parse(path, text, true) }
