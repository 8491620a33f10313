package parcel

import (
	"encoding/binary"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/status"
)

const place = "0000000000000000 0000000000000000 0000000000000000"

func TestTablesThatDoNotFit(t *testing.T) {
	for name, table := range map[string][]Entry{
		"beyond the end": {{8, Binder, 1}},
		"not aligned":    {{2, Binder, 1}},
		"overlapping":    {{0, Binder, 1}, {4, Binder, 2}},
		"falling":        {{4, Binder, 1}, {0, Binder, 2}},
		"no kind":        {{0, Taken, nil}},
		"unknown kind":   {{0, 9, nil}},
		"far beyond":     {{0xfffffffc, Binder, 1}},
	} {
		r := readBytes(Format{}, place+"00000000", table...)
		assert.ErrorIs(t, r.Err(), status.Encoding, name)
		assert.Zero(t, r.ReadInt32(), name)
	}
}

func TestObjectsAreReadOnceAndAsWhatTheyAre(t *testing.T) {
	const whole = place + "0c000000"
	r := readBytes(Format{}, whole, Entry{0, Binder, "o"})
	assert.Nil(t, r.ReadFile())
	assert.ErrorContains(t, r.Err(), "there stands: object, not file")

	r = readBytes(Format{}, whole, Entry{0, WeakBinder, "o"})
	o, _ := r.ReadNullableBinder()
	assert.Nil(t, o)
	assert.ErrorIs(t, r.Err(), status.Encoding, "a weak object is none")

	r = readBytes(Format{}, whole)
	o, _ = r.ReadNullableBinder()
	assert.Nil(t, o)
	assert.ErrorContains(t, r.Err(), "no object is in the table")

	r = readBytes(Format{}, place+"07000000", Entry{0, Binder, "o"})
	r.ReadBinder()
	assert.ErrorContains(t, r.Err(), "stability 0x7")

	r = readBytes(Format{}, place, Entry{0, Binder, "o"})
	assert.Zero(t, r.ReadInt64())
	assert.ErrorIs(t, r.Err(), status.Denied, "bytes of a place are nobody's")

	table := []Entry{{0, Binder, "o"}}
	r = readBytes(Format{}, whole+whole, table...)
	o, _ = r.ReadBinder()
	assert.Equal(t, "o", o)
	assert.Equal(t, Entry{0, Taken, nil}, table[0])
	o, _ = r.ReadNullableBinder()
	assert.Nil(t, o)
	assert.Error(t, r.Err(), "the second has no entry")
}

func TestNullWhereThereMustBeAValue(t *testing.T) {
	for name, read := range map[string]func(r *Reader){
		"string":     func(r *Reader) { r.ReadString() },
		"array":      func(r *Reader) { ReadInt32s[int32](r) },
		"list":       func(r *Reader) { ReadStrings(r) },
		"map":        func(r *Reader) { ReadMap(r, (*Reader).ReadInt32, (*Reader).ReadInt32) },
		"bytes":      func(r *Reader) { ReadBytes(r) },
		"out array":  func(r *Reader) { ReadOutArray[int32](r) },
		"parcelable": func(r *Reader) { r.ReadParcelable(&point{}) },
		"fixed":      func(r *Reader) { ReadFixedInt32s(r, make([]int32, 2)) },
	} {
		r := readBytes(Format{}, "ffffffff 00000000 00000000")
		read(r)
		assert.ErrorIs(t, r.Err(), status.Encoding, name)
		assert.ErrorContains(t, r.Err(), "offset 0", name)
	}
	r := readBytes(Format{}, "00000000")
	r.ReadParcelable(&point{})
	assert.ErrorIs(t, r.Err(), status.Encoding)
	var w Writer
	w.WriteBinder(nil, Undeclared)
	r = NewReader(Format{}, w.Bytes(), nil)
	r.ReadBinder()
	assert.ErrorContains(t, r.Err(), "null")
}

