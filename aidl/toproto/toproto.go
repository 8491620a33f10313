// Package toproto turns .aidl files into .proto files with ubinder's options, as far as that goes, and
// says where it does not: what AIDL can say and protobuf cannot is left out with a comment in its
// place.
//
// A package becomes one file, because in AIDL files may import each other in a circle. A method f of IRoom
// becomes an rpc F with the messages IRoomFRequest and IRoomFResponse; what it returns is the field result. Objects and open files become ubinder.Object and ubinder.File, which
// only requests and responses can have. The services are not the same on the wire: a program speaks
// one or the other.
package toproto

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

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

// Convert turns files into .proto files, one for each package, in order of their names. Packages whose files
// would import each other, which .proto files cannot, are in one, which has the shortest of their names.
func Convert(files []*model.File, o Options) ([]File, []Loss) {
	imports := make(map[string]map[string]bool)
	for pkg, c := range convert(files, nil, o) {
		imports[pkg] = c.packages
	}
	circles := model.Circles(imports)
	converted := convert(files, circles, o)
	var out []File
	var losses []Loss
	for _, pkg := range slices.Sorted(maps.Keys(converted)) {
		out = append(out, converted[pkg].file())
		losses = append(losses, converted[pkg].losses...)
	}
	for _, c := range circles {
		if len(c) > 1 {
			losses = append(losses, Loss{Message: fmt.Sprintf("%s need each other, and are one package: %s", strings.Join(c, " and "), c.First())})
		}
	}
	return out, losses
}

// convert converts files by the .proto package that they are in.
func convert(files []*model.File, circles []model.Circle, o Options) map[string]*converter {
	n := newNames(files, circles)
	all := make(map[string]*converter)
	for _, f := range files {
		pkg := n.pkg(f.Package)
		if all[pkg] == nil {
			all[pkg] = &converter{pkg: pkg, names: n, imports: make(map[string]bool), packages: make(map[string]bool), options: o}
		}
		all[pkg].types(&f.Types)
	}
	return all
}

func protoPath(pkg string) string {
	if pkg == "" {
		return "root.proto"
	}
	return strings.ReplaceAll(pkg, ".", "/") + ".proto"
}

type converter struct {
	pkg      string
	names    *names
	options  Options
	imports  map[string]bool // paths of files
	packages map[string]bool // of AIDL, that types are used of
	losses   []Loss
	body     strings.Builder
	indent   string
}

func (c *converter) file() File {
	var b strings.Builder
	b.WriteString("// Made of .aidl files by \"ubinder aidl to-proto\".\nsyntax = \"proto3\";\n")
	if c.pkg != "" {
		fmt.Fprintf(&b, "\npackage %s;\n", c.pkg)
	}
	c.head(&b)
	b.WriteString(c.body.String())
	return File{Path: protoPath(c.pkg), Text: b.String()}
}

func (c *converter) head(b *strings.Builder) {
	delete(c.imports, protoPath(c.pkg))
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
		c.line("//%s", strings.ToValidUTF8(strings.ReplaceAll(strings.TrimRight(line, "\r\n"), "\x00", ""), "\ufffd"))
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

// refer is a type's name as the package uses it; it imports what declares it.
func (c *converter) refer(d *model.Declared) string {
	c.packages[d.Package] = true
	c.imports[protoPath(c.names.pkg(d.Package))] = true
	if c.names.pkg(d.Package) == c.pkg {
		return c.near(c.names.of(d))
	}
	return c.names.full(d)
}

// near is a name of the package itself. One that might be protobuf's own, or a field's, gets all before it.
func (c *converter) near(name string) string {
	if unicode.IsUpper(rune(name[0])) {
		return name
	}
	return "." + strings.TrimPrefix(c.pkg+"."+name, ".")
}

// outer is the name of a package that the file imports, with a dot before it where it might mean another.
func (c *converter) outer(name string) string {
	if c.names.taken[c.pkg][name] || slices.Contains(strings.Split(c.pkg, "."), name) {
		return "." + name
	}
	return name
}
