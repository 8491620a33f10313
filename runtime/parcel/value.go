package parcel

import (
	"fmt"

	"ubinder/runtime/status"
)

// The types of Java's Parcel.writeValue, by which untyped lists and maps, and bundles, say what each
// value is. The comment gives the Go type.
const (
	valNull              = -1 // nil
	valString            = 0  // string
	valInteger           = 1  // int32
	valMap               = 2  // ValueMap
	valBundle            = 3  // Bundle
	valParcelable        = 4  // Named
	valShort             = 5  // int16
	valLong              = 6  // int64
	valFloat             = 7  // float32
	valDouble            = 8  // float64
	valBoolean           = 9  // bool
	valCharSequence      = 10 // CharSequence
	valList              = 11 // []any
	valByteArray         = 13 // []byte
	valStringArray       = 14 // []string
	valIBinder           = 15 // Object
	valObjectArray       = 17 // ObjectArray
	valIntArray          = 18 // []int32
	valLongArray         = 19 // []int64
	valByte              = 20 // int8
	valBooleanArray      = 23 // []bool
	valPersistableBundle = 25 // PersistableBundle
	valDoubleArray       = 28 // []float64
	valChar              = 29 // uint16; it and what follows from Android 13 on
	valShortArray        = 30 // []int16
	valCharArray         = 31 // []uint16
	valFloatArray        = 32 // []float32

	// Known by number alone.
	valSparseArray     = 12
	valParcelableArray = 16
	valSerializable    = 21
)

// ValueMap is an untyped map, in the order in which it was sent.
type ValueMap []ValuePair

// ValuePair is a key of a ValueMap, and its value.
type ValuePair struct{ Key, Value any }

// CharSequence is a text of Java's type CharSequence, without styles.
type CharSequence string

// ObjectArray is Java's Object[].
type ObjectArray []any

// Object is an object as a value: what WriteBinder is given.
type Object struct {
	Value     any
	Stability Stability
}

// Named is a parcelable that is written with the name of its Java class.
type Named struct {
	Class string
	Value Parcelable
}

// Opaque is a value that the Reader does not know: a parcelable of a class that SetClasses has no
// answer for, or a type that exists in Java alone. It can be passed on.
type Opaque struct {
	Type  int32
	data  []byte
	table []Entry
	of    Format
}

// SetClasses sets what makes an empty parcelable for the name of a Java class, nil for one that it
// does not know. Without it no parcelable that is a value can be read.
func (r *Reader) SetClasses(classes func(name string) Parcelable) { r.classes = classes }

// lengthPrefixed says which values begin with their length from Android 13 on.
func (f Format) lengthPrefixed(kind int32) bool {
	if f.release() < 13 {
		return false
	}
	switch kind {
	case valMap, valParcelable, valList, valSparseArray, valParcelableArray, valObjectArray, valSerializable:
		return true
	}
	return false
}

// WriteValue writes a value of a type of the list above, with its type.
func (w *Writer) WriteValue(v any) {
	kind, known := kindOf(v)
	if !known || kind >= valChar && w.format.release() < 13 {
		w.fail(status.BadValue, "Android %d has no value for Go's %T", w.format.release(), v)
		return
	}
	if !w.deeper() {
		return
	}
	w.WriteInt32(kind)
	if w.format.lengthPrefixed(kind) {
		start := len(w.buf)
		w.WriteInt32(0)
		w.writeValue(v)
		if w.err == nil {
			w.overwrite(start, len(w.buf)-start-4)
		}
	} else {
		w.writeValue(v)
	}
	w.depth--
}

func kindOf(v any) (kind int32, known bool) {
	switch v := v.(type) {
	case nil:
		return valNull, true
	case string:
		return valString, true
	case CharSequence:
		return valCharSequence, true
	case bool:
		return valBoolean, true
	case ValueMap:
		return valMap, true
	case []any:
		return valList, true
	case ObjectArray:
		return valObjectArray, true
	case Bundle:
		return valBundle, true
	case PersistableBundle:
		return valPersistableBundle, true
	case Named:
		return valParcelable, true
	case Object:
		return valIBinder, true
	case Opaque:
		return v.Type, true
	}
	return kindOfNumbers(v)
}

func kindOfNumbers(v any) (kind int32, known bool) {
	switch v.(type) {
	case int8:
		return valByte, true
	case int16:
		return valShort, true
	case int32:
		return valInteger, true
	case int64:
		return valLong, true
	case uint16:
		return valChar, true
	case float32:
		return valFloat, true
	case float64:
		return valDouble, true
	case []byte:
		return valByteArray, true
	case []bool:
		return valBooleanArray, true
	case []string:
		return valStringArray, true
	case []int16:
		return valShortArray, true
	case []int32:
		return valIntArray, true
	case []int64:
		return valLongArray, true
	case []uint16:
		return valCharArray, true
	case []float32:
		return valFloatArray, true
	case []float64:
		return valDoubleArray, true
	}
	return 0, false
}

// WriteList writes AIDL's untyped List; its elements are values.
func (w *Writer) WriteList(list []any) { WriteArray(w, list, (*Writer).WriteValue) }

// ReadList reads AIDL's untyped List.
func (r *Reader) ReadList() []any { return ReadArray(r, (*Reader).ReadValue) }

// WriteValueMap writes AIDL's untyped Map; keys and values are values.
func (w *Writer) WriteValueMap(m ValueMap) {
	WriteArray(w, m, func(w *Writer, p ValuePair) {
		w.WriteValue(p.Key)
		w.WriteValue(p.Value)
	})
}

// ReadValueMap reads AIDL's untyped Map.
func (r *Reader) ReadValueMap() ValueMap {
	return ReadArray(r, func(r *Reader) (p ValuePair) {
		p.Key = r.ReadValue()
		p.Value = r.ReadValue()
		return p
	})
}

// String tells what is known of the value.
func (o Opaque) String() string {
	return fmt.Sprintf("value of type %d, %d bytes", o.Type, len(o.data))
}
