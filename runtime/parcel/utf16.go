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
		put64(to, widen(uint32(x)))
		put64(to[8:], widen(uint32(x>>32)))
	}
	for ; i < len(s) && s[i] < utf8.RuneSelf; i++ {
		dst[2*i], dst[2*i+1] = s[i], 0
	}
	return i
}

// widen puts a zero byte behind each of four. It ends without a mask: of a value of which it knows zero
// bytes, the compiler stores each byte by itself.
func widen(four uint32) uint64 {
	x := uint64(four)
	x = (x | x<<16) & 0x0000ffff0000ffff
	upper := x & 0x0000ff000000ff00
	return x - upper + upper<<8
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
		for next := max(0, len(u)-8); len(u) > next; { // four units, then it may be ASCII again
			r, size := rune(binary.LittleEndian.Uint16(u)), 2
			if utf16.IsSurrogate(r) {
				r, size = u.first()
			}
			if room := cap(dst) - len(dst); room < utf8.UTFMax && room < utf8.RuneLen(r) {
				return dst, u
			}
			dst = utf8.AppendRune(dst, r)
			u = u[size:]
		}
	}
}

// appendASCII does that for units by eights and fours, as long as all are ASCII.
func (u units) appendASCII(dst []byte) ([]byte, units) {
	to := dst[len(dst):cap(dst)]
	for len(u) >= 16 && len(to) >= 8 {
		x, y := u64(u), u64(u[8:])
		if (x|y)&notASCII != 0 {
			break
		}
		put64(to, two(narrow(x), narrow(y)))
		u, to = u[16:], to[8:]
	}
	for len(u) >= 8 && len(to) >= 4 {
		x := u64(u)
		if x&notASCII != 0 {
			break
		}
		put32(to, narrow(x))
		u, to = u[8:], to[4:]
	}
	return dst[:cap(dst)-len(to)], u
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
		for len(u) >= 16 && (u64(u)|u64(u[8:]))&notASCII == 0 {
			n += 8
			u = u[16:]
		}
		if len(u) >= 8 && u64(u)&notASCII == 0 {
			n += 4
			u = u[8:]
		}
		if len(u) == 0 {
			break
		}
		r, size := rune(binary.LittleEndian.Uint16(u)), 2
		if utf16.IsSurrogate(r) {
			r, size = u.first()
		}
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
