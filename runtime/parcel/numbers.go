package parcel

import (
	"encoding/binary"
	"math"
)

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
		for i, v := range s {
			dst[i] = byte(v)
		}
		clear(dst[len(s):])
	}
}

// ReadInt8s reads what WriteInt8s wrote.
func ReadInt8s[T ~int8 | ~uint8](r *Reader) []T {
	return decodeInt8s[T](nil, ReadBytesInPlace(r))
}

// ReadFixedInt8s reads an array of fixed size.
func ReadFixedInt8s[T ~int8 | ~uint8](r *Reader, dst []T) {
	decodeInt8s(dst, r.takeFixed(len(dst), 1))
}

func decodeInt8s[T ~int8 | ~uint8](dst []T, b []byte) []T {
	if dst == nil {
		dst = make([]T, len(b))
	}
	for i, v := range b {
		dst[i] = T(v)
	}
	return dst
}

// WriteInt32s writes an int[].
func WriteInt32s[T ~int32 | ~uint32](w *Writer, s []T) {
	if w.writeLength(len(s)) {
		dst := w.extend(4 * len(s))
		for i, v := range s {
			binary.LittleEndian.PutUint32(dst[4*i:], uint32(v))
		}
	}
}

// ReadInt32s reads an int[].
func ReadInt32s[T ~int32 | ~uint32](r *Reader) []T { return decodeInt32s[T](nil, r.takeArray(4)) }

// ReadFixedInt32s reads an int[] of fixed size.
func ReadFixedInt32s[T ~int32 | ~uint32](r *Reader, dst []T) {
	decodeInt32s(dst, r.takeFixed(len(dst), 4))
}

func decodeInt32s[T ~int32 | ~uint32](dst []T, b []byte) []T {
	if dst == nil {
		dst = make([]T, len(b)/4)
	}
	for i := range len(b) / 4 {
		dst[i] = T(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return dst
}

// WriteInt64s writes a long[].
func WriteInt64s[T ~int64 | ~uint64](w *Writer, s []T) {
	if w.writeLength(len(s)) {
		dst := w.extend(8 * len(s))
		for i, v := range s {
			binary.LittleEndian.PutUint64(dst[8*i:], uint64(v))
		}
	}
}

// ReadInt64s reads a long[].
func ReadInt64s[T ~int64 | ~uint64](r *Reader) []T { return decodeInt64s[T](nil, r.takeArray(8)) }

// ReadFixedInt64s reads a long[] of fixed size.
func ReadFixedInt64s[T ~int64 | ~uint64](r *Reader, dst []T) {
	decodeInt64s(dst, r.takeFixed(len(dst), 8))
}

func decodeInt64s[T ~int64 | ~uint64](dst []T, b []byte) []T {
	if dst == nil {
		dst = make([]T, len(b)/8)
	}
	for i := range len(b) / 8 {
		dst[i] = T(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return dst
}

// WriteFloats writes a float[].
func WriteFloats(w *Writer, s []float32) {
	if w.writeLength(len(s)) {
		dst := w.extend(4 * len(s))
		for i, v := range s {
			binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(v))
		}
	}
}

// ReadFloats reads a float[].
func ReadFloats(r *Reader) []float32 { return decodeFloats(nil, r.takeArray(4)) }

// ReadFixedFloats reads a float[] of fixed size.
func ReadFixedFloats(r *Reader, dst []float32) { decodeFloats(dst, r.takeFixed(len(dst), 4)) }

func decodeFloats(dst []float32, b []byte) []float32 {
	if dst == nil {
		dst = make([]float32, len(b)/4)
	}
	for i := range len(b) / 4 {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return dst
}

// WriteDoubles writes a double[].
func WriteDoubles(w *Writer, s []float64) {
	if w.writeLength(len(s)) {
		dst := w.extend(8 * len(s))
		for i, v := range s {
			binary.LittleEndian.PutUint64(dst[8*i:], math.Float64bits(v))
		}
	}
}

// ReadDoubles reads a double[].
func ReadDoubles(r *Reader) []float64 { return decodeDoubles(nil, r.takeArray(8)) }

// ReadFixedDoubles reads a double[] of fixed size.
func ReadFixedDoubles(r *Reader, dst []float64) { decodeDoubles(dst, r.takeFixed(len(dst), 8)) }

func decodeDoubles(dst []float64, b []byte) []float64 {
	if dst == nil {
		dst = make([]float64, len(b)/8)
	}
	for i := range len(b) / 8 {
		dst[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return dst
}

// WriteBools writes a boolean[]: 4 bytes for each.
func WriteBools(w *Writer, s []bool) {
	if w.writeLength(len(s)) {
		for _, v := range s {
			w.WriteBool(v)
		}
	}
}

// ReadBools reads a boolean[].
func ReadBools(r *Reader) []bool { return decodeBools(nil, r.takeArray(4)) }

// ReadFixedBools reads a boolean[] of fixed size.
func ReadFixedBools(r *Reader, dst []bool) { decodeBools(dst, r.takeFixed(len(dst), 4)) }

func decodeBools(dst []bool, b []byte) []bool {
	if dst == nil {
		dst = make([]bool, len(b)/4)
	}
	for i := range len(b) / 4 {
		dst[i] = binary.LittleEndian.Uint32(b[4*i:]) != 0
	}
	return dst
}

// WriteChars writes a char[]: 4 bytes for each.
func WriteChars(w *Writer, s []uint16) {
	if w.writeLength(len(s)) {
		for _, v := range s {
			w.WriteChar(v)
		}
	}
}

// ReadChars reads a char[].
func ReadChars(r *Reader) []uint16 { return decodeChars(nil, r.takeArray(4)) }

// ReadFixedChars reads a char[] of fixed size.
func ReadFixedChars(r *Reader, dst []uint16) { decodeChars(dst, r.takeFixed(len(dst), 4)) }

func decodeChars(dst []uint16, b []byte) []uint16 {
	if dst == nil {
		dst = make([]uint16, len(b)/4)
	}
	for i := range len(b) / 4 {
		dst[i] = uint16(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return dst
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
