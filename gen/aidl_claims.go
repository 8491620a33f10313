package gen

import (
	"slices"

	"ubinder/aidl/model"
)

// claims are the identifiers that one Go package declares, each of them once. All that generated code
// declares there is claimed first: types and what is named after them, then enumerators, which code of
// other packages may name, and then the rest. So what is in a type changes the name of no type.
type claims map[string]bool

func newClaims() claims { return make(claims) }

// family claims an identifier and those that beside names after it, with as many underscores behind it
// as it takes until all of them are free.
func (c claims) family(ident string, beside func(string) []string) string {
	for slices.ContainsFunc(beside(ident), func(s string) bool { return c[s] }) {
		ident += "_"
	}
	for _, s := range beside(ident) {
		c[s] = true
	}
	return ident
}

// one claims an identifier that nothing is named after.
func (c claims) one(ident string) string { return unique(ident, c) }

// besideType is what is declared for a type of that name, but for what is in it.
func besideType(t *model.Type, ident string) []string {
	list := []string{ident}
	switch t.Kind {
	case model.KindInterface:
		for _, name := range generatedNames {
			list = append(list, name(model.Name{Ident: ident}))
		}
	case model.KindParcelable, model.KindForeign:
		list = append(list, "New"+ident)
	case model.KindUnion:
		list = append(list, tagType(ident))
	}
	return list
}

// member is something in a type that an identifier of the package stands for.
type member struct {
	of   string // full name of the type
	kind memberKind
	name string // of a method in Go, else as declared
}

type memberKind int

const (
	enumerator memberKind = iota
	unionConstructor
	methodCode
	methodHandler
	constant
)

// memberIdent is a member and the identifier that it should have.
type memberIdent struct {
	kind        memberKind
	name, ident string
}

// enumerators are those of an enum, and of a union's tag.
func enumerators(t *model.Type, ident string) (list []memberIdent) {
	switch t.Kind {
	case model.KindEnum:
		for _, v := range t.Enum.Enumerators {
			list = append(list, memberIdent{enumerator, v.Name, ident + "_" + v.Name})
		}
	case model.KindUnion:
		for _, f := range t.Union.Fields {
			list = append(list, memberIdent{enumerator, f.Name, tagType(ident) + "_" + f.Name})
		}
	}
	return list
}

// otherMembers are those that are no enumerators.
func otherMembers(t *model.Type, ident string) (list []memberIdent) {
	switch t.Kind {
	case model.KindInterface:
		name := model.Name{Ident: ident}
		for _, method := range methodNames(t.Interface) {
			list = append(list, memberIdent{methodCode, method, codeConst(name, method)}, memberIdent{methodHandler, method, handlerFunc(name, method)})
		}
		return append(list, constants(t.Interface.Constants, ident)...)
	case model.KindParcelable:
		return constants(t.Parcelable.Constants, ident)
	case model.KindUnion:
		fields := fieldNames(t.Union.Fields, nil)
		for i, f := range t.Union.Fields {
			list = append(list, memberIdent{unionConstructor, f.Name, "New" + ident + "_" + fields[i]})
		}
		return append(list, constants(t.Union.Constants, ident)...)
	}
	return nil
}

func constants(all []*model.Constant, ident string) (list []memberIdent) {
	for _, c := range all {
		list = append(list, memberIdent{constant, c.Name, ident + "_" + c.Name})
	}
	return list
}

func tagType(union string) string { return union + "_Tag" }

// methodNames are the Go names of an interface's methods, each of them used once.
func methodNames(i *model.Interface) (names []string) {
	used := map[string]bool{"Client": true} // what a generated client embeds
	for _, m := range i.Methods {
		names = append(names, unique(exported(m.Name), used))
	}
	return names
}

// memberName is the identifier of what is in a type.
func (n *aidlNames) memberName(d *model.Declared, kind memberKind, name string) string {
	return n.members[member{d.FullName(), kind, name}]
}

// code is the constant of a method's transaction code.
func (g emitter) code(i *model.Interface, m *model.Method) string {
	if g.aidl == nil {
		return codeConst(i.Go, m.Name)
	}
	return g.aidl.memberName(&i.Declared, methodCode, m.Name)
}

// handlerOf is the function that serves a method.
func (g emitter) handlerOf(i *model.Interface, m *model.Method) string {
	if g.aidl == nil {
		return handlerFunc(i.Go, m.Name)
	}
	return g.aidl.memberName(&i.Declared, methodHandler, m.Name)
}
