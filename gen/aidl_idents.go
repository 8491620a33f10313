package gen

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ubinder/aidl/model"
)

// nameTypes gives every type its Go name, and then what is in it. Types that one Go package declares twice
// are an error.
func (n *aidlNames) nameTypes(files []*model.File, reached []*model.Type) error {
	wrong := n.declaredTwice(files)
	var all []*model.Type
	for _, f := range files {
		all = append(all, declarations(&f.Types)...)
	}
	all = n.inOrder(append(all, reached...))
	claims := make(map[*goPackage]claims)
	for _, t := range all {
		d := declaredOf(t)
		p := n.packages[d.Package]
		if claims[p] == nil {
			claims[p] = newClaims()
		}
		n.idents[d.FullName()] = claims[p].family(p.ident(d), func(ident string) []string { return besideType(t, ident) })
	}
	for _, list := range []func(*model.Type, string) []memberIdent{enumerators, otherMembers} {
		for _, t := range all {
			d := declaredOf(t)
			for _, m := range list(t, n.idents[d.FullName()]) {
				n.members[member{d.FullName(), m.kind, m.name}] = claims[n.packages[d.Package]].one(m.ident)
			}
		}
	}
	for _, t := range all {
		if t.Kind == model.KindUnion {
			n.nameTag(t.Union)
		}
	}
	return wrong.Err()
}

// nameTag gives a union's tag, which is declared beside the union, the names that it has there.
func (n *aidlNames) nameTag(u *model.Union) {
	tag := u.Tag.FullName()
	n.idents[tag] = tagType(n.idents[u.FullName()])
	for _, f := range u.Fields {
		n.members[member{tag, enumerator, f.Name}] = n.members[member{u.FullName(), enumerator, f.Name}]
	}
}

// inOrder is types in the order in which they get their names, each once: those with short names first.
// A type that is nested comes after that which it is nested in.
func (n *aidlNames) inOrder(types []*model.Type) (list []*model.Type) {
	slices.SortStableFunc(types, func(x, y *model.Type) int {
		a, b := declaredOf(x).FullName(), declaredOf(y).FullName()
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	seen := make(map[string]bool)
	for _, t := range types {
		d := declaredOf(t)
		if home := n.home[d.FullName()]; !seen[d.FullName()] && (home == nil || home == d) {
			seen[d.FullName()] = true
			list = append(list, t)
		}
	}
	return list
}

// declaredTwice refuses types that are declared twice, and notes where each type is. A parcelable that
// AIDL only names may be named in many places.
func (n *aidlNames) declaredTwice(files []*model.File) (wrong Diagnostics) {
	foreign := make(map[*model.Declared]bool)
	for _, f := range files {
		for _, t := range declarations(&f.Types) {
			d := declaredOf(t)
			foreign[d] = t.Kind == model.KindForeign
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

// declarations lists the types of a scope, those that are nested in them included.
func declarations(t *model.Types) (list []*model.Type) {
	for _, i := range t.Interfaces {
		list = append(append(list, &model.Type{Kind: model.KindInterface, Interface: i}), declarations(&i.Types)...)
	}
	for _, p := range t.Parcelables {
		list = append(append(list, &model.Type{Kind: model.KindParcelable, Parcelable: p}), declarations(&p.Types)...)
	}
	for _, u := range t.Unions {
		list = append(append(list, &model.Type{Kind: model.KindUnion, Union: u}), declarations(&u.Types)...)
	}
	for _, e := range t.Enums {
		list = append(list, &model.Type{Kind: model.KindEnum, Enum: e})
	}
	for _, x := range t.Foreign {
		list = append(list, &model.Type{Kind: model.KindForeign, Foreign: x})
	}
	return list
}

// ident is the identifier that a type should have. Nested types have the names of those they are in
// before their own; in a package that is several of AIDL's, all but the first's have that package's
// before. A name that would be the generated client's of another interface, or the like, gets an
// underscore, whether there is such an interface or not: so it does not depend on what else is there.
func (p *goPackage) ident(d *model.Declared) string {
	ident := exported(p.circle.Prefix(d.Package) + strings.Join(append(slices.Clone(d.Outer), d.Name), "_"))
	for _, suffix := range []string{"Client", "Descriptor", "Interface"} {
		if strings.HasSuffix(ident, suffix) && len(d.Name) > 1 && d.Name[0] == 'I' && d.Name[1] >= 'A' && d.Name[1] <= 'Z' {
			return ident + "_"
		}
	}
	return ident
}
