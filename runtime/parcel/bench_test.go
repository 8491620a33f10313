package parcel

import (
	"strings"
	"testing"
)

// many is how many elements the benchmarks' arrays have.
const many = 256

func manyOf[T any](v T) []T {
	s := make([]T, many)
	for i := range s {
		s[i] = v
	}
	return s
}

// BenchmarkArrays writes and reads what is copied as a whole.
func BenchmarkArrays(b *testing.B) {
	ascii, mixed := strings.Repeat("plain text ", 100), strings.Repeat("Straße über € 😀 ", 60)
	for _, c := range []struct {
		name  string
		write func(w *Writer)
		read  func(r *Reader)
	}{
		{"int32", func(w *Writer) { WriteInt32s(w, manyOf32) }, func(r *Reader) { ReadInt32s[int32](r) }},
		{"int32fixed", func(w *Writer) { WriteInt32s(w, manyOf32) }, func(r *Reader) { ReadFixedInt32s(r, into32) }},
		{"int64", func(w *Writer) { WriteInt64s(w, manyOf64) }, func(r *Reader) { ReadInt64s[int64](r) }},
		{"float", func(w *Writer) { WriteFloats(w, manyFloats) }, func(r *Reader) { ReadFloats(r) }},
		{"double", func(w *Writer) { WriteDoubles(w, manyDoubles) }, func(r *Reader) { ReadDoubles(r) }},
		{"bool", func(w *Writer) { WriteBools(w, manyBools) }, func(r *Reader) { ReadBools(r) }},
		{"char", func(w *Writer) { WriteChars(w, manyChars) }, func(r *Reader) { ReadChars(r) }},
		{"int8", func(w *Writer) { WriteInt8s(w, manyOf8) }, func(r *Reader) { ReadInt8s[int8](r) }},
		{"byte4096", func(w *Writer) { WriteBytes(w, page) }, func(r *Reader) { ReadBytes(r) }},
		{"ascii1100", func(w *Writer) { w.WriteString(ascii) }, func(r *Reader) { r.ReadString() }},
		{"mixed1380", func(w *Writer) { w.WriteString(mixed) }, func(r *Reader) { r.ReadString() }},
		{"utf16", func(w *Writer) { w.WriteUTF16(manyChars) }, func(r *Reader) { r.ReadUTF16() }},
	} {
		w, r := new(Writer), new(Reader)
		b.Run(c.name+"/write", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w.Reset(Format{})
				c.write(w)
			}
		})
		b.Run(c.name+"/read", func(b *testing.B) {
			b.ReportAllocs()
			w.Reset(Format{})
			c.write(w)
			for b.Loop() {
				r.Reset(Format{}, w.Bytes(), nil)
				c.read(r)
			}
			if r.Finish() != nil {
				b.Fatal(r.Err())
			}
		})
	}
}

var (
	manyOf8     = manyOf(int8(-3))
	manyOf32    = manyOf(int32(-70000))
	into32      = make([]int32, many)
	manyOf64    = manyOf(int64(1) << 40)
	manyFloats  = manyOf(float32(1.5))
	manyDoubles = manyOf(1.5)
	manyBools   = manyOf(true)
	manyChars   = manyOf(uint16('c'))
	page        = make([]byte, 4096)
)
