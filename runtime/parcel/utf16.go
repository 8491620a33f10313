package parcel

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// Both directions take the units of ASCII by fours and eights; text is mostly that.

// putUTF16 writes s as UTF-16 into dst, which has two bytes for each of its own, and returns how many
// units it wrote. What is not UTF-8 becomes U+FFFD.
func putUTF16(dst []byte, s string) int {
	i := putASCII(dst, s)
	units := i
	for _, r := range s[i:] {
		if r < 0x10000 {
			binary.LittleEndian.PutUint16(dst[2*units:], uint16(r))
			units++
			continue
		}
		high, low := utf16.EncodeRune(r)
		binary.LittleEndian.PutUint16(dst[2*units:], uint16(high))
		binary.LittleEndian.PutUint16(dst[2*units+2:], uint16(low))
		units += 2
	}
	return units
}

// putASCII does the same for s up to its first byte that is not ASCII, and returns how many it took.
func putASCII(dst []byte, s string) int {
	i := 0
	for ; len(s)-i >= 8 && len(dst)-2*i >= 16; i += 8 {
		t, to := s[i:i+8], dst[2*i:2*i+16]
		x := uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 |
			uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
		if x&0x8080808080808080 != 0 {
			break
		}
		binary.LittleEndian.PutUint64(to, widen(uint32(x)))
		binary.LittleEndian.PutUint64(to[8:], widen(uint32(x>>32)))
	}
	for ; i < len(s) && s[i] < utf8.RuneSelf; i++ {
		dst[2*i], dst[2*i+1] = s[i], 0
	}
	return i
}

// widen puts a zero byte behind each of four.
func widen(four uint32) uint64 {
	x := uint64(four)
	x = (x | x<<16) & 0x0000ffff0000ffff
	return (x | x<<8) & 0x00ff00ff00ff00ff
}

// narrow undoes widen.
func narrow(x uint64) uint32 {
	x |= x >> 8
	return uint32(x&0xffff | x>>16&0xffff0000)
}

// notASCII has the bits of four units that those of ASCII do not have.
const notASCII = 0xff80ff80ff80ff80

// units is text in UTF-16, little-endian.
type units []byte

// appendTo appends units as UTF-8 until none are left, or until dst has no room for the next rune
// within its capacity; it returns what is left. A surrogate without its other half becomes U+FFFD.
func (u units) appendTo(dst []byte) ([]byte, units) {
	for {
		dst, u = u.appendASCII(dst)
		if len(u) == 0 {
			return dst, nil
		}
		r, size := u.first()
		if utf8.RuneLen(r) > cap(dst)-len(dst) {
			return dst, u
		}
		dst = utf8.AppendRune(dst, r)
		u = u[size:]
	}
}

// appendASCII does that for units by fours, as long as all are ASCII.
func (u units) appendASCII(dst []byte) ([]byte, units) {
	to := dst[len(dst):cap(dst)]
	n := 0
	for len(u)-2*n >= 8 && len(to)-n >= 4 {
		x := binary.LittleEndian.Uint64(u[2*n:])
		if x&notASCII != 0 {
			break
		}
		binary.LittleEndian.PutUint32(to[n:], narrow(x))
		n += 4
	}
	return dst[:len(dst)+n], u[2*n:]
}

// first returns the first rune and the bytes it takes.
func (u units) first() (r rune, size int) {
	r = rune(binary.LittleEndian.Uint16(u))
	if !utf16.IsSurrogate(r) {
		return r, 2
	}
	if len(u) >= 4 {
		if both := utf16.DecodeRune(r, rune(binary.LittleEndian.Uint16(u[2:]))); both != utf8.RuneError {
			return both, 4
		}
	}
	return utf8.RuneError, 2
}

// utf8Len returns how many bytes u takes as UTF-8.
func (u units) utf8Len() int {
	n := 0
	for len(u) > 0 {
		if len(u) >= 8 && binary.LittleEndian.Uint64(u)&notASCII == 0 {
			n += 4
			u = u[8:]
			continue
		}
		r, size := u.first()
		n += utf8.RuneLen(r)
		u = u[size:]
	}
	return n
}

// is reports whether u is s, which holds no U+FFFD.
func (u units) is(s string) bool {
	for _, r := range s {
		if len(u) == 0 {
			return false
		}
		got, size := u.first()
		if got != r {
			return false
		}
		u = u[size:]
	}
	return len(u) == 0
}