func TestSizesOfParcelables(t *testing.T) {
	for size, wrong := range map[uint32]bool{0: true, 3: true, 0x80000000: true, 4: false, 5: true, 6: true, 7: true, 8: false, 12: true} {
		b := binary.LittleEndian.AppendUint32(nil, size)
		b = binary.LittleEndian.AppendUint32(b, 7)
		r := NewReader(Format{}, b, nil)
		var p point
		p.ReadFromParcel(r)
		assert.Equal(t, wrong, r.Err() != nil, size)
	}
	// A field may not reach beyond its parcelable, though the parcel goes on.
	r := readBytes(Format{}, "08000000 01000000 02000000")
	r.BeginSized()
	assert.Zero(t, r.ReadInt64())
	assert.ErrorContains(t, r.Err(), "8 bytes needed, 4 left")
	// Nor may a parcelable end inside an object.
	r = readBytes(Format{}, "08000000"+place, Entry{4, Binder, "o"})
	outer := r.BeginSized()
	r.EndSized(outer)
	assert.ErrorContains(t, r.Err(), "inside an object")
}

// Passed on unread, it would misalign what is written behind it.
func TestHoldersOfOddSize(t *testing.T) {
	for size := range uint32(9) {
		b := binary.LittleEndian.AppendUint32(nil, uint32(HoldsVINTF))
		b = binary.LittleEndian.AppendUint32(b, size)
		r := NewReader(Format{}, append(b, make([]byte, 8)...), nil)
		var h ParcelableHolder
		h.ReadFromParcel(r)
		assert.Equal(t, size%4 != 0, r.Err() != nil, size)
	}
}

func TestAKeyThatComesTwice(t *testing.T) {
	var w Writer
	w.WriteInt32(2)
	for i := range int32(2) {
		w.WriteString("key")
		w.WriteInt32(i)
	}
	r := NewReader(Format{}, w.Bytes(), nil)
	ReadMap(r, (*Reader).ReadString, (*Reader).ReadInt32)
	assert.ErrorContains(t, r.Err(), "twice")
}

// Files that a failed Writer was given are their owner's to close.
func TestATableHasWhatWasWrittenAfterAnError(t *testing.T) {
	var h ParcelableHolder
	h.Set("held", &held{"passed on"})
	var w Writer
	h.WriteToParcel(&w)
	h.ReadFromParcel(NewReader(Format{}, w.Bytes(), w.Table()))

	w.Reset(Format{Release: 10})
	w.WriteFile("before")
	w.WriteBinder("o", Undeclared)
	require.Error(t, w.Err())
	WriteArray(&w, []any{"in an array"}, (*Writer).WriteFile)
	w.WriteParcelable(&nullableFile{"in a parcelable"})
	h.WriteToParcel(&w)
	var values []any
	for _, e := range w.Table() {
		values = append(values, e.Value)
	}
	assert.Equal(t, []any{"before", "in an array", "in a parcelable", "passed on"}, values)
}

type nullableFile struct{ f any }

func (n *nullableFile) WriteToParcel(w *Writer) { w.WriteParcelFileDescriptor(n.f) }
func (n *nullableFile) ReadFromParcel(*Reader)  {}

func TestAHolderKeepsWhatCouldNotBeRead(t *testing.T) {
	var h ParcelableHolder
	h.Set("held", &held{"o"})
	var w, again Writer
	h.WriteToParcel(&w)
	h.ReadFromParcel(NewReader(Format{}, w.Bytes(), w.Table()))
	h.WriteToParcel(&again) // unread
	first := append([]byte{}, again.Bytes()...)

	_, err := h.Get("held", &twoHeld{})
	require.Error(t, err, "there is one object, not two")
	again.Reset(Format{})
	h.WriteToParcel(&again)
	require.NoError(t, again.Err())
	assert.Equal(t, first, again.Bytes())
	var got held
	ok, err := h.Get("held", &got)
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, "o", got.o)
}

type twoHeld struct{ a, b held }

