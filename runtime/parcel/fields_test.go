package parcel

import (
	"encoding/hex"
	"fmt"
	"math"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// field is a type that a parcel can hold: what tests draw, write and read programs from.
type field struct {
	name  string
	draw  func(t *rapid.T) any
	write func(w *Writer, v any)
	read  func(r *Reader) any
}

func fieldOf[T any](name string, g *rapid.Generator[T], write func(*Writer, T), read func(*Reader) T) field {
	return field{
		name,
		func(t *rapid.T) any { return g.Draw(t, name) },
		func(w *Writer, v any) { t, _ := v.(T); write(w, t) },
		func(r *Reader) any { return read(r) },
	}
}

// texts draws UTF-8 of all lengths of runes; what is not UTF-8 does not come back as it went.
var texts = rapid.Custom(func(t *rapid.T) string {
	s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ -~]{0,700}`), rapid.StringMatching(`[ -~]{0,5}[é€😀]{0,300}`)).Draw(t, "text")
	if !utf8.ValidString(s) {
		t.Skip("not UTF-8")
	}
	return s
})

func sliceOf[T any](g *rapid.Generator[T]) *rapid.Generator[[]T] {
	return rapid.Map(rapid.SliceOfN(g, 0, 20), func(s []T) []T { return append([]T{}, s...) })
}

var (
	floats  = rapid.Float32().Filter(func(f float32) bool { return f == f })
	doubles = rapid.Float64().Filter(func(f float64) bool { return !math.IsNaN(f) })
	points  = rapid.Custom(func(t *rapid.T) point {
		return point{rapid.Int32().Draw(t, "x"), rapid.Int32().Draw(t, "y"), texts.Draw(t, "name")}
	})
	objects = rapid.Custom(func(t *rapid.T) any {
		if rapid.Bool().Draw(t, "null") {
			return nil
		}
		return fmt.Sprintf("object %d", rapid.Int32().Draw(t, "object"))
	})
	files = rapid.Map(rapid.Int32(), func(i int32) any { return fmt.Sprintf("file %d", i) })
)

var values = rapid.Custom(func(t *rapid.T) any { return drawValue(t, 3) })

func drawValue(t *rapid.T, depth int) any {
	kinds := []*rapid.Generator[any]{
		rapid.Just[any](nil), texts.AsAny(), rapid.Int8().AsAny(), rapid.Int16().AsAny(), rapid.Int32().AsAny(), rapid.Int64().AsAny(),
		rapid.Uint16().AsAny(), rapid.Bool().AsAny(), floats.AsAny(), doubles.AsAny(), sliceOf(rapid.Byte()).AsAny(), sliceOf(rapid.Bool()).AsAny(),
		sliceOf(rapid.Int16()).AsAny(), sliceOf(rapid.Int32()).AsAny(), sliceOf(rapid.Int64()).AsAny(), sliceOf(rapid.Uint16()).AsAny(),
		sliceOf(floats).AsAny(), sliceOf(doubles).AsAny(), sliceOf(texts).AsAny(),
		rapid.Map(texts, func(s string) any { return CharSequence(s) }),
		rapid.Map(objects, func(o any) any { return Object{o, stabilityFor(o)} }),
	}
	n := rapid.IntRange(0, len(kinds)+2).Draw(t, "kind")
	switch {
	case n < len(kinds):
		return kinds[n].Draw(t, "value")
	case depth == 0:
		return nil
	}
	list := []any{}
	for range rapid.IntRange(0, 4).Draw(t, "length") {
		list = append(list, drawValue(t, depth-1))
	}
	switch n - len(kinds) {
	case 0:
		return list
	case 1:
		return ObjectArray(list)
	}
	b := Bundle{}
	for _, v := range list {
		b[texts.Draw(t, "name")] = v
	}
	return b
}

func stabilityFor(o any) Stability {
	if o == nil {
		return Undeclared
	}
	return VINTF
}

func readAnyBinder(r *Reader) any { o, _ := r.ReadNullableBinder(); return o }

var fields = []field{
	fieldOf("bool", rapid.Bool(), (*Writer).WriteBool, (*Reader).ReadBool),
	fieldOf("byte", rapid.Int8(), (*Writer).WriteInt8, (*Reader).ReadInt8),
	fieldOf("char", rapid.Uint16(), (*Writer).WriteChar, (*Reader).ReadChar),
	fieldOf("int", rapid.Int32(), (*Writer).WriteInt32, (*Reader).ReadInt32),
	fieldOf("long", rapid.Int64(), (*Writer).WriteInt64, (*Reader).ReadInt64),
	fieldOf("float", floats, (*Writer).WriteFloat, (*Reader).ReadFloat),
	fieldOf("double", doubles, (*Writer).WriteDouble, (*Reader).ReadDouble),
	fieldOf("String", texts, (*Writer).WriteString, (*Reader).ReadString),
	fieldOf("String by memory", texts, (*Writer).WriteString, func(r *Reader) string { return string(r.AppendString(make([]byte, 0, 300))) }),
	fieldOf("@nullable String", rapid.Ptr(texts, true), (*Writer).WriteNullableString, (*Reader).ReadNullableString),
	fieldOf("UTF-16", sliceOf(rapid.Uint16()), (*Writer).WriteUTF16, (*Reader).ReadUTF16),
	fieldOf("String8", texts, (*Writer).WriteString8, (*Reader).ReadString8),
	fieldOf("byte[]", sliceOf(rapid.Byte()), WriteBytes, ReadBytes),
	fieldOf("byte[] of numbers", sliceOf(rapid.Int8()), WriteInt8s[int8], ReadInt8s[int8]),
	fieldOf("boolean[]", sliceOf(rapid.Bool()), WriteBools, ReadBools),
	fieldOf("char[]", sliceOf(rapid.Uint16()), WriteChars, ReadChars),
	fieldOf("int[]", sliceOf(rapid.Int32()), WriteInt32s[int32], ReadInt32s[int32]),
	fieldOf("@nullable int[]", rapid.Ptr(sliceOf(rapid.Int32()), true), orWriteNull(WriteInt32s[int32]), nullOr(ReadInt32s[int32])),
	fieldOf("long[]", sliceOf(rapid.Int64()), WriteInt64s[int64], ReadInt64s[int64]),
	fieldOf("float[]", sliceOf(floats), WriteFloats, ReadFloats),
	fieldOf("double[]", sliceOf(doubles), WriteDoubles, ReadDoubles),
	fieldOf("String[]", sliceOf(texts), WriteStrings, ReadStrings),
	fieldOf("parcelable", points, func(w *Writer, p point) { w.WriteParcelable(&p) }, func(r *Reader) (p point) { r.ReadParcelable(&p); return p }),
	fieldOf("@nullable parcelable", rapid.Ptr(points, true), WriteNullable[point], ReadNullable[point]),
	fieldOf("parcelable[]", sliceOf(points), WriteParcelables[point], ReadParcelables[point]),
	fieldOf("int[2][3]", rapid.Map(rapid.Int32(), func(i int32) [2][3]int32 { return [2][3]int32{{i, 1, 2}, {3, i, 4}} }), writeRows, readRows),
	fieldOf("IBinder", objects, func(w *Writer, o any) { w.WriteBinder(o, stabilityFor(o)) }, readAnyBinder),
	fieldOf("FileDescriptor", files, (*Writer).WriteFile, (*Reader).ReadFile),
	fieldOf("ParcelFileDescriptor", objects, (*Writer).WriteParcelFileDescriptor, func(r *Reader) any { f, _ := r.ReadParcelFileDescriptor(); return f }),
	fieldOf("Map<String, int>", rapid.MapOf(texts, rapid.Int32()),
		func(w *Writer, m map[string]int32) { WriteMap(w, m, (*Writer).WriteString, (*Writer).WriteInt32) },
		func(r *Reader) map[string]int32 { return ReadMap(r, (*Reader).ReadString, (*Reader).ReadInt32) }),
	fieldOf("value", values, (*Writer).WriteValue, (*Reader).ReadValue),
	fieldOf("held parcelable", points, writeHeld, readHeld),
}

func writeHeld(w *Writer, p point) {
	var h ParcelableHolder
	h.Set("point", &p)
	w.WriteParcelable(&h)
}

// readHeld passes the holder on before it looks into it.
func readHeld(r *Reader) (p point) {
	var h, again ParcelableHolder
	if r.ReadParcelable(&h); r.Err() != nil {
		return p
	}
	var w Writer
	w.Reset(r.Format())
	h.WriteToParcel(&w)
	back := NewReader(r.Format(), w.Bytes(), w.Table())
	again.ReadFromParcel(back)
	if _, err := again.Get("point", &p); err != nil || back.Finish() != nil {
		r.Fail(err)
	}
	return p
}

// same compares what was read with what was written.
func same(t require.TestingT, name string, want, got any) {
	if h, ok := t.(interface{ Helper() }); ok {
		h.Helper()
	}
	require.Equal(t, want, got, name)
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := Format{Release: Release(rapid.IntRange(13, 16).Draw(t, "release"))}
		w := dirtyWriter(f)
		program := rapid.SliceOfN(rapid.IntRange(0, len(fields)-1), 1, 8).Draw(t, "program")
		var want []any
		for _, i := range program {
			v := fields[i].draw(t)
			want = append(want, v)
			fields[i].write(w, v)
		}
		require.NoError(t, w.Err())
		require.Zero(t, w.Size()%4)

		r := NewReader(f, w.Bytes(), w.Table())
		for n, i := range program {
			same(t, fields[i].name, want[n], fields[i].read(r))
		}
		require.NoError(t, r.Finish(), hex.EncodeToString(w.Bytes()))
	})
}

// Every prefix of a parcel lacks something: reading it fails, or reads less.
func TestPrefixesFail(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w Writer
		i := rapid.IntRange(0, len(fields)-1).Draw(t, "field")
		fields[i].write(&w, fields[i].draw(t))
		n := rapid.IntRange(0, w.Size()-1).Draw(t, "prefix")
		var table []Entry
		for _, e := range w.Table() {
			if int(e.Offset)+objectSize <= n {
				table = append(table, e)
			}
		}
		r := NewReader(Format{}, w.Bytes()[:n], table)
		fields[i].read(r)
		require.Error(t, r.Err(), fields[i].name)
	})
}

func TestTextThatIsNone(t *testing.T) {
	var w Writer
	w.WriteString("a\xffb")
	w.WriteUTF16([]uint16{'a', 0xd800, 'b'})
	r := NewReader(Format{}, w.Bytes(), nil)
	assert.Equal(t, "a\ufffdb", r.ReadString())
	assert.Equal(t, "a\ufffdb", r.ReadString())
	assert.NoError(t, r.Finish())
}
