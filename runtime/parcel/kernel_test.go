package parcel

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/status"
)

// The bytes here are put together by hand from what the sources say that stand beside each; x takes
// the spaces out.
func x(s string) string { return strings.NewReplacer(" ", "", "\n", "", "\t", "").Replace(s) }

func readBytes(f Format, bytes string, table ...Entry) *Reader {
	b, err := hex.DecodeString(x(bytes))
	if err != nil {
		panic(err)
	}
	return NewReader(f, b, table)
}

// Android 8 and 9: policy and name (a mirror's Parcel.cpp of that time, writeInterfaceToken; libgbinder
// src/gbinder_rpc_protocol.c, "aidl"). 10 adds the work source and moves the policy's bit ("aidl2"; Parcel.cpp of
// Android 10, STRICT_MODE_PENALTY_GATHER). 11 adds the header ("aidl3"; Parcel.cpp, kHeader).
var tokens = []struct {
	format Format
	bytes  string
}{
	{Format{Release: 8}, "00004000  0300 0000 7400 6f00 6b00 0000"},
	{Format{Release: 9}, "00004000  0300 0000 7400 6f00 6b00 0000"},
	{Format{Release: 10}, "00000080 ffffffff  0300 0000 7400 6f00 6b00 0000"},
	{Format{Release: 11}, "00000080 ffffffff 54535953  0300 0000 7400 6f00 6b00 0000"},
	{Format{Release: 13, Partition: Vendor}, "00000080 ffffffff 52444e56  0300 0000 7400 6f00 6b00 0000"},
	{Format{Partition: Recovery}, "00000080 ffffffff 4f434552  0300 0000 7400 6f00 6b00 0000"},
}

func TestInterfaceTokens(t *testing.T) {
	for _, tok := range tokens {
		g := golden{
			name: tok.format.partition().String(), bytes: x(tok.bytes),
			write: func(w *Writer) { w.WriteInterfaceToken("tok") },
			read:  func(r *Reader) any { return r.ReadInterfaceToken("tok").WorkSource },
			want:  int32(NoWorkSource),
		}
		g.check(t, tok.format)
	}
}

func TestInterfaceTokenOfAnotherInterfaceOrLibrary(t *testing.T) {
	r := readBytes(Format{}, tokens[3].bytes)
	r.ReadInterfaceToken("tik")
	assert.ErrorIs(t, r.Finish(), status.UnknownMethod)
	assert.ErrorContains(t, r.Err(), `"tok"`)

	r = readBytes(Format{}, tokens[4].bytes)
	r.ReadInterfaceToken("tok")
	assert.ErrorIs(t, r.Finish(), status.UnknownMethod)
	assert.ErrorContains(t, r.Err(), "VNDR")
}

// A request's work source and strict mode: Parcel.cpp, writeInterfaceToken.
func TestRequestHead(t *testing.T) {
	g := golden{
		name: "head", bytes: x("05000080 10270000 54535953 01000000 61000000"),
		write: func(w *Writer) { w.WriteRequestHead(Request{StrictMode: 5, WorkSource: 10000}, "a") },
		read:  func(r *Reader) any { return r.ReadInterfaceToken("a") },
		want:  Request{StrictMode: gatherViolations | 5, WorkSource: 10000},
	}
	g.check(t, Format{})
}

// The place of an object is 24 bytes (linux/android/binder.h, struct flat_binder_object); a null one is of
// type BINDER_TYPE_BINDER and has no entry (Parcel.cpp, flattenBinder and writeObject). Stability follows from
// Android 11 on; in 12 as a struct (libgbinder, "aidl4"), else as a number (Stability.h, enum Level).
func TestObjects(t *testing.T) {
	const place = "0000000000000000 0000000000000000 0000000000000000"
	const nothing = "852a6273 13000000 0000000000000000 0000000000000000"
	const nothingBefore12 = "852a6273 13010000 0000000000000000 0000000000000000"
	type object struct{ name string }
	v := &object{"an object"}
	for _, c := range []struct {
		release     Release
		null, whole string
	}{
		{10, nothingBefore12, place},
		{11, nothingBefore12 + "00000000", place + "0c000000"},
		{12, nothing + "01000000", place + "0100000c"},
		{13, nothing + "00000000", place + "0c000000"},
		{16, nothing + "00000000", place + "0c000000"},
	} {
		f := Format{Release: c.release}
		var w Writer
		w.Reset(f)
		w.WriteBinder(nil, Undeclared)
		w.WriteBinder(v, SystemStability)
		require.NoError(t, w.Err())
		assert.Equal(t, x(c.null+c.whole), hex.EncodeToString(w.Bytes()), c.release)
		require.Len(t, w.Table(), 1)
		assert.Equal(t, Entry{uint32(len(x(c.null)) / 2), Binder, v}, w.Table()[0])

		r := NewReader(f, w.Bytes(), w.Table())
		none, _ := r.ReadNullableBinder()
		assert.Nil(t, none)
		got, stability := r.ReadBinder()
		assert.Same(t, v, got)
		if c.release >= 11 {
			assert.Equal(t, SystemStability, stability)
		}
		assert.NoError(t, r.Finish())
		assert.Equal(t, Taken, w.Table()[0].Kind)
	}
}