func (h *twoHeld) WriteToParcel(*Writer)    {}
func (h *twoHeld) ReadFromParcel(r *Reader) { h.a.ReadFromParcel(r); h.b.ReadFromParcel(r) }

// A value that holds itself twice has more paths than anybody could walk.
func TestACircleEndsTheWriting(t *testing.T) {
	list := make([]any, 2)
	list[0], list[1] = list, list
	var w Writer
	w.WriteValue(list)
	assert.ErrorIs(t, w.Err(), status.BadValue)
}

func TestUnknownTailsLeaveTheirObjectsInTheTable(t *testing.T) {
	var w Writer
	start := w.BeginSized()
	w.WriteInt32(1)
	w.WriteBinder("new", VINTF)
	w.EndSized(start)
	w.WriteBinder("next", VINTF)
	r := NewReader(Format{}, w.Bytes(), w.Table())
	outer := r.BeginSized()
	assert.Equal(t, int32(1), r.ReadInt32())
	r.EndSized(outer)
	o, _ := r.ReadBinder()
	assert.Equal(t, "next", o)
	assert.NoError(t, r.Finish())
	assert.Equal(t, "new", w.Table()[0].Value)
}

// nest holds itself.
type nest struct{ inner *nest }

func (n *nest) WriteToParcel(w *Writer)  { WriteNullable(w, n.inner) }
func (n *nest) ReadFromParcel(r *Reader) { n.inner = ReadNullable[nest](r) }

func TestDepthIsBounded(t *testing.T) {
	circle := &nest{}
	circle.inner = circle
	var w Writer
	w.WriteParcelable(circle)
	var e *status.Error
	require.ErrorAs(t, w.Err(), &e)
	assert.Equal(t, uint64(maxDepth), e.Limit.Max)

	b := make([]byte, 0, 4000)
	for range 1000 {
		b = binary.LittleEndian.AppendUint32(b, 1)
	}
	r := NewReader(Format{}, b, nil)
	r.ReadParcelable(&nest{})
	require.ErrorAs(t, r.Err(), &e)
	assert.Equal(t, uint64(maxDepth), e.Limit.Max)

	list := []any{}
	for range 2 * maxDepth {
		list = []any{list}
	}
	w.Reset(Format{})
	w.WriteValue(list)
	assert.ErrorIs(t, w.Err(), status.BadValue)
}

// big takes much more memory than bytes in a parcel.
type big struct{ _ [1 << 12]byte }

func (*big) WriteToParcel(*Writer)  {}
func (*big) ReadFromParcel(*Reader) {}

func TestLengthsTakeNoMemoryOnTheirWord(t *testing.T) {
	data := make([]byte, 1<<20)
	lie := binary.LittleEndian.AppendUint32(nil, 1<<18-1)
	copy(data, lie)
	for name, read := range map[string]func(r *Reader){
		"parcelables": func(r *Reader) { ReadParcelables[big](r) }, // the first is null
		"array":       func(r *Reader) { ReadArray(r, func(r *Reader) (b big) { r.ReadParcelable(&b); return b }) },
		"out array":   func(r *Reader) { ReadOutArray[big](r) },
		"longs":       func(r *Reader) { ReadInt64s[int64](r) },
		"map":         func(r *Reader) { ReadMap(r, (*Reader).ReadInt32, func(r *Reader) (b big) { return b }) },
	} {
		r := NewReader(Format{}, data, nil)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		read(r)
		runtime.ReadMemStats(&after)
		assert.Error(t, r.Err(), name)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(3<<20), name)
	}
}

func TestWhatCannotBeWritten(t *testing.T) {
	for name, write := range map[string]func(w *Writer){
		"no stability":   func(w *Writer) { w.WriteBinder("o", Undeclared) },
		"no file":        func(w *Writer) { w.WriteFile(nil) },
		"no Java type":   func(w *Writer) { w.WriteValue(uint64(1)) },
		"too new":        func(w *Writer) { w.Reset(Format{Release: 12}); w.WriteValue([]float32{1}) },
		"not to persist": func(w *Writer) { (&PersistableBundle{"k": int8(1)}).WriteToParcel(w) },
	} {
		var w Writer
		write(&w)
		assert.ErrorIs(t, w.Err(), status.BadValue, name)
	}
}

