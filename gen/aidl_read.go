package gen

import (
	"fmt"

	"ubinder/aidl/model"
)

// read returns the statements that read a value of type t from r into v, which has been declared.
func (g emitter) read(t *model.Type, v string) string {
	switch t.Kind {
	case model.KindArray, model.KindList, model.KindMap:
		assign := fmt.Sprintf("%s = %s", v, g.readMany(t))
		if t.Nullable {
			return fmt.Sprintf("if r.ReadNull() {\n%s = nil\n} else {\n%s\n}", v, assign)
		}
		return assign
	case model.KindFixedArray:
		if t.Nullable {
			return fmt.Sprintf("if r.ReadNull() {\n%s = nil\n} else {\n%s = new(%s)\n%s\n}", v, v, g.fieldType(t)[1:], g.readFixed(t.Elem, v+"[:]"))
		}
		return g.readFixed(t.Elem, v+"[:]")
	}
	if structural(t) && !t.Nullable {
		return fmt.Sprintf("r.ReadParcelable(&%s)", v)
	}
	return fmt.Sprintf("%s = %s", v, g.readOne(t))
}

// readOne is the expression that reads what is no array, list or map, and no parcelable by value.
func (g emitter) readOne(t *model.Type) string {
	if s, ok := scalarOf(t); ok {
		value := fmt.Sprintf("r.Read%s()", s.method)
		if t.Kind == model.KindEnum {
			return g.typeName(t) + "(" + value + ")"
		}
		return value
	}
	switch t.Kind {
	case model.KindString:
		return fmt.Sprintf("r.Read%sString()", nullable(t))
	case model.KindCharSequence:
		return fmt.Sprintf("r.Read%sCharSequence()", nullable(t))
	case model.KindBinder:
		return fmt.Sprintf("%s(r)", g.stub("Read"+nullable(t)+"Object"))
	case model.KindInterface:
		as := g.related(g.aidl.goName(&t.Interface.Declared), asFunc)
		return fmt.Sprintf("%s(%s(r))", as, g.stub("Read"+nullable(t)+"Object"))
	case model.KindFileDescriptor:
		return fmt.Sprintf("%s(r)", g.stub("ReadFile"))
	case model.KindParcelFile:
		return fmt.Sprintf("%s(r)", g.stub("Read"+nullable(t)+"ParcelFile"))
	}
	return fmt.Sprintf("%s[%s](r)", g.parcel("ReadNullable"), g.typeName(t))
}

// readArgument declares v and reads it: an argument or a result.
func (g emitter) readArgument(t *model.Type, v string) string {
	return fmt.Sprintf("var %s %s\n%s", v, g.argumentType(t), g.readResult(t, v))
}

// readResult reads into an argument or a result that was declared.
func (g emitter) readResult(t *model.Type, v string) string {
	if structural(t) && !t.Nullable {
		return fmt.Sprintf("%s = new(%s)\nr.ReadParcelable(%s)", v, g.fieldType(t), v)
	}
	return g.read(t, v)
}

// readMany is the expression that reads an array, a list or a map that is not null.
func (g emitter) readMany(t *model.Type) string {
	switch {
	case t.Kind == model.KindMap && t.Elem == nil:
		return "r.ReadValueMap()"
	case t.Kind == model.KindMap:
		return fmt.Sprintf("%s(r, %s, %s)", g.parcel("ReadMap"), g.readFunc(t.Key), g.readFunc(t.Elem))
	case t.Elem == nil:
		return fmt.Sprintf("%s(r, (%s).ReadValue)", g.parcel("ReadArray"), g.reader())
	case t.Elem.Kind == model.KindByte:
		return fmt.Sprintf("%s(r)", g.parcel("ReadBytes"))
	}
	if s, ok := scalarOf(t.Elem); ok {
		return fmt.Sprintf("%s%s(r)", g.parcel("Read"+s.array), g.instance(t.Elem))
	}
	switch {
	case t.Elem.Kind == model.KindString && !t.Elem.Nullable:
		return fmt.Sprintf("%s(r)", g.parcel("ReadStrings"))
	case structural(t.Elem) && !t.Elem.Nullable:
		return fmt.Sprintf("%s[%s](r)", g.parcel("ReadParcelables"), g.typeName(t.Elem))
	}
	return fmt.Sprintf("%s(r, %s)", g.parcel("ReadArray"), g.readFunc(t.Elem))
}

// instance is the type argument of the functions that read arrays of integers.
func (g emitter) instance(t *model.Type) string {
	s, _ := scalarOf(t)
	switch s.method {
	case "Int8", "Int32", "Int64":
		return "[" + g.typeName(t) + "]"
	}
	return ""
}

// readFixed reads into a slice of elements of type t, whose length is known.
func (g emitter) readFixed(t *model.Type, v string) string {
	if s, ok := scalarOf(t); ok {
		return fmt.Sprintf("%s(r, %s)", g.parcel("ReadFixed"+s.array), v)
	}
	if structural(t) && !t.Nullable {
		return fmt.Sprintf("%s(r, %s)", g.parcel("ReadFixedParcelables"), v)
	}
	return fmt.Sprintf("%s(r, %s, %s)", g.parcel("ReadFixedArray"), v, g.readFunc(t))
}

// readFunc is a function that reads one element of type t.
func (g emitter) readFunc(t *model.Type) string {
	if s, ok := scalarOf(t); ok && t.Kind != model.KindEnum {
		return fmt.Sprintf("(%s).Read%s", g.reader(), s.method)
	}
	switch {
	case t.Kind == model.KindString:
		return fmt.Sprintf("(%s).Read%sString", g.reader(), nullable(t))
	case t.Kind == model.KindBinder:
		return g.stub("Read" + nullable(t) + "Object")
	case structural(t) && t.Nullable:
		return fmt.Sprintf("%s[%s]", g.parcel("ReadNullable"), g.typeName(t))
	}
	return fmt.Sprintf("func(r %s) (e %s) {\n%s\nreturn e\n}", g.reader(), g.fieldType(t), g.read(t, "e"))
}
