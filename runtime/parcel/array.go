package parcel

import (
	"cmp"
	"maps"
	"reflect"
	"slices"

	"ubinder/runtime/status"
)

// WriteArray writes an array or a list: its length, and each element as write does.
//
//	parcel.WriteArray(w, names, (*parcel.Writer).WriteString)
//	parcel.WriteArray(w, points, parcel.WriteNullable[Point])
//	parcel.WriteArray(w, matrix[:], func(w *parcel.Writer, row [3]int32) { parcel.WriteInt32s(w, row[:]) })
func WriteArray[T any](w *Writer, s []T, write func(*Writer, T)) {
	if w.writeLength(len(s)) {
		for _, v := range s {
			write(w, v)
		}
	}
}

// ReadArray reads an array or a list whose elements read reads. It is never nil.
func ReadArray[T any](r *Reader, read func(*Reader) T) []T {
	n := r.readLength(4)
	s := make([]T, 0, atFirst[T](n, r.Remaining()))
	for range n {
		v := read(r)
		if r.err != nil {
			break
		}
		s = append(s, v)
	}
	return s
}

// ReadFixedArray reads an array of fixed size.
func ReadFixedArray[T any](r *Reader, dst []T, read func(*Reader) T) {
	if r.ReadFixedLength(len(dst)) {
		for i := range dst {
			dst[i] = read(r)
		}
	}
}

// ReadFixedLength reads the length of an array that must have n elements.
func (r *Reader) ReadFixedLength(n int) bool {
	got := r.ReadInt32()
	if r.err == nil && int(got) != n {
		r.pos -= 4
		r.fail(status.Encoding, "an array of fixed size has %d elements, not %d", got, n)
	}
	return r.err == nil
}

// WriteStrings writes a String[] or a List<String>.
func WriteStrings(w *Writer, s []string) { WriteArray(w, s, (*Writer).WriteString) }

// ReadStrings reads a String[] or a List<String>.
func ReadStrings(r *Reader) []string { return ReadArray(r, (*Reader).ReadString) }

// WriteParcelables writes an array or a list of parcelables that are not null.
func WriteParcelables[T any, P pointer[T]](w *Writer, s []T) {
	if w.writeLength(len(s)) {
		for i := range s {
			w.WriteParcelable(P(&s[i]))
		}
	}
}

// ReadParcelables reads an array or a list of parcelables that are not null.
func ReadParcelables[T any, P pointer[T]](r *Reader) []T {
	n := r.readLength(4)
	s := make([]T, 0, atFirst[T](n, r.Remaining()))
	for i := range n {
		var zero T
		s = append(s, zero)
		if r.ReadParcelable(P(&s[i])); r.err != nil {
			return s[:i]
		}
	}
	return s
}

// ReadFixedParcelables reads an array of fixed size.
func ReadFixedParcelables[T any, P pointer[T]](r *Reader, dst []T) {
	if r.ReadFixedLength(len(dst)) {
		for i := range dst {
			r.ReadParcelable(P(&dst[i]))
		}
	}
}

// maxAllocation is how many bytes of memory are taken on the word of a length alone. It is
// libbinder's limit too.
const maxAllocation = 1000 * 1000

// maxExpansion is how many bytes of memory are taken at once for each byte in the parcel.
const maxExpansion = 8

// atFirst returns how many of n elements to allocate before any was seen, of an array in left bytes: an
// element may take much more memory than bytes in the parcel.
func atFirst[T any](n, left int) int {
	return min(n, min(maxExpansion*left, maxAllocation)/sizeOf[T]()+1)
}

func sizeOf[T any]() int { return max(1, int(reflect.TypeFor[T]().Size())) }

// WriteOutLength writes how long an out array of the caller's is: that alone is sent.
func (w *Writer) WriteOutLength(n int) { w.writeLength(n) }

// ReadOutArray makes an out array, of zero values.
func ReadOutArray[T any](r *Reader) []T {
	n := int(r.ReadInt32())
	most := maxAllocation / sizeOf[T]()
	switch {
	case n < 0:
		r.pos -= 4
		r.fail(status.Encoding, "null, or a length of %d, where there must be an array", n)
		return nil
	case n > most:
		r.Fail(status.Exceeded(status.TooBig, at(r.pos, "elements of an out array"), uint64(n), uint64(most)))
		return nil
	}
	return make([]T, n)
}

// WriteMap writes AIDL's Map<K, V>: how many, and each key with its value, by rising key.
func WriteMap[K cmp.Ordered, V any](w *Writer, m map[K]V, key func(*Writer, K), value func(*Writer, V)) {
	if w.writeLength(len(m)) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			key(w, k)
			value(w, m[k])
		}
	}
}

// ReadMap reads AIDL's Map<K, V>. It is never nil. A key that comes twice is an error, as in Java's
// ArrayMap: the first value, perhaps a file, would be lost.
func ReadMap[K comparable, V any](r *Reader, key func(*Reader) K, value func(*Reader) V) map[K]V {
	n := r.readLength(8)
	m := make(map[K]V)
	for range n {
		k := key(r)
		v := value(r)
		if _, twice := m[k]; twice {
			r.fail(status.Encoding, "a key comes twice in a map")
		}
		if r.err != nil {
			break
		}
		m[k] = v
	}
	return m
}
