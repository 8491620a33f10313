package gen

import (
	"fmt"

	"ubinder/aidl/model"
)

// packageUses lists for each package those whose types it uses, as far as the files and the types that
// can be reached from them tell, and those types.
func packageUses(files []*model.File) (uses map[string]map[string]bool, reached []*model.Type) {
	uses = make(map[string]map[string]bool)
	seen := make(map[*model.Declared]bool)
	type scope struct {
		pkg   string
		types model.Types
	}
	var pending []scope
	for _, f := range files {
		pending = append(pending, scope{f.Package, f.Types})
	}
	for len(pending) > 0 {
		s := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if uses[s.pkg] == nil {
			uses[s.pkg] = make(map[string]bool)
		}
		for _, t := range usedTypes(&s.types) {
			if t.Kind == model.KindEnum && t.Enum.TagOf != nil {
				t = &model.Type{Kind: model.KindUnion, Union: t.Enum.TagOf}
			}
			d := declaredOf(t)
			if d == nil {
				continue
			}
			if d.Package != s.pkg {
				uses[s.pkg][d.Package] = true
			}
			if !seen[d] {
				seen[d] = true
				reached = append(reached, t)
				pending = append(pending, scope{d.Package, typesOf(t)})
			}
		}
	}
	return uses, reached
}

// typesOf is the declaration that a type names, as a scope of its own.
func typesOf(t *model.Type) (s model.Types) {
	switch t.Kind {
	case model.KindInterface:
		s.Interfaces = []*model.Interface{t.Interface}
	case model.KindParcelable:
		s.Parcelables = []*model.Parcelable{t.Parcelable}
	case model.KindUnion:
		s.Unions = []*model.Union{t.Union}
	case model.KindEnum:
		s.Enums = []*model.Enum{t.Enum}
	case model.KindForeign:
		s.Foreign = []*model.Foreign{t.Foreign}
	}
	return s
}

// usedTypes lists every use of a type in a scope.
func usedTypes(t *model.Types) (list []*model.Type) {
	add := func(types ...*model.Type) {
		for _, u := range types {
			for ; u != nil; u = u.Elem {
				list = append(list, u)
			}
		}
	}
	fields := func(all []*model.Field) {
		for _, f := range all {
			add(f.Type)
		}
	}
	for _, i := range t.Interfaces {
		for _, m := range i.Methods {
			add(m.Return)
			for _, a := range m.Arguments {
				add(a.Type)
			}
		}
		list = append(list, usedTypes(&i.Types)...)
	}
	for _, p := range t.Parcelables {
		fields(p.Fields)
		list = append(list, usedTypes(&p.Types)...)
	}
	for _, u := range t.Unions {
		fields(u.Fields)
		list = append(list, usedTypes(&u.Types)...)
	}
	return list
}

// declaredOf returns the declaration that a type names; nil for what is built in.
func declaredOf(t *model.Type) *model.Declared {
	switch t.Kind {
	case model.KindInterface:
		return &t.Interface.Declared
	case model.KindParcelable:
		return &t.Parcelable.Declared
	case model.KindUnion:
		return &t.Union.Declared
	case model.KindEnum:
		return &t.Enum.Declared
	case model.KindForeign:
		return &t.Foreign.Declared
	}
	return nil
}

// endless refuses parcelables that hold themselves as values. AIDL lets them, in arrays of fixed length, but
// such a value would have no end.
func endless(files []*model.File) (wrong Diagnostics) {
	held := make(map[string]map[string]bool)
	positions := make(map[string]model.Position)
	for _, f := range files {
		for _, t := range declarations(&f.Types) {
			if t.Kind != model.KindParcelable {
				continue
			}
			name := t.Parcelable.FullName()
			held[name], positions[name] = heldBy(t.Parcelable), t.Parcelable.Position
		}
	}
	for _, circle := range model.Circles(held) {
		first := circle[0]
		if at := positions[first]; len(circle) > 1 || held[first][first] {
			wrong = append(wrong, &Diagnostic{
				File: at.File, Line: at.Line, Column: at.Column,
				Message: fmt.Sprintf("%s holds itself, in an array of fixed length, so that no value of it would end; mark the array @nullable", first),
			})
		}
	}
	return wrong
}

// heldBy lists the parcelables that are part of one.
func heldBy(p *model.Parcelable) map[string]bool {
	held := make(map[string]bool)
	for _, f := range p.Fields {
		t := f.Type
		for t.Kind == model.KindFixedArray && !t.Nullable {
			t = t.Elem
		}
		if t.Kind == model.KindParcelable && !t.Nullable {
			held[t.Parcelable.FullName()] = true
		}
	}
	return held
}
