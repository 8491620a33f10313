package parcel

import (
	"encoding/binary"
	"math"
)

// Loops over whole arrays. dst and b fit each other; room for both is looked at once for four elements, in
// a way from which the compiler sees that no index inside needs a check. get... reads as many elements as
// b has.

func u32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }
func u64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

func put32(b []byte, v uint32) { binary.LittleEndian.PutUint32(b, v) }
func put64(b []byte, v uint64) { binary.LittleEndian.PutUint64(b, v) }

// two is a pair of 32-bit words as they lie in memory.
func two(first, second uint32) uint64 { return uint64(first) | uint64(second)<<32 }

func getInt8s[T ~int8 | ~uint8](dst []T, b []byte) {
	dst = dst[:len(b)]
	for len(dst) >= 8 && len(b) >= 8 {
		d, x := (*[8]T)(dst), u64(b) // one load and one store
		d[0], d[1], d[2], d[3] = T(x), T(x>>8), T(x>>16), T(x>>24)
		d[4], d[5], d[6], d[7] = T(x>>32), T(x>>40), T(x>>48), T(x>>56)
		dst, b = dst[8:], b[8:]
	}
	for i := range dst {
		dst[i] = T(b[i])
	}
}

func putInt8s[T ~int8 | ~uint8](b []byte, s []T) {
	for len(s) >= 8 && len(b) >= 8 {
		v := (*[8]T)(s)
		put64(b, uint64(byte(v[0]))|uint64(byte(v[1]))<<8|uint64(byte(v[2]))<<16|uint64(byte(v[3]))<<24|
			uint64(byte(v[4]))<<32|uint64(byte(v[5]))<<40|uint64(byte(v[6]))<<48|uint64(byte(v[7]))<<56)
		s, b = s[8:], b[8:]
	}
	for i, v := range s {
		b[i] = byte(v)
	}
}

func getInt32s[T ~int32 | ~uint32](dst []T, b []byte) {
	dst = dst[:len(b)/4]
	for len(dst) >= 4 && len(b) >= 16 {
		d, x, y := (*[4]T)(dst), u64(b), u64(b[8:])
		d[0], d[1], d[2], d[3] = T(uint32(x)), T(x>>32), T(uint32(y)), T(y>>32)
		dst, b = dst[4:], b[16:]
	}
	for i := range dst {
		dst[i] = T(u32(b[4*i:]))
	}
}

func putInt32s[T ~int32 | ~uint32](b []byte, s []T) {
	for len(s) >= 4 && len(b) >= 16 {
		v := (*[4]T)(s)
		put64(b, two(uint32(v[0]), uint32(v[1])))
		put64(b[8:], two(uint32(v[2]), uint32(v[3])))
		s, b = s[4:], b[16:]
	}
	for i, v := range s {
		put32(b[4*i:], uint32(v))
	}
}

func getInt64s[T ~int64 | ~uint64](dst []T, b []byte) {
	dst = dst[:len(b)/8]
	for len(dst) >= 4 && len(b) >= 32 {
		d := (*[4]T)(dst)
		d[0], d[1], d[2], d[3] = T(u64(b)), T(u64(b[8:])), T(u64(b[16:])), T(u64(b[24:]))
		dst, b = dst[4:], b[32:]
	}
	for i := range dst {
		dst[i] = T(u64(b[8*i:]))
	}
}

func putInt64s[T ~int64 | ~uint64](b []byte, s []T) {
	for len(s) >= 4 && len(b) >= 32 {
		v := (*[4]T)(s)
		put64(b, uint64(v[0]))
		put64(b[8:], uint64(v[1]))
		put64(b[16:], uint64(v[2]))
		put64(b[24:], uint64(v[3]))
		s, b = s[4:], b[32:]
	}
	for i, v := range s {
		put64(b[8*i:], uint64(v))
	}
}

func getFloats(dst []float32, b []byte) {
	dst = dst[:len(b)/4]
	for len(dst) >= 4 && len(b) >= 16 {
		d := (*[4]float32)(dst)
		d[0], d[1] = math.Float32frombits(u32(b)), math.Float32frombits(u32(b[4:]))
		d[2], d[3] = math.Float32frombits(u32(b[8:])), math.Float32frombits(u32(b[12:]))
		dst, b = dst[4:], b[16:]
	}
	for i := range dst {
		dst[i] = math.Float32frombits(u32(b[4*i:]))
	}
}