// AIDL's FileDescriptor is the place alone; ParcelFileDescriptor is a parcelable that begins with
// whether a channel follows (Parcel.cpp, writeParcelFileDescriptor; ParcelFileDescriptor.java, writeToParcel).
func TestFiles(t *testing.T) {
	const place = "0000000000000000 0000000000000000 0000000000000000"
	var w Writer
	w.WriteFile("a file")
	w.WriteParcelFileDescriptor("another")
	w.WriteParcelFileDescriptor(nil)
	require.NoError(t, w.Err())
	assert.Equal(t, x(place+"01000000 00000000"+place+"00000000"), hex.EncodeToString(w.Bytes()))
	assert.Equal(t, []Entry{{0, File, "a file"}, {32, File, "another"}}, w.Table())
	r := NewReader(Format{}, w.Bytes(), w.Table())
	assert.Equal(t, "a file", r.ReadFile())
	f, channel := r.ReadParcelFileDescriptor()
	assert.Equal(t, "another", f)
	assert.Nil(t, channel)
	f, _ = r.ReadParcelFileDescriptor()
	assert.Nil(t, f)
	assert.NoError(t, r.Finish())

	r = readBytes(Format{}, "01000000 01000000"+place+place, Entry{8, File, "a file"}, Entry{32, File, "a channel"})
	f, channel = r.ReadParcelFileDescriptor()
	assert.Equal(t, "a file", f)
	assert.Equal(t, "a channel", channel)
	assert.NoError(t, r.Finish())
}

// point is a structured parcelable, as AIDL's compiler writes one: its size, which counts itself, and
// its fields (system/tools/aidl generate_cpp.cpp, GenerateWriteToParcel).
type point struct {
	X, Y int32
	Name string
}

func (p *point) WriteToParcel(w *Writer) {
	start := w.BeginSized()
	w.WriteInt32(p.X)
	w.WriteInt32(p.Y)
	w.WriteString(p.Name)
	w.EndSized(start)
}

func (p *point) ReadFromParcel(r *Reader) {
	outer := r.BeginSized()
	if r.More() {
		p.X = r.ReadInt32()
	}
	if r.More() {
		p.Y = r.ReadInt32()
	}
	if r.More() {
		p.Name = r.ReadString()
	}
	r.EndSized(outer)
}

// shape is a union: its tag, and the value of that field.
type shape struct {
	tag    int32
	point  point
	radius float32
}

func (s *shape) WriteToParcel(w *Writer) {
	w.WriteInt32(s.tag)
	switch s.tag {
	case 0:
		w.WriteParcelable(&s.point)
	case 1:
		w.WriteFloat(s.radius)
	}
}

func (s *shape) ReadFromParcel(r *Reader) {
	switch s.tag = r.ReadInt32(); s.tag {
	case 0:
		r.ReadParcelable(&s.point)
	case 1:
		s.radius = r.ReadFloat()
	default:
		r.Fail(status.Errorf(status.BadValue, "shape has no field %d", s.tag))
	}
}

func writeRows(w *Writer, m [2][3]int32) {
	WriteArray(w, m[:], func(w *Writer, row [3]int32) { WriteInt32s(w, row[:]) })
}

func readRows(r *Reader) (m [2][3]int32) {
	ReadFixedArray(r, m[:], func(r *Reader) (row [3]int32) { ReadFixedInt32s(r, row[:]); return row })
	return m
}

