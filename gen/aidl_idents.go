package gen

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ubinder/aidl/model"
)

// nameTypes gives every type its Go name. Types that one Go package declares twice are an error.
func (n *aidlNames) nameTypes(files []*model.File, reached []*model.Declared) error {
	var declared []*model.Declared
	for _, f := range files {
		declared = append(declared, declaredIn(&f.Types)...)
	}
	wrong := n.declaredTwice(files)
	all := append(declared, reached...)
	slices.SortStableFunc(all, func(a, b *model.Declared) int {
		return cmp.Or(cmp.Compare(len(a.FullName()), len(b.FullName())), cmp.Compare(a.FullName(), b.FullName()))
	})
	taken := make(map[*goPackage]map[string]bool)
	for _, d := range all {
		if n.idents[d.FullName()] != "" {
			continue
		}
		p := n.packages[d.Package]
		if taken[p] == nil {
			taken[p] = make(map[string]bool)
		}
		n.idents[d.FullName()] = freeIdent(p.ident(d), taken[p])
	}
	return wrong.Err()
}

// declaredTwice refuses types that are declared twice, and notes where each type is. A parcelable that
// AIDL only names may be named in many places.
func (n *aidlNames) declaredTwice(files []*model.File) (wrong Diagnostics) {
	foreign := make(map[*model.Declared]bool)
	for _, f := range files {
		for _, x := range f.Foreign {
			foreign[&x.Declared] = true
		}
		for _, d := range declaredIn(&f.Types) {
			name := d.FullName()
			other := n.home[name]
			switch {
			case other == nil || foreign[other] && !foreign[d]:
				n.home[name] = d
			case !foreign[d]:
				wrong = append(wrong, &Diagnostic{
					File: d.Position.File, Line: d.Position.Line, Column: d.Position.Column,
					Message: fmt.Sprintf("%s is declared in %s too; generate code for one of them at a time", name, other.Position.File),
				})
			}
		}
	}
	return wrong
}

// declaredIn lists the types of a scope, those that are nested in them included.
func declaredIn(t *model.Types) (list []*model.Declared) {
	for _, i := range t.Interfaces {
		list = append(append(list, &i.Declared), declaredIn(&i.Types)...)
	}
	for _, p := range t.Parcelables {
		list = append(append(list, &p.Declared), declaredIn(&p.Types)...)
	}
	for _, u := range t.Unions {
		list = append(append(list, &u.Declared), declaredIn(&u.Types)...)
	}
	for _, e := range t.Enums {
		list = append(list, &e.Declared)
	}
	for _, x := range t.Foreign {
		list = append(list, &x.Declared)
	}
	return list
}

// ident is the identifier that a type should have. Nested types have the names of those they are in
// before their own; in a package that is several of AIDL's, all but the first's have that package's
// before. A name that would be the generated client's of another interface, or the like, gets an
// underscore, whether there is such an interface or not: so it does not depend on what else is there.
func (p *goPackage) ident(d *model.Declared) string {
	ident := strings.Join(append(slices.Clone(d.Outer), d.Name), "_")
	if p.shared != nil && d.Package != p.shared[0] {
		ident = p.prefix(d.Package) + "_" + ident
	}
	ident = exported(ident)
	for _, suffix := range []string{"Client", "Descriptor", "Interface"} {
		if strings.HasSuffix(ident, suffix) && len(d.Name) > 1 && d.Name[0] == 'I' && d.Name[1] >= 'A' && d.Name[1] <= 'Z' {
			return ident + "_"
		}
	}
	return ident
}

// freeIdent reserves an identifier, and what is generated beside a type of that name.
func freeIdent(ident string, taken map[string]bool) string {
	for slices.ContainsFunc(beside(ident), func(s string) bool { return taken[s] }) {
		ident += "_"
	}
	for _, s := range beside(ident) {
		taken[s] = true
	}
	return ident
}

func beside(ident string) []string {
	list := []string{ident, "New" + ident, ident + "_Tag"}
	for _, name := range generatedNames {
		list = append(list, name(model.Name{Ident: ident}))
	}
	return list
}