func TestSensitiveMemoryIsZeroed(t *testing.T) {
	var w Writer
	w.WriteString("a secret")
	w.MarkSensitive()
	before := w.Bytes()
	WriteBytes(&w, make([]byte, 1000)) // moves to larger memory
	for _, b := range before {
		assert.Zero(t, b)
	}
	before = w.Bytes()
	w.Reset(Format{})
	for _, b := range before {
		require.Zero(t, b)
	}
	assert.False(t, w.Sensitive())
}

func TestUnknownValuesArePassedOn(t *testing.T) {
	var w Writer
	w.WriteList([]any{Named{"com.example.Point", &point{1, 2, "p"}}, Object{"o", VINTF}, "end"})
	require.NoError(t, w.Err())
	first := append([]byte{}, w.Bytes()...)
	r := NewReader(Format{}, first, w.Table())
	list := r.ReadList()
	require.NoError(t, r.Finish())
	require.IsType(t, Opaque{}, list[0])

	var again Writer
	again.WriteList(list)
	require.NoError(t, again.Err())
	assert.Equal(t, first, again.Bytes())
	r = NewReader(Format{}, again.Bytes(), again.Table())
	r.SetClasses(func(name string) Parcelable {
		if name == "com.example.Point" {
			return new(point)
		}
		return nil
	})
	assert.Equal(t, []any{Named{"com.example.Point", &point{1, 2, "p"}}, Object{"o", VINTF}, "end"}, r.ReadList())
	assert.NoError(t, r.Finish())
}

// held has an object, so that the table goes through the holder too.
type held struct{ o any }

func (h *held) WriteToParcel(w *Writer)  { w.WriteBinder(h.o, VINTF) }
func (h *held) ReadFromParcel(r *Reader) { h.o, _ = r.ReadBinder() }

func TestHoldersCarryObjects(t *testing.T) {
	var h, through, last ParcelableHolder
	h.Set("held", &held{"o"})
	var w Writer
	w.WriteInt32(1)
	h.WriteToParcel(&w)
	r := NewReader(Format{}, w.Bytes(), w.Table())
	r.ReadInt32()
	through.ReadFromParcel(r)
	require.NoError(t, r.Finish())
	ok, err := through.Get("another", &held{})
	assert.False(t, ok)
	assert.NoError(t, err)

	var next Writer
	next.WriteString("before")
	through.WriteToParcel(&next)
	require.NoError(t, next.Err())
	r = NewReader(Format{}, next.Bytes(), next.Table())
	r.ReadString()
	last.ReadFromParcel(r)
	require.NoError(t, r.Finish())
	var got held
	ok, err = last.Get("held", &got)
	assert.True(t, ok)
	assert.NoError(t, err)
	assert.Equal(t, "o", got.o)
}

func TestExceptionsAndStatus(t *testing.T) {
	for code := ExSecurity; code >= ExParcelable; code-- {
		e := &Exception{Code: code, Message: "m", Service: 7}
		err := e.Status()
		assert.True(t, err.Remote)
		assert.Same(t, e, ExceptionOf(err), "the exception itself is kept")
		assert.ErrorIs(t, err, exceptions[code].status)
	}
	assert.Equal(t, &Exception{Code: ExServiceSpecific, Message: "m", Service: 7}, ExceptionOf(status.ServiceError(7, "m")))
	assert.Equal(t, &Exception{Code: ExSecurity, Message: "m"}, ExceptionOf(status.Errorf(status.Denied, "m")))
	assert.Nil(t, ExceptionOf(status.Errorf(status.Dead, "m")), "no exception says so")
	assert.Equal(t, "EX_12", ExceptionCode(12).String())
}
