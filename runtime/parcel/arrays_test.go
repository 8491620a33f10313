package parcel

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fixed checks that an array is read into memory of its size, and that another size is an error.
func fixed[T any](t *testing.T, name string, s []T, write func(*Writer, []T), read func(*Reader, []T)) {
	t.Helper()
	var w Writer
	write(&w, s)
	got := make([]T, len(s))
	r := NewReader(Format{}, w.Bytes(), nil)
	read(r, got)
	assert.Equal(t, s, got, name)
	assert.NoError(t, r.Finish(), name)

	for _, n := range []int{len(s) - 1, len(s) + 1} {
		r = NewReader(Format{}, w.Bytes(), nil)
		got = make([]T, n)
		read(r, got)
		assert.ErrorContains(t, r.Err(), "offset 0: an array of fixed size", name)
		assert.Equal(t, make([]T, n), got, name)
	}
}

func TestArraysOfFixedSize(t *testing.T) {
	fixed(t, "byte", []byte{1, 2, 3, 4, 5}, WriteBytes, ReadFixedBytes)
	fixed(t, "int8", []int8{-1, 2, 3}, WriteInt8s[int8], ReadFixedInt8s[int8])
	fixed(t, "enum", []enum8{-1, 2, 3}, WriteInt8s[enum8], ReadFixedInt8s[enum8])
	fixed(t, "int", []int32{-1, 2}, WriteInt32s[int32], ReadFixedInt32s[int32])
	fixed(t, "long", []int64{-1, 2}, WriteInt64s[int64], ReadFixedInt64s[int64])
	fixed(t, "float", []float32{-1, 0.5}, WriteFloats, ReadFixedFloats)
	fixed(t, "double", []float64{-1, 0.5}, WriteDoubles, ReadFixedDoubles)
	fixed(t, "boolean", []bool{true, false}, WriteBools, ReadFixedBools)
	fixed(t, "char", []uint16{'a', 0xffff}, WriteChars, ReadFixedChars)
	fixed(t, "String", []string{"a", ""}, WriteStrings, func(r *Reader, dst []string) { ReadFixedArray(r, dst, (*Reader).ReadString) })
	fixed(t, "parcelable", []point{{1, 2, "p"}, {}}, WriteParcelables[point], ReadFixedParcelables[point])
}

func TestValuesOfEveryType(t *testing.T) {
	list := []any{
		nil, "text", CharSequence("sequence"), true, int8(-1), int16(-2), int32(-3), int64(-4), uint16(5), float32(0.5), 0.25,
		[]byte{1}, []bool{true}, []string{"a", ""}, []int16{-1}, []int32{-2}, []int64{-3}, []uint16{4}, []float32{0.5}, []float64{0.25},
		ValueMap{{"k", int32(1)}, {int32(2), nil}}, []any{"nested"}, ObjectArray{int32(1)}, Bundle{"b": []any{}}, PersistableBundle{"p": []bool{}},
		Object{"o", VendorStability}, Object{},
	}
	for _, release := range []Release{13, 16} {
		var w Writer
		w.Reset(Format{Release: release})
		w.WriteList(list)
		require.NoError(t, w.Err())
		r := NewReader(w.Format(), w.Bytes(), w.Table())
		assert.Equal(t, list, r.ReadList())
		assert.NoError(t, r.Finish())
	}
	assert.Equal(t, "value of type 12, 0 bytes", Opaque{Type: valSparseArray}.String())
}

// Java writes null in spite of the type where an array or a bundle is null.
func TestValuesThatAreNullInSpiteOfTheirType(t *testing.T) {
	for _, kind := range []string{"00000000", "0d000000", "03000000", "19000000", "12000000", "17000000"} {
		r := readBytes(Format{Release: 12}, kind+"ffffffff")
		assert.Nil(t, r.ReadValue(), kind)
		assert.NoError(t, r.Finish(), kind)
	}
	r := readBytes(Format{}, "04000000 04000000 ffffffff")
	assert.Nil(t, r.ReadValue(), "a parcelable without a class")
	assert.NoError(t, r.Finish())
	r = readBytes(Format{Release: 12}, "04000000 01000000 61000000")
	r.ReadValue()
	assert.ErrorContains(t, r.Err(), "a value of type 4", "without its length nobody can skip it")
	r = readBytes(Format{}, "0a000000 00000000")
	r.ReadValue()
	assert.ErrorContains(t, r.Err(), "a text with styles")
}

func TestTextIntoMemory(t *testing.T) {
	for _, s := range []string{"", "a", "abcdefgh", "abcdefghi€", "é€😀é€😀 and more", "12345678😀"} {
		var w Writer
		w.WriteString(s)
		for room := range len(s) + 3 {
			r := NewReader(Format{}, w.Bytes(), nil)
			dst := append(make([]byte, 0, room+1), '>')
			assert.Equal(t, ">"+s, string(r.AppendString(dst)))
			require.NoError(t, r.Finish())
		}
	}
}

func TestTextThatDoesNotEnd(t *testing.T) {
	for name, c := range map[string]struct {
		bytes string
		read  func(r *Reader) string
	}{
		"String":   {"01000000 61006200", (*Reader).ReadString},
		"cut":      {"03000000 61006200", (*Reader).ReadString},
		"String8":  {"01000000 61626300", (*Reader).ReadString8},
		"C string": {"61626364", (*Reader).ReadCString},
		"huge":     {"ffffff7f 61006200", (*Reader).ReadString},
	} {
		r := readBytes(Format{}, c.bytes)
		assert.Empty(t, c.read(r), name)
		assert.Error(t, r.Err(), name)
	}
	r := readBytes(Format{}, "61000000"+place, Entry{4, Binder, "o"})
	assert.Equal(t, "a", r.ReadCString())
	assert.Empty(t, r.ReadCString())
	assert.Error(t, r.Err(), "the bytes of a place are no text")
}

func TestAWriterIsABody(t *testing.T) {
	var w Writer
	w.WriteInt32(1)
	b, err := w.AppendTo(make([]byte, 0, w.Size()))
	require.NoError(t, err)
	assert.Equal(t, w.Bytes(), b)
	w.WriteFile(nil)
	_, err = w.AppendTo(nil)
	assert.ErrorIs(t, err, w.Err())
	w.Fail(assert.AnError)
	assert.NotErrorIs(t, w.Err(), assert.AnError, "the first error stays")
}
