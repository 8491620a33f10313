package gen

import (
	"go/token"
	"path"
	"strings"

	"ubinder/aidl/model"
)

// aidlNames is the Go names of a run: of packages, files and types.
type aidlNames struct {
	packages  map[string]*goPackage // by AIDL package
	fileNames map[*model.File]string
	base      map[string]bool            // last parts of all import paths: no parameter may hide one
	idents    map[string]string          // of types, by full name
	members   map[member]string          // identifiers of what types have in them
	home      map[string]*model.Declared // the declaration that code is made for, by full name
}

// goPackage is where the types of one AIDL package go; several share one where they use each other in
// a circle, which Go does not allow.
type goPackage struct {
	importPath string
	dir        string // below AIDL.Base
	name       string
	circle     model.Circle // the AIDL packages in it, one or several
}

func nameAll(a AIDL) (*aidlNames, error) {
	n := &aidlNames{
		packages: make(map[string]*goPackage), fileNames: make(map[*model.File]string),
		base: make(map[string]bool), idents: make(map[string]string), members: make(map[member]string), home: make(map[string]*model.Declared),
	}
	uses, types := packageUses(a.Files)
	for _, group := range model.Circles(uses) {
		p := newGoPackage(a.Base, group)
		for _, pkg := range group {
			n.packages[pkg] = p
		}
		n.base[p.name] = true
		n.base[path.Base(p.importPath)] = true
	}
	used := make(map[string]map[string]bool)
	for _, f := range a.Files {
		p := n.packages[f.Package]
		if used[p.dir] == nil {
			used[p.dir] = make(map[string]bool)
		}
		n.fileNames[f] = unique(fileName(f, p), used[p.dir])
	}
	return n, n.nameTypes(a.Files, types)
}

// newGoPackage is called by the last part of the first package's name.
func newGoPackage(base string, circle model.Circle) *goPackage {
	dir := goDir(circle.First())
	return &goPackage{importPath: path.Join(base, dir), dir: dir, name: goPackageName(path.Base(path.Join(base, dir))), circle: circle}
}

// goDir is the folder of an AIDL package, another for each.
func goDir(pkg string) string {
	parts := strings.Split(pkg, ".")
	for i, part := range parts {
		parts[i] = escaped(part, badFolder)
	}
	return path.Join(parts...)
}

// escaped puts an x before a name that is bad, and before one that is only that with x before it, so
// that no two names become one.
func escaped(name string, bad func(string) bool) string {
	for s := name; ; s = s[1:] {
		if bad(s) {
			return "x" + name
		}
		if !strings.HasPrefix(s, "x") {
			return name
		}
	}
}

// badFolder reports whether Go gives folders of a name a meaning of their own, or generated code would
// import a package by a name that it uses itself.
func badFolder(s string) bool {
	return s == "internal" || s == "vendor" || s == "testdata" || hidden(s) || reservedName(s) || s != "" && token.IsExported(s)
}

// hidden reports whether the go command does not look at files of that name.
func hidden(s string) bool { return strings.HasPrefix(s, "_") || strings.HasPrefix(s, ".") }

func goPackageName(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		if r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' && b.Len() > 0 {
			b.WriteRune(r)
		}
	}
	name := b.String()
	if name == "" || reservedName(name) || name == "main" || name == "documentation" { // which go build ignores
		return name + "aidl"
	}
	return name
}

// fileName is that of the source without its ending. Suffix keeps it from meaning anything to Go, such as
// a test or an operating system.
func fileName(f *model.File, p *goPackage) string {
	name := strings.TrimSuffix(path.Base(f.Source), ".aidl")
	if len(p.circle) > 1 {
		name = strings.ReplaceAll(f.Package, ".", "_") + "_" + name
	}
	return escaped(name, hidden)
}

// imported reports whether a package of the run may be imported by a name: one that several have gets a
// number behind it.
func (n *aidlNames) imported(name string) bool {
	for ; !n.base[name]; name = name[:len(name)-1] {
		if name == "" || !strings.ContainsAny(name[len(name)-1:], "0123456789") {
			return false
		}
	}
	return true
}

// goName is the name of a declared type.
func (n *aidlNames) goName(d *model.Declared) model.Name {
	return model.Name{Package: n.packages[d.Package].importPath, Ident: n.idents[d.FullName()]}
}

// exported makes a Go name that other packages see of one that AIDL allows: its first letter is large.
func exported(s string) string {
	s = strings.TrimLeft(s, "_")
	if s == "" || s[0] >= '0' && s[0] <= '9' {
		s = "X" + s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// unique returns name, with as many underscores behind it as it takes to be the first of that name.
func unique(name string, used map[string]bool) string {
	for used[name] {
		name += "_"
	}
	used[name] = true
	return name
}
