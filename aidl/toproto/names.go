package toproto

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"ubinder/aidl/model"
)

// names are those of packages and types in .proto files.
type names struct {
	circles map[string]model.Circle    // by AIDL package
	types   map[string]string          // within their package, by full name in AIDL
	taken   map[string]map[string]bool // what a package declares
}

// newNames names all types of files, those with short names first. Packages of a circle are one.
func newNames(files []*model.File, circles []model.Circle) *names {
	n := &names{circles: make(map[string]model.Circle), types: make(map[string]string), taken: make(map[string]map[string]bool)}
	for _, c := range circles {
		for _, pkg := range c {
			n.circles[pkg] = c
		}
	}
	var all []declaration
	for _, f := range files {
		all = append(all, declared(&f.Types)...)
	}
	slices.SortStableFunc(all, func(a, b declaration) int {
		return cmp.Or(cmp.Compare(len(a.FullName()), len(b.FullName())), cmp.Compare(a.FullName(), b.FullName()))
	})
	for _, d := range all {
		n.types[d.FullName()] = n.claim(n.pkg(d.Package), n.wanted(d.Declared), d.besides...)
	}
	return n
}

// declaration is a type, and what Go code of it declares with its name before.
type declaration struct {
	*model.Declared
	besides []string
}

// declared lists the types of a scope that .proto files declare. Android has listeners of IRoom that are
// called IRoomClient.
func declared(t *model.Types) (list []declaration) {
	for _, i := range t.Interfaces {
		list = append(append(list, declaration{&i.Declared, []string{"Client", "Descriptor", "Interface"}}), declared(&i.Types)...)
	}
	for _, p := range t.Parcelables {
		list = append(append(list, declaration{&p.Declared, nil}), declared(&p.Types)...)
	}
	for _, u := range t.Unions {
		list = append(append(list, declaration{&u.Declared, nil}), declared(&u.Types)...)
	}
	for _, e := range t.Enums {
		list = append(list, declaration{&e.Declared, nil})
	}
	return list
}

// pkg is the .proto package that an AIDL package is in.
func (n *names) pkg(aidl string) string {
	if c := n.circles[aidl]; c != nil {
		return c.First()
	}
	return aidl
}

// wanted is a type's name, those inside others having the outer names before.
func (n *names) wanted(d *model.Declared) string {
	prefix := ""
	if c := n.circles[d.Package]; c != nil {
		prefix = c.Prefix(d.Package)
	}
	return prefix + strings.Join(append(slices.Clone(d.Outer), d.Name), "_")
}

// of is a type's name within its package. A type that no file given declares has the name it should have.
func (n *names) of(d *model.Declared) string {
	if name := n.types[d.FullName()]; name != "" {
		return name
	}
	return n.wanted(d)
}

// full is a type's name, with a dot before it.
func (n *names) full(d *model.Declared) string {
	return "." + strings.TrimPrefix(n.pkg(d.Package)+"."+n.of(d), ".")
}

// claim is a name that a package has not declared yet, nor with one of some words behind it.
func (n *names) claim(pkg, name string, besides ...string) string {
	if n.taken[pkg] == nil {
		n.taken[pkg] = make(map[string]bool)
	}
	taken := func(word string) bool { return n.taken[pkg][name+word] }
	for taken("") || slices.ContainsFunc(besides, taken) {
		name += "_"
	}
	for _, word := range append(besides, "") {
		n.taken[pkg][name+word] = true
	}
	return name
}

// distinct is names within one message, service or enum, with numbers behind those that differ from one
// before in nothing that protobuf looks at: JSON has no underscores, and languages have one case.
type distinct map[string]bool

func (d distinct) name(s string) string {
	key := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "")) }
	free := s
	for n := 2; d[key(free)] || key(free) == ""; n++ {
		free = fmt.Sprintf("%s_%d", s, n)
	}
	d[key(free)] = true
	return free
}

// snake turns fieldName into field_name.
func snake(s string) string {
	var b strings.Builder
	before := '_'
	for _, r := range s {
		if unicode.IsUpper(r) && before != '_' && !unicode.IsUpper(before) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
		before = r
	}
	return b.String()
}

func screaming(s string) string { return strings.ToUpper(snake(s)) }
