package check

import (
	"ubinder/aidl/ast"
	"ubinder/aidl/model"
)

// typeOf is a type as it is used; nil for void.
func (b *builder) typeOf(t *ast.Type, s *symbol) *model.Type {
	u := s.doc.uses[t]
	if u == nil || u.builtin == "void" {
		return nil
	}
	nullable := u.has("nullable")
	base := b.baseType(u, s)
	base.Nullable = nullable && canBeNull(base)
	base.Heap = isHeap(u)
	base.UTF8 = u.has("utf8InCpp")
	if base.Kind == model.KindList && base.Elem != nil {
		base.Elem.Nullable = base.Nullable && canBeNull(base.Elem)
		base.Elem.UTF8 = base.UTF8
	}
	for i := len(t.Dimensions) - 1; i >= 0; i-- {
		base = b.array(base, t.Dimensions[i], s)
		base.Nullable = nullable
	}
	return base
}

func (b *builder) array(elem *model.Type, d ast.Dimension, s *symbol) *model.Type {
	if d.Size == nil {
		return &model.Type{Kind: model.KindArray, Elem: elem, UTF8: elem.UTF8}
	}
	n, _ := b.length(d, s)
	return &model.Type{Kind: model.KindFixedArray, Elem: elem, Length: n, UTF8: elem.UTF8}
}

// canBeNull reports whether one value of a type may be absent.
func canBeNull(t *model.Type) bool {
	switch t.Kind {
	case model.KindBool, model.KindByte, model.KindChar, model.KindInt, model.KindLong, model.KindFloat,
		model.KindDouble, model.KindEnum, model.KindHolder:
		return false
	}
	return true
}

func (b *builder) baseType(u *use, s *symbol) *model.Type {
	t := &model.Type{Kind: builtins[u.builtin]}
	var args []*model.Type
	for _, a := range u.args {
		args = append(args, b.typeOf(a.node, s))
	}
	switch {
	case u.symbol != nil:
		b.declaredType(t, u.symbol)
		t.Arguments = args
	case u.builtin == "List" && len(args) == 1:
		t.Elem = args[0]
	case u.builtin == "Map" && len(args) == 2:
		t.Key, t.Elem = args[0], args[1]
	}
	return t
}

func (b *builder) declaredType(t *model.Type, s *symbol) {
	made := b.of(s)
	t.Interface, t.Parcelable, t.Union, t.Enum, t.Foreign = made.iface, made.parcelable, made.union, made.enum, made.foreign
	t.Kind = map[ast.DeclKind]model.TypeKind{
		ast.Interface: model.KindInterface, ast.Parcelable: model.KindParcelable, ast.Union: model.KindUnion,
		ast.Enum: model.KindEnum, ast.Foreign: model.KindForeign,
	}[s.decl.Kind]
}