var structured = []golden{
	{
		"structured parcelable", x("01000000  14000000 01000000 02000000 01000000 70000000"),
		func(w *Writer) { w.WriteParcelable(&point{1, 2, "p"}) },
		func(r *Reader) any { var p point; r.ReadParcelable(&p); return p }, point{1, 2, "p"},
	},
	// The sender's version has the first field alone: the others keep their defaults.
	{
		"from an older version", x("01000000 08000000 01000000"), func(w *Writer) { w.WriteInt32(1); w.WriteInt32(8); w.WriteInt32(1) },
		func(r *Reader) any { p := point{Name: "default"}; r.ReadParcelable(&p); return p }, point{1, 0, "default"},
	},
	{
		"from a newer version", x("01000000 1c000000 01000000 02000000 01000000 70000000 ffffffff ffffffff"),
		func(w *Writer) {
			w.WriteInt32(1)
			start := w.BeginSized()
			w.WriteInt32(1)
			w.WriteInt32(2)
			w.WriteString("p")
			w.WriteInt64(-1)
			w.EndSized(start)
		},
		func(r *Reader) any { var p point; r.ReadParcelable(&p); return p }, point{1, 2, "p"},
	},
	// generate_cpp.cpp, union: no size, the tag from 0 in the order of the fields.
	{
		"union", x("01000000 01000000 0000c03f"), func(w *Writer) { w.WriteParcelable(&shape{tag: 1, radius: 1.5}) },
		func(r *Reader) any { var s shape; r.ReadParcelable(&s); return s }, shape{tag: 1, radius: 1.5},
	},
	// Parcel.h, writeData(const std::array<T, N>&): every dimension has its length.
	of("fixed-size array", x("02000000 03000000 01000000 02000000 03000000 03000000 04000000 05000000 06000000"),
		writeRows, readRows, [2][3]int32{{1, 2, 3}, {4, 5, 6}}),
	// ParcelableHolder.cpp: stability, size without itself, name, value.
	{
		"parcelable holder", x("01000000 01000000 1c000000 01000000 6e000000 14000000 07000000 08000000 01000000 71000000"),
		func(w *Writer) {
			h := ParcelableHolder{Stability: HoldsVINTF}
			h.Set("n", &point{7, 8, "q"})
			w.WriteParcelable(&h)
		},
		func(r *Reader) any {
			var h ParcelableHolder
			r.ReadParcelable(&h)
			var p point
			ok, err := h.Get("n", &p)
			return []any{h.Stability, ok, err, p}
		}, []any{HoldsVINTF, true, nil, point{7, 8, "q"}},
	},
	{
		"parcelable holder, empty", x("01000000 00000000 00000000"), func(w *Writer) { w.WriteParcelable(&ParcelableHolder{}) },
		func(r *Reader) any { var h ParcelableHolder; r.ReadParcelable(&h); return h.Empty() }, true,
	},
	// Parcel.cpp, writeBlob.
	{
		"blob", x("00000000 01020300"), func(w *Writer) { w.WriteBlob([]byte{1, 2, 3}, nil) },
		func(r *Reader) any { data, _, _ := r.ReadBlob(3); return data }, []byte{1, 2, 3},
	},
	// generate_java_binder.cpp, Map: how many, and each pair. Strings are String16.
	{
		"typed map", x("02000000 01000000 61000000 01000000 01000000 62000000 02000000"),
		func(w *Writer) {
			WriteMap(w, map[string]int32{"b": 2, "a": 1}, (*Writer).WriteString, (*Writer).WriteInt32)
		},
		func(r *Reader) any { return ReadMap(r, (*Reader).ReadString, (*Reader).ReadInt32) }, map[string]int32{"b": 2, "a": 1},
	},
	// UTF-16 of text beyond U+FFFF: two surrogates.
	of("string beyond the basic plane", x("04000000 e900 ac20 3dd8 00de 0000 0000"), (*Writer).WriteString, (*Reader).ReadString, "é€😀"),
}

func TestLargeBlobsAreFiles(t *testing.T) {
	large := make([]byte, MaxInlineBlob+1)
	var w Writer
	w.WriteBlob(large, func(data []byte) (any, error) { return len(data), nil })
	w.WriteBlobFile("mine", true)
	require.NoError(t, w.Err())
	assert.Equal(t, x("01000000"+place+"02000000"+place), hex.EncodeToString(w.Bytes()))
	r := NewReader(Format{}, w.Bytes(), w.Table())
	_, f, mutable := r.ReadBlob(len(large))
	assert.Equal(t, len(large), f)
	assert.False(t, mutable)
	_, f, mutable = r.ReadBlob(5)
	assert.Equal(t, "mine", f)
	assert.True(t, mutable)
	assert.NoError(t, r.Finish())

	w.Reset(Format{})
	w.WriteBlob(large, nil)
	assert.ErrorIs(t, w.Err(), status.TooBig)
	w.Reset(Format{})
	w.WriteBlob(large, func([]byte) (any, error) { return nil, status.Full })
	assert.ErrorIs(t, w.Err(), status.Full)
	r = readBytes(Format{}, "00000000 01020304")
	r.ReadBlob(5)
	assert.ErrorContains(t, r.Err(), "a blob of 5 bytes")
	r = readBytes(Format{}, "03000000")
	r.ReadBlob(0)
	assert.ErrorContains(t, r.Err(), "kind 3")
}

