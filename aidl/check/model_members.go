package check

import (
	"strconv"

	"ubinder/aidl/ast"
	"ubinder/aidl/model"
)

func (b *builder) iface(i *model.Interface, s *symbol) {
	i.Declared, i.Types, i.Constants = b.declared(s), b.nested(s), b.constants(s)
	i.Descriptor = s.full
	if a := s.annotation["Descriptor"]; a != nil {
		if v := b.parameter(a, "value", s); v != nil && v.String != "" {
			i.Descriptor = v.String
		}
	}
	i.Sensitive = s.is("SensitiveData")
	i.Permission = b.permission(s.decl.Annotations, s)
	if b.given[s.doc] {
		i.Version, i.Hash = b.options.Version, b.options.Hash
	}
	if a := s.annotation["VersionSupport"]; a != nil {
		if v := b.parameter(a, "version", s); v != nil {
			i.Version = int(v.Int)
		}
	}
	for n, m := range s.decl.Methods {
		i.Methods = append(i.Methods, b.method(m, n, s))
	}
}

func (b *builder) method(m *ast.Method, n int, s *symbol) *model.Method {
	out := &model.Method{
		Name: m.Name.Text, Code: uint32(methodID(m, n)) + firstCode, Oneway: isOneway(m, s),
		Comment:    comment(s.doc, s.doc.file.AST.MethodComments(m)),
		Return:     b.typeOf(m.Type, s),
		Permission: b.permission(m.Type.Annotations, s), Annotations: b.annotations(m.Type.Annotations, s),
		Position: position(s.doc, m.Name.Span),
	}
	for _, a := range m.Type.Annotations {
		out.Blocking = out.Blocking || a.Name == "PropagateAllowBlocking"
	}
	for _, a := range m.Arguments {
		out.Arguments = append(out.Arguments, &model.Argument{
			Name: a.Name.Text, Type: b.typeOf(a.Type, s), Direction: directionOf[a.Direction], Position: position(s.doc, a.Name.Span),
		})
	}
	return out
}

var directionOf = map[ast.TokenKind]model.Direction{ast.KeyOut: model.Out, ast.KeyInout: model.InOut}

// methodID is the id written, or the number of methods before.
func methodID(m *ast.Method, n int) int {
	if m.ID == "" {
		return n
	}
	id, _ := strconv.Atoi(m.ID)
	return id
}

func (b *builder) permission(list []*ast.Annotation, s *symbol) *model.Permission {
	a := permission(list)
	if a == nil {
		return nil
	}
	switch a.Name {
	case "RequiresNoPermission":
		return &model.Permission{Rule: model.NoPermission}
	case "PermissionManuallyEnforced":
		return &model.Permission{Rule: model.Manual}
	}
	if v := b.parameter(a, "value", s); v != nil {
		return &model.Permission{Rule: model.AllOf, Names: []string{v.String}}
	}
	if v := b.parameter(a, "anyOf", s); v != nil {
		return &model.Permission{Rule: model.AnyOf, Names: texts(v)}
	}
	if v := b.parameter(a, "allOf", s); v != nil {
		return &model.Permission{Rule: model.AllOf, Names: texts(v)}
	}
	return nil
}

func texts(v *model.Value) []string {
	var list []string
	for _, e := range v.Elements {
		list = append(list, e.String)
	}
	return list
}

func (b *builder) fields(s *symbol) []*model.Field {
	var list []*model.Field
	for _, f := range s.decl.Fields {
		out := &model.Field{
			Name: f.Name.Text, Type: b.typeOf(f.Type, s), Comment: comment(s.doc, s.doc.file.AST.TypeComments(f.Type)),
			Annotations: b.annotations(f.Type.Annotations, s), Position: position(s.doc, f.Name.Span),
		}
		if u := s.doc.uses[f.Type]; u != nil && f.Default != nil {
			out.Default = b.value(f.Default, u.shape(), s)
		}
		list = append(list, out)
	}
	return list
}

func (b *builder) constants(s *symbol) []*model.Constant {
	var list []*model.Constant
	for _, k := range s.decl.Constants {
		u := s.doc.uses[k.Type]
		if u == nil {
			continue
		}
		list = append(list, &model.Constant{
			Name: k.Name.Text, Type: b.typeOf(k.Type, s), Value: b.value(k.Value, u.shape(), s),
			Comment: comment(s.doc, s.doc.file.AST.ConstantComments(k)), Position: position(s.doc, k.Name.Span),
		})
	}
	return list
}

func (b *builder) enum(e *model.Enum, s *symbol) {
	e.Declared = b.declared(s)
	if u := backing(s); u != nil {
		e.Backing = builtins[u.builtin]
	}
	if s.tagOf != nil {
		e.TagOf = b.of(s.tagOf).union
	}
	b.fillEnum(s)
}

// fillEnum gives an enum its enumerators, which values point to.
func (b *builder) fillEnum(s *symbol) {
	e := b.of(s).enum
	if len(e.Enumerators) > 0 {
		return
	}
	b.resolved(s.doc.file)
	for n, k := range s.order {
		one := &model.Enumerator{Name: k.name, Value: b.cell(k).value.int, Position: position(s.doc, k.at)}
		if s.tagOf == nil {
			token := s.decl.Enumerators[n].Name.Token
			one.Comment = comment(s.doc, s.doc.file.AST.CommentsBefore(token))
		}
		e.Enumerators = append(e.Enumerators, one)
	}
}