func putFloats(b []byte, s []float32) {
	for len(s) >= 4 && len(b) >= 16 {
		v := (*[4]float32)(s)
		put32(b, math.Float32bits(v[0]))
		put32(b[4:], math.Float32bits(v[1]))
		put32(b[8:], math.Float32bits(v[2]))
		put32(b[12:], math.Float32bits(v[3]))
		s, b = s[4:], b[16:]
	}
	for i, v := range s {
		put32(b[4*i:], math.Float32bits(v))
	}
}

func getDoubles(dst []float64, b []byte) {
	dst = dst[:len(b)/8]
	for len(dst) >= 4 && len(b) >= 32 {
		d := (*[4]float64)(dst)
		d[0], d[1] = math.Float64frombits(u64(b)), math.Float64frombits(u64(b[8:]))
		d[2], d[3] = math.Float64frombits(u64(b[16:])), math.Float64frombits(u64(b[24:]))
		dst, b = dst[4:], b[32:]
	}
	for i := range dst {
		dst[i] = math.Float64frombits(u64(b[8*i:]))
	}
}

func putDoubles(b []byte, s []float64) {
	for len(s) >= 4 && len(b) >= 32 {
		v := (*[4]float64)(s)
		put64(b, math.Float64bits(v[0]))
		put64(b[8:], math.Float64bits(v[1]))
		put64(b[16:], math.Float64bits(v[2]))
		put64(b[24:], math.Float64bits(v[3]))
		s, b = s[4:], b[32:]
	}
	for i, v := range s {
		put64(b[8*i:], math.Float64bits(v))
	}
}

func getBools(dst []bool, b []byte) {
	dst = dst[:len(b)/4]
	for len(dst) >= 4 && len(b) >= 16 {
		d, x, y := (*[4]bool)(dst), u64(b), u64(b[8:])
		d[0], d[1], d[2], d[3] = uint32(x) != 0, x>>32 != 0, uint32(y) != 0, y>>32 != 0
		dst, b = dst[4:], b[16:]
	}
	for i := range dst {
		dst[i] = u32(b[4*i:]) != 0
	}
}

func putBools(b []byte, s []bool) {
	for len(s) >= 4 && len(b) >= 16 {
		v := (*[4]bool)(s)
		put64(b, two(word(v[0]), word(v[1])))
		put64(b[8:], two(word(v[2]), word(v[3])))
		s, b = s[4:], b[16:]
	}
	for i, v := range s {
		put32(b[4*i:], word(v))
	}
}

// word is how a bool is written.
func word(v bool) uint32 {
	if v {
		return 1
	}
	return 0
}

func getChars(dst []uint16, b []byte) {
	dst = dst[:len(b)/4]
	for len(dst) >= 4 && len(b) >= 16 {
		d, x, y := (*[4]uint16)(dst), u64(b), u64(b[8:])
		d[0], d[1], d[2], d[3] = uint16(x), uint16(x>>32), uint16(y), uint16(y>>32)
		dst, b = dst[4:], b[16:]
	}
	for i := range dst {
		dst[i] = uint16(u32(b[4*i:]))
	}
}

func putChars(b []byte, s []uint16) {
	for len(s) >= 4 && len(b) >= 16 {
		v := (*[4]uint16)(s)
		put64(b, two(uint32(v[0]), uint32(v[1])))
		put64(b[8:], two(uint32(v[2]), uint32(v[3])))
		s, b = s[4:], b[16:]
	}
	for i, v := range s {
		put32(b[4*i:], uint32(v))
	}
}

// getUnits and putUnits are for UTF-16 that stays so.
func getUnits(dst []uint16, b []byte) {
	dst = dst[:len(b)/2]
	for len(dst) >= 4 && len(b) >= 8 {
		d, x := (*[4]uint16)(dst), u64(b)
		d[0], d[1], d[2], d[3] = uint16(x), uint16(x>>16), uint16(x>>32), uint16(x>>48)
		dst, b = dst[4:], b[8:]
	}
	for i := range dst {
		dst[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
}

func putUnits(b []byte, s []uint16) {
	for len(s) >= 4 && len(b) >= 8 {
		v := (*[4]uint16)(s)
		put64(b, uint64(v[0])|uint64(v[1])<<16|uint64(v[2])<<32|uint64(v[3])<<48)
		s, b = s[4:], b[8:]
	}
	for i, v := range s {
		binary.LittleEndian.PutUint16(b[2*i:], v)
	}
}