func TestStructuredTypes(t *testing.T) {
	for i := range structured {
		structured[i].check(t, Format{})
	}
}

// Parcel.java, writeNoException, and Status.cpp, readFromParcel: headers whose size counts itself stand
// before the result; a stack trace is a string with such a size before it.
func TestRepliesAsJavaWritesThem(t *testing.T) {
	r := readBytes(Format{}, "80ffffff 08000000 ffffffff 2a000000")
	assert.Nil(t, r.ReadException())
	assert.Equal(t, int32(42), r.ReadInt32())
	assert.NoError(t, r.Finish())

	r = readBytes(Format{}, "81ffffff 04000000 00000000 2a000000")
	assert.Nil(t, r.ReadException(), "what app-ops noted")
	assert.Equal(t, int32(42), r.ReadInt32())
	assert.NoError(t, r.Finish())

	r = readBytes(Format{}, "ffffffff 01000000 6e000000 0c000000 01000000 61000000")
	assert.Equal(t, &Exception{Code: ExSecurity, Message: "n", StackTrace: "a"}, r.ReadException())
	assert.NoError(t, r.Finish())

	r = readBytes(Format{}, "fbffffff ffffffff 00000000")
	assert.Equal(t, &Exception{Code: ExIllegalState}, r.ReadException(), "a null message")
	assert.NoError(t, r.Finish())

	r = readBytes(Format{}, "f7ffffff 01000000 6e000000 00000000 0c000000 00000000 00000000")
	assert.Equal(t, &Exception{Code: ExParcelable, Message: "n"}, r.ReadException())
	assert.NoError(t, r.Finish())
}

// Parcel.java, writeValue, and BaseBundle.java, writeToParcelInner; ParcelValTypes.h for the numbers.
func TestValuesAndBundles(t *testing.T) {
	list := []any{nil, "a", int32(7), true, int64(-1), []byte{1}, []any{int8(2)}}
	const elements = `ffffffff  00000000 01000000 61000000  01000000 07000000  09000000 01000000
		06000000 ffffffffffffffff  0d000000 01000000 01000000`
	for release, nested := range map[Release]string{
		12: "0b000000          01000000 14000000 02000000",
		13: "0b000000 0c000000 01000000 14000000 02000000", // with the length of what follows
	} {
		g := of("untyped list", x("07000000"+elements+nested), (*Writer).WriteList, (*Reader).ReadList, list)
		g.check(t, Format{Release: release})
	}
	g := of("untyped map", x("01000000 00000000 01000000 61000000 08000000 000000000000f83f"), (*Writer).WriteValueMap, (*Reader).ReadValueMap,
		ValueMap{{"a", 1.5}})
	g.check(t, Format{})

	bundle := Bundle{"k": "v"}
	const pairs = "01000000 01000000 6b000000 00000000 01000000 76000000"
	for release, bytes := range map[Release]string{
		15: "18000000 424e444c" + pairs,
		16: "18000000 424e444c" + pairs + "00000000", // whether a value is an Intent
	} {
		g := golden{"bundle", x(bytes), bundle.WriteToParcel, func(r *Reader) any { var b Bundle; b.ReadFromParcel(r); return b }, bundle}
		g.check(t, Format{Release: release})
	}
	persistable := PersistableBundle{"k": "v"}
	g = golden{"persistable bundle", x("18000000 444e444c" + pairs), persistable.WriteToParcel,
		func(r *Reader) any { var b PersistableBundle; b.ReadFromParcel(r); return b }, persistable}
	g.check(t, Format{Release: 15})
	empty := Bundle{}
	g = golden{"empty bundle", "00000000", empty.WriteToParcel, func(r *Reader) any { var b Bundle; b.ReadFromParcel(r); return b }, empty}
	g.check(t, Format{})
}
