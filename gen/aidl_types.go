package gen

import (
	"fmt"
	"strconv"

	"google.golang.org/protobuf/compiler/protogen"

	"ubinder/aidl/model"
)

const parcelPackage = protogen.GoImportPath("ubinder/runtime/parcel")

func (g emitter) parcel(name string) string { return g.QualifiedGoIdent(parcelPackage.Ident(name)) }

func (g emitter) writer() string { return "*" + g.parcel("Writer") }
func (g emitter) reader() string { return "*" + g.parcel("Reader") }

// scalar is how a type without memory of its own is written: by the Writer's method Write and method,
// as an array by the function Write and array.
type scalar struct{ goType, method, array string }

var scalars = map[model.TypeKind]scalar{
	model.KindBool:   {"bool", "Bool", "Bools"},
	model.KindByte:   {"int8", "Int8", "Int8s"},
	model.KindChar:   {"uint16", "Char", "Chars"},
	model.KindInt:    {"int32", "Int32", "Int32s"},
	model.KindLong:   {"int64", "Int64", "Int64s"},
	model.KindFloat:  {"float32", "Float", "Floats"},
	model.KindDouble: {"float64", "Double", "Doubles"},
}

// scalarOf is how t is written if it is a number, a bool or an enum.
func scalarOf(t *model.Type) (s scalar, ok bool) {
	if t.Kind == model.KindEnum {
		s, ok = scalars[t.Enum.Backing]
		return s, ok
	}
	s, ok = scalars[t.Kind]
	return s, ok
}

// structural reports whether t is a parcelable of some kind: a value in a field, a pointer as argument.
func structural(t *model.Type) bool {
	switch t.Kind {
	case model.KindParcelable, model.KindUnion, model.KindForeign, model.KindHolder:
		return true
	}
	return false
}

// well-known parcelables that AIDL only names.
var knownForeign = map[string]string{
	"android.os.Bundle":            "Bundle",
	"android.os.PersistableBundle": "PersistableBundle",
}

// typeName is the Go type that t names, without what makes it nullable.
func (g emitter) typeName(t *model.Type) string {
	switch t.Kind {
	case model.KindString:
		return "string"
	case model.KindCharSequence:
		return "string"
	case model.KindBinder:
		return g.object()
	case model.KindFileDescriptor, model.KindParcelFile:
		return "*" + g.QualifiedGoIdent(osPackage.Ident("File"))
	case model.KindHolder:
		return g.parcel("ParcelableHolder")
	case model.KindForeign:
		if known := knownForeign[t.Foreign.FullName()]; known != "" {
			return g.parcel(known)
		}
	}
	if d := declaredOf(t); d != nil {
		return g.name(g.aidl.goName(d))
	}
	s := scalars[t.Kind]
	return s.goType
}

// fieldType is the type of a field, or of an element.
func (g emitter) fieldType(t *model.Type) string {
	switch t.Kind {
	case model.KindArray, model.KindList:
		return g.sliceType(t)
	case model.KindFixedArray:
		array := fmt.Sprintf("[%d]%s", t.Length, g.fieldType(t.Elem))
		if t.Nullable {
			return "*" + array
		}
		return array
	case model.KindMap:
		if t.Elem == nil {
			return g.parcel("ValueMap")
		}
		return "map[" + g.fieldType(t.Key) + "]" + g.fieldType(t.Elem)
	}
	if t.Nullable && (structural(t) || t.Kind == model.KindString || t.Kind == model.KindCharSequence) {
		return "*" + g.typeName(t)
	}
	return g.typeName(t)
}

func (g emitter) sliceType(t *model.Type) string {
	switch {
	case t.Elem == nil:
		return "[]any"
	case t.Elem.Kind == model.KindByte:
		return "[]byte"
	}
	return "[]" + g.fieldType(t.Elem)
}

// argumentType is the type of an argument or a result.
func (g emitter) argumentType(t *model.Type) string {
	if structural(t) && !t.Nullable {
		return "*" + g.fieldType(t)
	}
	return g.fieldType(t)
}

// literal is a constant of type t.
func (g emitter) literal(t *model.Type, v *model.Value) string {
	switch t.Kind {
	case model.KindBool:
		return strconv.FormatBool(v.Bool)
	case model.KindFloat, model.KindDouble:
		return g.floatLiteral(t.Kind, v.Float)
	case model.KindString, model.KindCharSequence:
		if t.Nullable {
			return "new(" + strconv.Quote(v.String) + ")"
		}
		return strconv.Quote(v.String)
	case model.KindEnum:
		return g.enumLiteral(t.Enum, v)
	case model.KindArray, model.KindList, model.KindFixedArray:
		return g.arrayLiteral(t, v)
	}
	return strconv.FormatInt(v.Int, 10)
}

func (g emitter) floatLiteral(kind model.TypeKind, v float64) string {
	bits := 64
	if kind == model.KindFloat {
		bits = 32
	}
	return strconv.FormatFloat(v, 'g', -1, bits)
}

func (g emitter) enumLiteral(e *model.Enum, v *model.Value) string {
	name := g.aidl.goName(&e.Declared)
	if v.Enumerator != nil {
		return g.name(model.Name{Package: name.Package, Ident: g.aidl.memberName(&e.Declared, enumerator, v.Enumerator.Name)})
	}
	return g.name(name) + "(" + strconv.FormatInt(v.Int, 10) + ")"
}

func (g emitter) arrayLiteral(t *model.Type, v *model.Value) string {
	text := ""
	for _, e := range v.Elements {
		if text != "" {
			text += ", "
		}
		switch {
		case t.Elem.Kind == model.KindByte && t.Kind != model.KindFixedArray:
			text += strconv.Itoa(int(byte(e.Int)))
		default:
			text += g.literal(t.Elem, e)
		}
	}
	goType := g.fieldType(t)
	if t.Kind == model.KindFixedArray && t.Nullable {
		return "&" + goType[1:] + "{" + text + "}"
	}
	return goType + "{" + text + "}"
}
