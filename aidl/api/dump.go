// Package api keeps the interfaces of released versions from changing: it dumps what .aidl files
// declare, compares dumps, and reckons their hash, all as AOSP's compiler and build do, so that
// dumps and hashes can be compared with those that are in AOSP's trees.
package api

import (
	"strings"

	"ubinder/aidl/ast"
	"ubinder/aidl/check"
	"ubinder/aidl/load"
)

// Preamble stands in every dump that AOSP's compiler writes; hashes are reckoned over it.
const Preamble = `///////////////////////////////////////////////////////////////////////////////
// THIS FILE IS IMMUTABLE. DO NOT EDIT IN ANY CASE.                          //
///////////////////////////////////////////////////////////////////////////////

// This file is a snapshot of an AIDL file. Do not edit it manually. There are
// two cases:
// 1). this is a frozen version file - do not edit this in any case.
// 2). this is a 'current' file. If you make a backwards compatible change to
//     the interface (from the latest frozen version), the build system will
//     prompt you to update this file with ` + "`m <name>-update-api`" + `.
//
// You must not make a backward incompatible change to any AIDL file built
// with the aidl_interface module type with versions property set. The module
// type is used to build AIDL files in a way that they can be used across
// independently updatable components of the system. If a device is shipped
// with such a backward incompatible change, it has a high risk of breaking
// later when a module using the interface is updated, e.g., Mainline modules.

`

// Dumped is the dump of one type.
type Dumped struct {
	Path string // from the folder of the API: package and name
	Text string
}

// DumpOptions say what a dump has.
type DumpOptions struct {
	NoLicense bool // leave the comments at the beginning of the file out
}

// Dump writes what a file declares, a dump for each type at its top. The file must be accepted.
func Dump(p *check.Program, f *load.File, o DumpOptions) []Dumped {
	d := &dumper{Text: p.Text(f), file: f.AST}
	head := ""
	if !o.NoLicense {
		head = d.head()
	}
	var list []Dumped
	for _, decl := range f.AST.Decls {
		d.out.Reset()
		d.out.WriteString(head + Preamble)
		path := d.Name(decl) + ".aidl"
		if pkg := d.Package(decl); pkg != "" {
			d.out.WriteString("package " + pkg + ";\n")
			path = strings.ReplaceAll(pkg, ".", "/") + "/" + path
		}
		d.decl(decl)
		list = append(list, Dumped{Path: path, Text: d.out.String()})
	}
	return list
}

// dumper writes dumps. With values, constants are written as what they are worth, so that dumps that
// mean the same are the same.
type dumper struct {
	*check.Text
	file   *ast.File
	values bool
	out    strings.Builder
	indent string
}

// head is the comments before package and imports, which are the licence.
func (d *dumper) head() string {
	var b strings.Builder
	comments := d.file.HeadComments()
	for _, c := range comments {
		b.WriteString(d.file.Source.Slice(c.Span))
		if !c.Block {
			b.WriteString("\n")
		}
	}
	if n := len(comments); n > 0 && comments[n-1].Block {
		b.WriteString("\n")
	}
	return b.String()
}

func (d *dumper) line(text string) { d.out.WriteString(d.indent + text + "\n") }

// comments writes the tags that a comment may have: nothing else of comments is part of an API.
func (d *dumper) comments(list []ast.Comment) {
	doc := d.file.Doc(list)
	switch {
	case doc.Hidden && !doc.Deprecated:
		d.line("/* @hide */")
	case doc.Deprecated:
		d.line("/**")
		if doc.Hidden {
			d.line(" * @hide")
		}
		d.line(" * @deprecated " + doc.Reason)
		d.line(" */")
	}
}

func (d *dumper) decl(decl *ast.Decl) {
	d.comments(d.file.DeclComments(decl))
	if a := d.Annotations(decl.Annotations, decl); a != "" {
		d.line(a)
	}
	head := keyword(decl.Kind) + " " + d.Name(decl)
	if decl.Generic {
		var names []string
		for _, n := range decl.TypeParameters {
			names = append(names, n.Text)
		}
		head += "<" + strings.Join(names, ", ") + ">"
	}
	if decl.Kind == ast.Foreign && !d.values {
		d.line(head + ";")
		return
	}
	d.line(head + " {")
	d.indent += "  "
	d.members(decl)
	d.indent = d.indent[2:]
	d.line("}")
}

func keyword(k ast.DeclKind) string {
	if k == ast.Foreign {
		return "parcelable"
	}
	return k.String()
}

func (d *dumper) members(decl *ast.Decl) {
	for _, m := range decl.Methods {
		d.comments(d.file.MethodComments(m))
		d.line(d.method(m, decl) + ";")
	}
	for _, f := range decl.Fields {
		d.comments(d.file.TypeComments(f.Type))
		d.field(f, decl)
	}
	for _, k := range decl.Constants {
		d.comments(d.file.ConstantComments(k))
		d.line("const " + d.Type(k.Type, decl) + " " + k.Name.Text + " = " + d.value(k.Value, k.Type, decl) + ";")
	}
	for _, e := range decl.Enumerators {
		d.comments(d.file.CommentsBefore(e.Name.Token))
		d.enumerator(e, decl)
	}
	for _, n := range decl.Types {
		d.decl(n)
	}
}

func (d *dumper) method(m *ast.Method, decl *ast.Decl) string {
	text := ""
	if m.Oneway >= 0 || decl.Oneway {
		text = "oneway "
	}
	var args []string
	for _, a := range m.Arguments {
		args = append(args, directions[a.Direction]+d.Type(a.Type, decl)+" "+a.Name.Text)
	}
	text += d.Type(m.Type, decl) + " " + m.Name.Text + "(" + strings.Join(args, ", ") + ")"
	if m.ID != "" {
		text += " = " + plainNumber(m.ID)
	}
	return text
}

var directions = map[ast.TokenKind]string{ast.KeyIn: "in ", ast.KeyOut: "out ", ast.KeyInout: "inout "}

// plainNumber is a decimal number without zeros before it.
func plainNumber(digits string) string {
	if trimmed := strings.TrimLeft(digits, "0"); trimmed != "" {
		return trimmed
	}
	return "0"
}

func (d *dumper) field(f *ast.Field, decl *ast.Decl) {
	text := d.Type(f.Type, decl) + " " + f.Name.Text
	if f.Default != nil {
		text += " = " + d.value(f.Default, f.Type, decl)
	}
	d.line(text + ";")
}

func (d *dumper) enumerator(e *ast.Enumerator, decl *ast.Decl) {
	switch {
	case d.values:
		d.line(e.Name.Text + " = " + d.Enumerator(e, decl) + ",")
	case e.Value != nil:
		d.line(e.Name.Text + " = " + d.EnumeratorExpr(e, decl) + ",")
	default:
		d.line(e.Name.Text + ",")
	}
}

func (d *dumper) value(x ast.Expr, t *ast.Type, decl *ast.Decl) string {
	if d.values {
		return d.Value(x, t, decl)
	}
	return d.Expr(x, t, decl)
}
