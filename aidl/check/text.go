package check

import (
	"slices"
	"strconv"
	"strings"

	"ubinder/aidl/ast"
	"ubinder/aidl/diag"
	"ubinder/aidl/load"
	"ubinder/aidl/model"
)

// Text writes parts of a file as AOSP's compiler does in API dumps: with full names and with what
// constants are worth. The file must be one that Check accepts. It belongs to one goroutine.
type Text struct {
	eval   *evaluator
	doc    *document
	scopes map[*ast.Decl]*symbol
}

// Text is the text of a file's parts.
func (p *Program) Text(f *load.File) *Text {
	t := &Text{eval: &evaluator{Program: p}, doc: p.resolved(f), scopes: make(map[*ast.Decl]*symbol)}
	for _, s := range t.doc.all {
		t.scopes[s.decl] = s
	}
	return t
}

// FullName is a declaration's name with package and outer types.
func (t *Text) FullName(d *ast.Decl) string { return t.scopes[d].full }

// Name is a declaration's own name.
func (t *Text) Name(d *ast.Decl) string { return t.scopes[d].name }

// Package is that of a declaration at the top of a file.
func (t *Text) Package(d *ast.Decl) string {
	s := t.scopes[d]
	return strings.TrimSuffix(strings.TrimSuffix(s.full, s.name), ".")
}

// IsEnum reports whether one value of a type, arrays aside, is an enum's.
func (t *Text) IsEnum(typ *ast.Type) bool { u := t.doc.uses[typ]; return u != nil && u.isEnum() }

// HasZero reports whether an enum that a type names has an enumerator of value zero.
func (t *Text) HasZero(typ *ast.Type) bool {
	u := t.doc.uses[typ]
	if u == nil || !u.isEnum() {
		return false
	}
	t.eval.resolved(u.symbol.doc.file)
	return slices.ContainsFunc(u.symbol.order, func(k *cell) bool { return t.eval.cell(k).value.int == 0 })
}

// Signature is a type without annotations.
func (t *Text) Signature(typ *ast.Type, scope *ast.Decl) string {
	u := t.doc.uses[typ]
	if u == nil {
		return typ.Name.Text
	}
	text := u.name()
	if u.isGeneric() {
		var args []string
		for _, a := range typ.Arguments {
			args = append(args, t.Signature(a, scope))
		}
		text += "<" + strings.Join(args, ",") + ">"
	}
	for _, d := range typ.Dimensions {
		text += "["
		if d.Size != nil {
			n, _ := t.eval.length(d, t.scopes[scope])
			text += strconv.Itoa(n)
		}
		text += "]"
	}
	return text
}

// Type is a type with its annotations.
func (t *Text) Type(typ *ast.Type, scope *ast.Decl) string {
	if a := t.Annotations(typ.Annotations, scope); a != "" {
		return a + " " + t.Signature(typ, scope)
	}
	return t.Signature(typ, scope)
}

// Annotations is a list of annotations in order of their text.
func (t *Text) Annotations(list []*ast.Annotation, scope *ast.Decl) string {
	var texts []string
	for _, a := range list {
		texts = append(texts, t.Annotation(a, scope))
	}
	slices.Sort(texts)
	return strings.Join(texts, " ")
}

// Annotation is one annotation, its parameters in order of their names.
func (t *Text) Annotation(a *ast.Annotation, scope *ast.Decl) string {
	var params []string
	for _, p := range a.Parameters {
		for _, known := range rules[a.Name].parameters {
			if known.name == p.Name {
				params = append(params, p.Name+"="+t.fitted(p.Value, known.kind.shape(), t.scopes[scope]))
			}
		}
	}
	if len(params) == 0 {
		return "@" + a.Name
	}
	slices.Sort(params)
	return "@" + a.Name + "(" + strings.Join(params, ", ") + ")"
}

// Value is what an expression of a type is worth.
func (t *Text) Value(x ast.Expr, typ *ast.Type, scope *ast.Decl) string {
	if x == nil || t.doc.uses[typ] == nil {
		return ""
	}
	return t.fitted(x, t.doc.uses[typ].shape(), t.scopes[scope])
}

// DefaultValue is what a field is worth without a value of its own; "" when it has none.
func (t *Text) DefaultValue(f *ast.Field, scope *ast.Decl) string {
	if f.Default != nil {
		return t.Value(f.Default, f.Type, scope)
	}
	if len(f.Type.Dimensions) > 0 {
		return ""
	}
	return map[string]string{
		"boolean": "false", "char": `'\0'`, "byte": "0", "int": "0", "long": "0", "float": "0.000000f", "double": "0.000000",
	}[f.Type.Name.Text]
}

