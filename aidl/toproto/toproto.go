// Package toproto turns .aidl files into .proto files with ubinder's options, as far as that goes, and
// says where it does not: what AIDL can say and protobuf cannot is left out with a comment in its
// place.
//
// A package becomes one file, because in AIDL files may import each other in a circle. A method f of IRoom becomes an rpc f with the messages IRoomFRequest and IRoomFResponse; what it
// returns is the field result. Objects and open files become ubinder.Object and ubinder.File, which
// only requests and responses can have. The services are not the same on the wire: a program speaks
// one or the other.
package toproto

import (
	"fmt"
	"slices"
	"strings"

	"ubinder/aidl/model"
)

// File is a .proto file.
type File struct {
	Path string // from the root of imports
	Text string
}

// Loss is something that the .proto file does not say.
type Loss struct {
	model.Position
	Message string
	Left    bool // something was left out; otherwise something is said less exactly
}

// Options say what the .proto files have besides.
type Options struct {
	GoPackage string // what go_package begins with; "" for no go_package
}

// Convert turns files into .proto files, one for each package, in order of their names.
func Convert(files []*model.File, o Options) ([]File, []Loss) {
	packages := make(map[string][]*model.File)
	var names []string
	for _, f := range files {
		if packages[f.Package] == nil {
			names = append(names, f.Package)
		}
		packages[f.Package] = append(packages[f.Package], f)
	}
	slices.Sort(names)
	var out []File
	var losses []Loss
	imports := make(map[string]map[string]bool)
	for _, pkg := range names {
		c := &converter{pkg: pkg, files: packages[pkg], path: protoPath(pkg), imports: make(map[string]bool), options: o}
		out = append(out, c.convert())
		losses = append(losses, c.losses...)
		imports[c.path] = c.imports
	}
	return out, append(losses, circles(out, imports)...)
}

func protoPath(pkg string) string {
	if pkg == "" {
		return "root.proto"
	}
	return strings.ReplaceAll(pkg, ".", "/") + ".proto"
}

// circles finds files that import each other, which .proto files cannot.
func circles(files []File, imports map[string]map[string]bool) []Loss {
	var losses []Loss
	for _, f := range files {
		for other := range imports[f.Path] {
			if f.Path < other && reaches(other, f.Path, imports, make(map[string]bool)) {
				losses = append(losses, Loss{Left: true, Message: fmt.Sprintf("%s and %s import each other, which .proto files cannot", f.Path, other)})
			}
		}
	}
	slices.SortFunc(losses, func(a, b Loss) int { return strings.Compare(a.Message, b.Message) })
	return losses
}

func reaches(from, to string, imports map[string]map[string]bool, seen map[string]bool) bool {
	if from == to {
		return true
	}
	if seen[from] {
		return false
	}
	seen[from] = true
	for next := range imports[from] {
		if reaches(next, to, imports, seen) {
			return true
		}
	}
	return false
}

type converter struct {
	pkg     string
	files   []*model.File
	path    string
	options Options
	imports map[string]bool
	losses  []Loss
	body    strings.Builder
	indent  string
}

func (c *converter) convert() File {
	for _, f := range c.files {
		c.types(&f.Types)
	}
	var b strings.Builder
	b.WriteString("// Made of .aidl files by \"ubinder aidl to-proto\".\nsyntax = \"proto3\";\n")
	if c.pkg != "" {
		fmt.Fprintf(&b, "\npackage %s;\n", c.pkg)
	}
	c.head(&b)
	b.WriteString(c.body.String())
	return File{Path: c.path, Text: b.String()}
}

func (c *converter) head(b *strings.Builder) {
	delete(c.imports, c.path)
	var list []string
	for path := range c.imports {
		list = append(list, path)
	}
	slices.Sort(list)
	if len(list) > 0 {
		b.WriteString("\n")
	}
	for _, path := range list {
		fmt.Fprintf(b, "import %q;\n", path)
	}
	if c.options.GoPackage != "" {
		folder := strings.ReplaceAll(c.pkg, ".", "/")
		fmt.Fprintf(b, "\noption go_package = %q;\n", strings.TrimSuffix(c.options.GoPackage+"/"+folder, "/"))
	}
}

func (c *converter) line(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if text != "" {
		text = c.indent + text
	}
	c.body.WriteString(text + "\n")
}

func (c *converter) block(head string, inside func()) {
	c.line("%s {", head)
	c.indent += "  "
	inside()
	c.indent = c.indent[2:]
	c.line("}")
}

func (c *converter) less(at model.Position, format string, args ...any) {
	c.losses = append(c.losses, Loss{Position: at, Message: fmt.Sprintf(format, args...)})
}

// leave leaves something out, with a comment in its place.
func (c *converter) leave(at model.Position, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	c.losses = append(c.losses, Loss{Position: at, Message: message, Left: true})
	c.line("// Left out: %s", message)
}

func (c *converter) comment(m model.Comment) {
	for line := range strings.Lines(m.Doc) {
		c.line("//%s", strings.TrimRight(line, "\n"))
	}
}

// types writes the types of a scope. Those inside another stand behind it.
func (c *converter) types(t *model.Types) {
	for _, i := range t.Interfaces {
		c.service(i)
	}
	for _, p := range t.Parcelables {
		c.message(&p.Declared, p.Fields, p.Constants, &p.Types, false)
	}
	for _, u := range t.Unions {
		c.message(&u.Declared, u.Fields, u.Constants, &u.Types, true)
	}
	for _, e := range t.Enums {
		c.enum(e)
	}
	for _, f := range t.Foreign {
		c.line("")
		c.leave(f.Position, "%s, which is declared in other languages alone", f.Name)
	}
}

// name is a type's name in .proto files, where those inside others have the outer names before.
func name(d *model.Declared) string { return strings.Join(append(slices.Clone(d.Outer), d.Name), "_") }

// refer is a type's name as another package uses it; it imports what declares it.
func (c *converter) refer(d *model.Declared) string {
	c.imports[protoPath(d.Package)] = true
	if d.Package == c.pkg || d.Package == "" {
		return name(d)
	}
	return "." + d.Package + "." + name(d)
}
