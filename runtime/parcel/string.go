package parcel

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"

	"ubinder/runtime/status"
)

// WriteString writes AIDL's String, with @utf8InCpp or without: the length in UTF-16 units, the
// units, one that is zero, and padding. What is not UTF-8 in s becomes U+FFFD.
func (w *Writer) WriteString(s string) {
	if len(s) > math.MaxInt32/2-2 {
		w.fail(status.TooBig, "a string of %d bytes", len(s))
		return
	}
	start := len(w.buf)
	dst := w.extend(4 + pad(2*len(s)+2))
	n := putUTF16(dst[4:], s)
	binary.LittleEndian.PutUint32(dst, uint32(n))
	w.endUnits(start+4, n)
}

// WriteUTF16 writes a string that is UTF-16 already, as WriteString does. It may hold what is no text.
func (w *Writer) WriteUTF16(s []uint16) {
	if !w.writeLength(len(s)) {
		return
	}
	start := len(w.buf)
	dst := w.extend(pad(2*len(s) + 2))
	putUnits(dst, s)
	w.endUnits(start, len(s))
}

// endUnits ends a string of n units that begins at start: a zero unit, and padding.
func (w *Writer) endUnits(start, n int) {
	end := start + 2*n
	w.buf = w.buf[:start+pad(2*n+2)]
	w.buf[end], w.buf[end+1] = 0, 0
	if len(w.buf) > end+2 {
		w.buf[end+2], w.buf[end+3] = 0, 0
	}
}

// WriteNullableString writes AIDL's String, nil for null.
func (w *Writer) WriteNullableString(s *string) {
	if s == nil {
		w.WriteNull()
		return
	}
	w.WriteString(*s)
}

// WriteString8 writes libbinder's String8, which no AIDL type is: the length in bytes, the bytes, one
// that is zero, and padding.
func (w *Writer) WriteString8(s string) {
	if w.writeLength(len(s)) {
		w.WriteCString(s)
	}
}

// WriteCString writes the bytes of s, one that is zero, and padding.
func (w *Writer) WriteCString(s string) {
	dst := w.extend(pad(len(s) + 1))
	clear(dst[copy(dst, s):])
}

// ReadString reads AIDL's String, which may not be null. A surrogate without its other half becomes
// U+FFFD.
func (r *Reader) ReadString() string {
	u := r.readUnits()
	if len(u) == 0 {
		return ""
	}
	var part [256]byte
	text, rest := u.appendTo(part[:0])
	if len(rest) == 0 {
		return string(text)
	}
	var b strings.Builder
	b.Grow(len(text) + rest.utf8Len())
	for {
		b.Write(text)
		if len(rest) == 0 {
			return b.String()
		}
		text, rest = rest.appendTo(part[:0])
	}
}

// AppendString reads a string as ReadString does, and appends it to dst, which it allocates only if
// its capacity is too small.
func (r *Reader) AppendString(dst []byte) []byte {
	u := r.readUnits()
	dst, u = u.appendTo(dst)
	if len(u) > 0 {
		grown := make([]byte, len(dst), len(dst)+u.utf8Len())
		copy(grown, dst)
		dst, _ = u.appendTo(grown)
	}
	return dst
}

// ReadNullableString reads AIDL's String, nil for null.
func (r *Reader) ReadNullableString() *string {
	if r.ReadNull() {
		return nil
	}
	s := r.ReadString()
	return &s
}

// ReadUTF16 reads a string as it is.
func (r *Reader) ReadUTF16() []uint16 {
	u := r.readUnits()
	return made(u, 2, getUnits)
}

// SkipString reads a string and reports whether it is s. It allocates nothing.
func (r *Reader) SkipString(s string) bool { return r.readUnits().is(s) && r.err == nil }

// readUnits reads a string and returns its units, in the parcel's memory.
func (r *Reader) readUnits() units {
	n := r.readLength(2)
	if r.err != nil {
		return nil
	}
	b := r.take(2*n + 2)
	if b == nil {
		return nil
	}
	if b[2*n] != 0 || b[2*n+1] != 0 {
		r.fail(status.Encoding, "a string of %d units does not end with zero", n)
		return nil
	}
	return units(b[: 2*n : 2*n])
}

// ReadString8 reads libbinder's String8, which may not be null.
func (r *Reader) ReadString8() string {
	n := r.readLength(1)
	if r.err != nil {
		return ""
	}
	b := r.take(n + 1)
	if b != nil && b[n] != 0 {
		r.fail(status.Encoding, "a string of %d bytes does not end with zero", n)
		return ""
	}
	return string(b[:max(0, len(b)-1)])
}

// ReadCString reads bytes up to one that is zero.
func (r *Reader) ReadCString() string {
	n := bytes.IndexByte(r.data[r.pos:r.limit], 0)
	if n < 0 {
		r.fail(status.Encoding, "a string does not end")
		return ""
	}
	if b := r.take(n + 1); b != nil {
		return string(b[:n])
	}
	return ""
}