// Enumerator is what an enumerator is worth.
func (t *Text) Enumerator(e *ast.Enumerator, scope *ast.Decl) string {
	return strconv.FormatInt(t.eval.cell(t.scopes[scope].members[e.Name.Text]).value.int, 10)
}

// Expr is an expression as written, with full names, and what it is worth beside it where that is not
// plain.
func (t *Text) Expr(x ast.Expr, typ *ast.Type, scope *ast.Decl) string {
	if t.doc.uses[typ] == nil {
		return ""
	}
	return t.explained(x, t.doc.uses[typ].shape(), t.scopes[scope])
}

// EnumeratorExpr is Expr for an enumerator that has a value written.
func (t *Text) EnumeratorExpr(e *ast.Enumerator, scope *ast.Decl) string {
	s := t.scopes[scope]
	return t.explained(e.Value, backing(s).shape(), s)
}

func (t *Text) fitted(x ast.Expr, to shape, s *symbol) string {
	v, wrong := t.eval.expr(x, s)
	if wrong != nil {
		return ""
	}
	return t.valueOf(v, to, s)
}

func (t *Text) valueOf(v value, to shape, s *symbol) string {
	fit, wrong := t.eval.fit(v, to, s)
	if wrong != nil {
		return ""
	}
	return valueText(fit, to)
}

// valueText is a value as AOSP's compiler writes it.
func valueText(v *model.Value, to shape) string {
	if len(to.dimensions) > 0 {
		var elements []string
		for _, e := range v.Elements {
			elements = append(elements, valueText(e, to.element()))
		}
		return "{" + strings.Join(elements, ", ") + "}"
	}
	if v.Enumerator != nil {
		return to.symbol.full + "." + v.Enumerator.Name
	}
	switch to.builtin {
	case "boolean":
		return strconv.FormatBool(v.Bool)
	case "char":
		return "'" + string(rune(v.Int)) + "'"
	case "String":
		return `"` + v.String + `"`
	case "float":
		return strconv.FormatFloat(v.Float, 'f', 6, 64) + "f"
	case "double":
		return strconv.FormatFloat(v.Float, 'f', 6, 64)
	}
	return strconv.FormatInt(v.Int, 10)
}

func (t *Text) explained(x ast.Expr, to shape, s *symbol) string {
	if list, ok := x.(*ast.List); ok && len(to.dimensions) > 0 {
		var elements []string
		for _, e := range list.Elements {
			elements = append(elements, t.explained(e, to.element(), s))
		}
		return "{" + strings.Join(elements, ", ") + "}"
	}
	text := t.written(x, s)
	if _, ok := x.(*ast.Literal); ok || to.isEnum() {
		return text
	}
	return text + " /* " + t.fitted(x, to, s) + " */"
}

// written is an expression with full names, and parentheses around every operator.
func (t *Text) written(x ast.Expr, s *symbol) string {
	switch x := x.(type) {
	case *ast.Literal:
		return x.Text
	case *ast.Reference:
		if p := s.doc.prefixes[x]; p != nil {
			return p.full + x.Name.Text[strings.LastIndexByte(x.Name.Text, '.'):]
		}
		return x.Name.Text
	case *ast.List:
		var elements []string
		for _, e := range x.Elements {
			elements = append(elements, t.written(e, s))
		}
		return "{" + strings.Join(elements, ", ") + "}"
	case *ast.Unary:
		return "(" + operator(x.Op) + t.written(x.X, s) + ")"
	}
	return t.writtenBinary(x.(*ast.Binary), s)
}

// writtenBinary writes a chain of operators from the left, without a call for each.
func (t *Text) writtenBinary(x *ast.Binary, s *symbol) string {
	first, chain := x.Chain()
	var b strings.Builder
	b.WriteString(strings.Repeat("(", len(chain)))
	b.WriteString(t.written(first, s))
	for _, one := range slices.Backward(chain) {
		b.WriteString(" " + operator(one.Op) + " " + t.written(one.Y, s) + ")")
	}
	return b.String()
}

// Source is the text of the file.
func (t *Text) Source() *diag.Source { return t.doc.source() }

// IsZero reports whether an expression is worth the number 0.
func (t *Text) IsZero(x ast.Expr, scope *ast.Decl) bool {
	v, wrong := t.eval.expr(x, t.scopes[scope])
	return wrong == nil && v.rank.isInteger() && v.int == 0
}
