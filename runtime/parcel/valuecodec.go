package parcel

import "ubinder/runtime/status"

// plainText is the word before a CharSequence without styles.
const plainText = 1

// writeValue writes what follows a value's type and length.
func (w *Writer) writeValue(v any) {
	switch v := v.(type) {
	case string:
		w.WriteString(v)
	case CharSequence:
		w.writeText(string(v))
	case bool:
		w.WriteBool(v)
	case ValueMap:
		w.WriteValueMap(v)
	case []any:
		w.WriteList(v)
	case ObjectArray:
		w.WriteList(v)
	case Bundle:
		v.WriteToParcel(w)
	case PersistableBundle:
		v.WriteToParcel(w)
	case Named:
		w.WriteString(v.Class)
		v.Value.WriteToParcel(w)
	case Object:
		w.WriteBinder(v.Value, v.Stability)
	case Opaque:
		w.appendRaw(v.of, v.data, v.table)
	default:
		w.writeNumbers(v)
	}
}

func (w *Writer) writeNumbers(v any) {
	switch v := v.(type) {
	case int8:
		w.WriteInt8(v)
	case int16:
		w.WriteInt32(int32(v))
	case int32:
		w.WriteInt32(v)
	case int64:
		w.WriteInt64(v)
	case uint16:
		w.WriteChar(v)
	case float32:
		w.WriteFloat(v)
	case float64:
		w.WriteDouble(v)
	case []byte:
		WriteBytes(w, v)
	case []bool:
		WriteBools(w, v)
	case []string:
		WriteStrings(w, v)
	case []int16:
		WriteArray(w, v, func(w *Writer, x int16) { w.WriteInt32(int32(x)) })
	case []int32:
		WriteInt32s(w, v)
	case []int64:
		WriteInt64s(w, v)
	case []uint16:
		WriteChars(w, v)
	case []float32:
		WriteFloats(w, v)
	case []float64:
		WriteDoubles(w, v)
	}
}

// ReadValue reads a value of any type; value.go lists the Go types. An error is returned as nil.
func (r *Reader) ReadValue() any {
	if !r.deeper() {
		return nil
	}
	defer func() { r.depth-- }()
	kind := r.ReadInt32()
	if !r.format.lengthPrefixed(kind) {
		v, known := r.readValue(kind)
		if !known {
			r.fail(status.Encoding, "a value of type %d", kind)
		}
		return v
	}
	length := int(r.ReadInt32())
	outer := r.begin(r.pos, length, 0)
	whole := *r
	v, known := r.readValue(kind)
	if !known {
		*r = whole
		o := Opaque{Type: kind, of: r.format}
		o.data, o.table = r.takeRaw()
		v = o
	}
	r.EndSized(outer)
	return v
}

// readValue reads what follows a value's type and length. Unless it is known, what was read of it
// means nothing; no entry was taken.
func (r *Reader) readValue(kind int32) (v any, known bool) {
	switch kind {
	case valNull:
		return nil, true
	case valString:
		return orNull(r, (*Reader).ReadString), true
	case valCharSequence:
		return r.readCharSequence(), true
	case valBoolean:
		return r.ReadBool(), true
	case valMap:
		return orNull(r, (*Reader).ReadValueMap), true
	case valList:
		return orNull(r, (*Reader).ReadList), true
	case valObjectArray:
		return orNull(r, func(r *Reader) ObjectArray { return r.ReadList() }), true
	case valBundle:
		return orNull(r, func(r *Reader) (b Bundle) { b.ReadFromParcel(r); return b }), true
	case valPersistableBundle:
		return orNull(r, func(r *Reader) (b PersistableBundle) { b.ReadFromParcel(r); return b }), true
	case valIBinder:
		o, s := r.ReadNullableBinder()
		return Object{o, s}, true
	case valParcelable:
		return r.readNamed()
	}
	return r.readNumbers(kind)
}

func (r *Reader) readNumbers(kind int32) (v any, known bool) {
	switch kind {
	case valByte:
		return r.ReadInt8(), true
	case valShort:
		return int16(r.ReadInt32()), true
	case valInteger:
		return r.ReadInt32(), true
	case valLong:
		return r.ReadInt64(), true
	case valChar:
		return r.ReadChar(), true
	case valFloat:
		return r.ReadFloat(), true
	case valDouble:
		return r.ReadDouble(), true
	case valByteArray:
		return orNull(r, ReadBytes), true
	case valBooleanArray:
		return orNull(r, ReadBools), true
	case valStringArray:
		return orNull(r, ReadStrings), true
	case valShortArray:
		return orNull(r, func(r *Reader) []int16 {
			return ReadArray(r, func(r *Reader) int16 { return int16(r.ReadInt32()) })
		}), true
	case valIntArray:
		return orNull(r, ReadInt32s[int32]), true
	case valLongArray:
		return orNull(r, ReadInt64s[int64]), true
	case valCharArray:
		return orNull(r, ReadChars), true
	case valFloatArray:
		return orNull(r, ReadFloats), true
	case valDoubleArray:
		return orNull(r, ReadDoubles), true
	}
	return nil, false
}

// orNull reads a value that Java could have written as null in spite of its type.
func orNull[T any](r *Reader, read func(*Reader) T) any {
	if r.ReadNull() {
		return nil
	}
	return read(r)
}

func (r *Reader) readCharSequence() any {
	if style := r.ReadInt32(); style != plainText {
		r.fail(status.Encoding, "a text with styles (%d): only plain text can be read", style)
		return nil
	}
	if r.format.release() < 11 {
		return orNull(r, func(r *Reader) CharSequence { return CharSequence(r.ReadString()) })
	}
	return orNull(r, func(r *Reader) CharSequence { return CharSequence(r.ReadString8()) })
}

func (r *Reader) readNamed() (v any, known bool) {
	if r.ReadNull() {
		return nil, true
	}
	class := r.ReadString()
	if r.classes == nil || r.err != nil {
		return nil, r.err != nil
	}
	p := r.classes(class)
	if p == nil {
		return nil, false
	}
	p.ReadFromParcel(r)
	return Named{class, p}, true
}
