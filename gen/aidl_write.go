package gen

import (
	"fmt"

	"ubinder/aidl/model"
)

// write returns the statements that write v, of type t, to w. v can be addressed.
func (g emitter) write(t *model.Type, v string) string {
	switch t.Kind {
	case model.KindArray, model.KindList, model.KindMap:
		if t.Nullable {
			return fmt.Sprintf("if %s == nil {\nw.WriteNull()\n} else {\n%s\n}", v, g.writeMany(t, v))
		}
		return g.writeMany(t, v)
	case model.KindFixedArray:
		if t.Nullable {
			return fmt.Sprintf("if %s == nil {\nw.WriteNull()\n} else {\n%s\n}", v, g.writeElements(t.Elem, v+"[:]"))
		}
		return g.writeElements(t.Elem, v+"[:]")
	}
	return g.writeOne(t, v)
}

// writeOne is write for what is no array, list or map.
func (g emitter) writeOne(t *model.Type, v string) string {
	if s, ok := scalarOf(t); ok {
		if t.Kind == model.KindEnum {
			v = s.goType + "(" + v + ")"
		}
		return fmt.Sprintf("w.Write%s(%s)", s.method, v)
	}
	may := "NonNull"
	if t.Nullable {
		may = ""
	}
	switch t.Kind {
	case model.KindString:
		if t.Nullable {
			return fmt.Sprintf("w.WriteNullableString(%s)", v)
		}
		return fmt.Sprintf("w.WriteString(%s)", v)
	case model.KindCharSequence:
		return fmt.Sprintf("w.Write%sCharSequence(%s)", nullable(t), v)
	case model.KindBinder:
		return fmt.Sprintf("%s(w, %s)", g.stub("Write"+may+"Object"), v)
	case model.KindInterface:
		return fmt.Sprintf("%s(w, %s, %s)", g.stub("Write"+may+"Interface"), g.related(g.aidl.goName(&t.Interface.Declared), interfaceVar), v)
	case model.KindFileDescriptor:
		return fmt.Sprintf("%s(w, %s)", g.stub("WriteFile"), v)
	case model.KindParcelFile:
		return fmt.Sprintf("%s(w, %s)", g.stub("Write"+nullable(t)+"ParcelFile"), v)
	}
	if t.Nullable {
		return fmt.Sprintf("%s(w, %s)", g.parcel("WriteNullable"), v)
	}
	return fmt.Sprintf("w.WriteParcelable(&%s)", v)
}

func nullable(t *model.Type) string {
	if t.Nullable {
		return "Nullable"
	}
	return ""
}

// writeArgument writes an argument or a result, which is a pointer where a field is a value.
func (g emitter) writeArgument(t *model.Type, v string) string {
	if structural(t) && !t.Nullable {
		return fmt.Sprintf("w.WriteParcelable(%s)", v)
	}
	return g.write(t, v)
}

// writeMany writes an array, a list or a map that is not null.
func (g emitter) writeMany(t *model.Type, v string) string {
	switch {
	case t.Kind == model.KindMap && t.Elem == nil:
		return fmt.Sprintf("w.WriteValueMap(%s)", v)
	case t.Kind == model.KindMap:
		return fmt.Sprintf("%s(w, %s, %s, %s)", g.parcel("WriteMap"), v, g.writeFunc(t.Key), g.writeFunc(t.Elem))
	case t.Elem == nil:
		return fmt.Sprintf("%s(w, %s, (%s).WriteValue)", g.parcel("WriteArray"), v, g.writer())
	case t.Elem.Kind == model.KindByte:
		return fmt.Sprintf("%s(w, %s)", g.parcel("WriteBytes"), v)
	}
	return g.writeElements(t.Elem, v)
}

// writeElements writes a slice of elements of type t.
func (g emitter) writeElements(t *model.Type, v string) string {
	if s, ok := scalarOf(t); ok {
		return fmt.Sprintf("%s(w, %s)", g.parcel("Write"+s.array), v)
	}
	switch {
	case t.Kind == model.KindString && !t.Nullable:
		return fmt.Sprintf("%s(w, %s)", g.parcel("WriteStrings"), v)
	case structural(t) && !t.Nullable:
		return fmt.Sprintf("%s(w, %s)", g.parcel("WriteParcelables"), v)
	}
	return fmt.Sprintf("%s(w, %s, %s)", g.parcel("WriteArray"), v, g.writeFunc(t))
}

// writeFunc is a function that writes one element of type t.
func (g emitter) writeFunc(t *model.Type) string {
	if s, ok := scalarOf(t); ok && t.Kind != model.KindEnum {
		return fmt.Sprintf("(%s).Write%s", g.writer(), s.method)
	}
	switch {
	case t.Kind == model.KindString:
		return fmt.Sprintf("(%s).Write%sString", g.writer(), nullable(t))
	case structural(t) && t.Nullable:
		return fmt.Sprintf("%s[%s]", g.parcel("WriteNullable"), g.typeName(t))
	}
	return fmt.Sprintf("func(w %s, e %s) {\n%s\n}", g.writer(), g.fieldType(t), g.write(t, "e"))
}
