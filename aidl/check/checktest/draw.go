// Package checktest draws .aidl files for property tests: of few names, which clash with each other and with
// what generators make of them.
package checktest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

var (
	packageNames = []string{"a", "a.b", "a.c", "b", "aB", "Test", "E", "context", "stub", "a.internal", "a.xinternal", "v1", "result", "other.a", "other1.a1", "a.documentation", "_a"}
	// typeNames and memberNames clash in many ways once types are nested, and once New, Get, Tag, Code and so on
	// stand before or behind them.
	typeNames = []string{
		"E", "A", "E_A", "Op", "New", "NewV", "V", "V_", "V_Tag", "Err", "Error", "Get", "X_", "_X", "X", "ITest", "Test", "BpTest", "TestClient", "ITestClient",
		"Client", "Descriptor", "Interface", "IX", "IXInterface", "IXA", "NewIX", "AsIX", "Unimplemented", "UnimplementedIX", "Tag", "e", "op", "Code", "IXCode", "Parcelable", "Context", "stub", "_", "handleIX", "HandleIX",
	}
	memberNames = []string{
		"E", "A", "E_A", "Op", "GET", "Op_GET", "New", "NewV", "String", "Err", "err", "Error", "Get", "context", "stub", "len", "type", "func", "init", "_", "aidl", "X_", "_x", "x", "X",
		"Tag", "tag", "Tag_A", "TestClient", "Client", "value", "WriteToParcel", "readFromParcel", "setDefaults", "ctx", "c", "r", "w", "result", "resultOut", "a", "aOut", "a_out", "AOut",
		"nil", "any", "append", "string", "uint32", "iota", "b", "a1", "v1", "ab", "aB", "test", "e1", "Parcelable", "Object", "base", "Release", "ACode", "AE", "os", "parcel", "i0", "Descriptor", "map", "range",
	}
)

// declaration is a type that a drawn tree declares.
type declaration struct {
	kind, name, full string
	index            int // in the order of drawing; what is nested comes after that which it is in
	nested           []*declaration
	enumerators      []string
}

// drawer draws files of types with each other's names in them.
type drawer struct {
	*rapid.T
	all     []*declaration
	forward bool // types use later ones only, so that packages make no circle
}

// Tree draws .aidl files, by path. Most trees are accepted by package check.
func Tree(t *rapid.T) map[string]string {
	d := &drawer{T: t, forward: rapid.Bool().Draw(t, "forward")}
	tops := make(map[string]*declaration)
	packages := make(map[string]string)
	imports := ""
	for range rapid.IntRange(1, 4).Draw(t, "files") {
		pkg, name := rapid.SampledFrom(packageNames).Draw(t, "package"), rapid.SampledFrom(typeNames).Draw(t, "type")
		file := strings.ReplaceAll(pkg, ".", "/") + "/" + name + ".aidl"
		if tops[file] != nil {
			continue
		}
		tops[file], packages[file] = d.declare(name, pkg+"."+name, 0), pkg
		imports += "import " + pkg + "." + name + ";\n"
	}
	texts := make(map[string]string)
	for _, file := range slices.Sorted(maps.Keys(tops)) {
		top := tops[file]
		own := "import " + packages[file] + "." + top.name + ";\n"
		texts[file] = "package " + packages[file] + ";\n" + strings.Replace(imports, own, "", 1) + d.render(top)
	}
	return texts
}

func (d *drawer) declare(name, full string, depth int) *declaration {
	kinds := []string{"parcelable", "union", "interface", "enum"}
	if depth == 0 {
		kinds = append(kinds, "foreign")
	}
	decl := &declaration{kind: rapid.SampledFrom(kinds).Draw(d.T, "kind"), name: name, full: full, index: len(d.all)}
	d.all = append(d.all, decl)
	if decl.kind == "enum" {
		decl.enumerators = d.names("enumerators", memberNames, 1, 4)
		return decl
	}
	if depth < 3 && decl.kind != "foreign" {
		for _, n := range d.names("nested", typeNames, 0, 3-depth) {
			if n != name {
				decl.nested = append(decl.nested, d.declare(n, full+"."+n, depth+1))
			}
		}
	}
	return decl
}

// target draws a type that of uses.
func (d *drawer) target(of *declaration) *declaration {
	among := d.all
	if d.forward {
		among = among[of.index:]
	}
	return rapid.SampledFrom(among).Draw(d.T, "target")
}

