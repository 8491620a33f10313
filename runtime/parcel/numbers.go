package parcel

// The arrays of numbers. Each is written as its length and its elements; an enum's array as that of
// its backing. A nil slice is an empty array: what may be null is written with WriteNull and asked
// for with ReadNull. Arrays of fixed size are written in the same way, and read with ReadFixed...,
// which fails unless exactly as many elements were sent.

// WriteBytes writes AIDL's byte[]: packed, and padded at its end.
func WriteBytes(w *Writer, s []byte) {
	if w.writeLength(len(s)) {
		dst := w.extend(pad(len(s)))
		clear(dst[copy(dst, s):])
	}
}

// ReadBytes reads a byte[] into new memory.
func ReadBytes(r *Reader) []byte { return append([]byte{}, ReadBytesInPlace(r)...) }

// ReadBytesInPlace reads a byte[] and returns it where it lies, in the parcel's memory: it is valid as
// long as that is.
func ReadBytesInPlace(r *Reader) []byte { return r.take(r.readLength(1)) }

// ReadFixedBytes reads a byte[] of fixed size.
func ReadFixedBytes(r *Reader, dst []byte) { copy(dst, r.takeFixed(len(dst), 1)) }

// WriteInt8s writes an array of bytes that are numbers: packed, and padded at its end.
func WriteInt8s[T ~int8 | ~uint8](w *Writer, s []T) {
	if w.writeLength(len(s)) {
		dst := w.extend(pad(len(s)))
		putInt8s(dst, s)
		clear(dst[len(s):])
	}
}

// ReadInt8s reads what WriteInt8s wrote.
func ReadInt8s[T ~int8 | ~uint8](r *Reader) []T { return made(ReadBytesInPlace(r), 1, getInt8s[T]) }

// ReadFixedInt8s reads an array of fixed size.
func ReadFixedInt8s[T ~int8 | ~uint8](r *Reader, dst []T) { getInt8s(dst, r.takeFixed(len(dst), 1)) }

// WriteInt32s writes an int[].
func WriteInt32s[T ~int32 | ~uint32](w *Writer, s []T) {
	if w.writeLength(len(s)) {
		putInt32s(w.extend(4*len(s)), s)
	}
}

// ReadInt32s reads an int[].
func ReadInt32s[T ~int32 | ~uint32](r *Reader) []T { return made(r.takeArray(4), 4, getInt32s[T]) }

// ReadFixedInt32s reads an int[] of fixed size.
func ReadFixedInt32s[T ~int32 | ~uint32](r *Reader, dst []T) {
	getInt32s(dst, r.takeFixed(len(dst), 4))
}

// WriteInt64s writes a long[].
func WriteInt64s[T ~int64 | ~uint64](w *Writer, s []T) {
	if w.writeLength(len(s)) {
		putInt64s(w.extend(8*len(s)), s)
	}
}

// ReadInt64s reads a long[].
func ReadInt64s[T ~int64 | ~uint64](r *Reader) []T { return made(r.takeArray(8), 8, getInt64s[T]) }

// ReadFixedInt64s reads a long[] of fixed size.
func ReadFixedInt64s[T ~int64 | ~uint64](r *Reader, dst []T) {
	getInt64s(dst, r.takeFixed(len(dst), 8))
}

// WriteFloats writes a float[].
func WriteFloats(w *Writer, s []float32) {
	if w.writeLength(len(s)) {
		putFloats(w.extend(4*len(s)), s)
	}
}

// ReadFloats reads a float[].
func ReadFloats(r *Reader) []float32 { return made(r.takeArray(4), 4, getFloats) }

// ReadFixedFloats reads a float[] of fixed size.
func ReadFixedFloats(r *Reader, dst []float32) { getFloats(dst, r.takeFixed(len(dst), 4)) }

// WriteDoubles writes a double[].
func WriteDoubles(w *Writer, s []float64) {
	if w.writeLength(len(s)) {
		putDoubles(w.extend(8*len(s)), s)
	}
}

// ReadDoubles reads a double[].
func ReadDoubles(r *Reader) []float64 { return made(r.takeArray(8), 8, getDoubles) }

// ReadFixedDoubles reads a double[] of fixed size.
func ReadFixedDoubles(r *Reader, dst []float64) { getDoubles(dst, r.takeFixed(len(dst), 8)) }

// WriteBools writes a boolean[]: 4 bytes for each.
func WriteBools(w *Writer, s []bool) {
	if w.writeLength(len(s)) {
		putBools(w.extend(4*len(s)), s)
	}
}

// ReadBools reads a boolean[].
func ReadBools(r *Reader) []bool { return made(r.takeArray(4), 4, getBools) }

// ReadFixedBools reads a boolean[] of fixed size.
func ReadFixedBools(r *Reader, dst []bool) { getBools(dst, r.takeFixed(len(dst), 4)) }

// WriteChars writes a char[]: 4 bytes for each.
func WriteChars(w *Writer, s []uint16) {
	if w.writeLength(len(s)) {
		putChars(w.extend(4*len(s)), s)
	}
}

// ReadChars reads a char[].
func ReadChars(r *Reader) []uint16 { return made(r.takeArray(4), 4, getChars) }

// ReadFixedChars reads a char[] of fixed size.
func ReadFixedChars(r *Reader, dst []uint16) { getChars(dst, r.takeFixed(len(dst), 4)) }

// made makes the array of what b holds, in elements of size bytes.
func made[T any](b []byte, size int, get func([]T, []byte)) []T {
	s := make([]T, len(b)/size)
	get(s, b)
	return s
}

// takeArray returns the bytes of an array whose elements take size bytes each.
func (r *Reader) takeArray(size int) []byte {
	return r.take(size * r.readLength(size))
}

// takeFixed does that for an array that must have n elements; nil otherwise.
func (r *Reader) takeFixed(n, size int) []byte {
	if !r.ReadFixedLength(n) {
		return nil
	}
	return r.take(size * n)
}