// names draws names that are distinct.
func (d *drawer) names(what string, from []string, atLeast, atMost int) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(from), atLeast, atMost, rapid.ID).Draw(d.T, what)
}

func (d *drawer) render(decl *declaration) string {
	var b strings.Builder
	switch decl.kind {
	case "foreign":
		return "parcelable " + decl.name + ";\n"
	case "enum":
		fmt.Fprintf(&b, "@Backing(type=%q) enum %s { %s }\n", rapid.SampledFrom([]string{"byte", "int", "long"}).Draw(d.T, "backing"), decl.name, strings.Join(decl.enumerators, ", "))
		return b.String()
	}
	fmt.Fprintf(&b, "%s %s {\n", decl.kind, decl.name)
	taken := make(map[string]bool)
	for _, n := range decl.nested {
		b.WriteString(d.render(n))
		taken[n.name] = true
	}
	for _, name := range d.names("constants", memberNames, 0, 3) {
		if !taken[name] {
			b.WriteString(strings.ReplaceAll(rapid.SampledFrom(constants).Draw(d.T, "constant"), "$", name))
		}
		taken[name] = true
	}
	for i, name := range d.names("members", memberNames, 1, 5) {
		if taken[name] && (decl.kind != "union" || i > 0) {
			continue
		}
		switch {
		case decl.kind == "interface":
			b.WriteString(d.method(decl, name))
		case decl.kind == "union" && i == 0:
			b.WriteString("@nullable String " + name + ";\n") // it holds that at first, so that must have a value
		default:
			b.WriteString(d.field(decl, name))
		}
	}
	b.WriteString("}\n")
	return b.String()
}

var constants = []string{"const int $ = 1;\n", "const String $ = \"s\";\n", "const byte $ = -1;\n", "const long $ = 1L << 40;\n", "const double $ = 1.5;\n", "@nullable const String $ = \"n\";\n", "const float $ = 2.5f;\n"}

func (d *drawer) field(of *declaration, name string) string {
	target := d.target(of)
	if target.kind == "enum" && rapid.Bool().Draw(d.T, "with default") {
		return fmt.Sprintf("%s %s = %s.%s;\n", target.full, name, target.full, rapid.SampledFrom(target.enumerators).Draw(d.T, "default"))
	}
	return d.fieldType(of, target) + " " + name + ";\n"
}

// fieldType is a type that of may have a field of: no parcelable holds itself.
func (d *drawer) fieldType(of, target *declaration) string {
	forms := []string{
		"int", "String", "byte[]", "@nullable String", "IBinder", "ParcelFileDescriptor", "ParcelableHolder", "List<String>", "float[2]", "char", "String[]", "@nullable String[]",
		"$[]", "@nullable $[]", "$", "List<$>", "$[2]", "@nullable $", "$", "$[]", "@nullable $[2][3]", "$[3][2]",
	}
	form := rapid.SampledFrom(forms).Draw(d.T, "form")
	data := target.kind != "interface" && target.kind != "enum"
	switch {
	case data && target.index <= of.index && strings.Contains(form, "$"):
		form = "$[]"
	case of.kind == "union" && form == "ParcelableHolder":
		form = "int"
	case target.kind == "enum" && (form == "@nullable $" || form == "List<$>"):
		form = "$"
	}
	return strings.ReplaceAll(form, "$", target.full)
}

func (d *drawer) method(of *declaration, name string) string {
	result := d.fieldType(of, d.target(of))
	if result == "ParcelableHolder" || rapid.Bool().Draw(d.T, "void") {
		result = "void"
	}
	var args []string
	for _, arg := range d.names("arguments", memberNames, 0, 5) {
		target := d.target(of)
		form := rapid.SampledFrom([]string{
			"int", "in String", "in $[]", "out $[]", "inout $[]", "in $", "in @nullable String", "in List<String>", "inout int[2]", "out byte[]", "inout String[]", "$", "$", "$",
		}).Draw(d.T, "form")
		if form == "$" {
			form = d.direct(target)
		}
		args = append(args, strings.ReplaceAll(form, "$", target.full)+" "+arg)
	}
	return fmt.Sprintf("%s %s(%s);\n", result, name, strings.Join(args, ", "))
}

// direct is an argument of the type itself.
func (d *drawer) direct(target *declaration) string {
	if target.kind == "enum" || target.kind == "interface" {
		return "in $"
	}
	return rapid.SampledFrom([]string{"in $", "out $", "inout $", "in @nullable $"}).Draw(d.T, "direction")
}
