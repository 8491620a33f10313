package parcel

import (
	"encoding/binary"
	"fmt"
	"math"

	"ubinder/runtime/status"
)

// Reader reads a parcel from memory of the caller's, which it neither changes nor keeps beyond the
// next Reset. It is not safe for concurrent use.
type Reader struct {
	data   []byte
	pos    int
	limit  int // plain reads may go on to here: the next object, or end, whichever is first
	end    int // of the innermost parcelable
	table  []Entry
	next   int // the first entry that lies behind pos
	err    error
	format Format
	depth  uint8
	whole  bool // Finish found nothing wrong

	classes func(name string) Parcelable
}

// NewReader returns a Reader of a parcel; Reset says what the arguments are.
func NewReader(f Format, data []byte, table []Entry) *Reader {
	r := new(Reader)
	r.Reset(f, data, table)
	return r
}

// Reset begins to read another parcel. table has the objects and files that came with data, by
// rising offset; it stays the caller's, and entries that are read are marked as Taken in it. A table
// that does not fit data is an error.
func (r *Reader) Reset(f Format, data []byte, table []Entry) {
	*r = Reader{data: data, end: len(data), table: table, format: f, classes: r.classes}
	for i := range table {
		if err := checkEntry(table, i, len(data)); err != nil {
			r.Fail(err)
			return
		}
	}
	r.setLimit()
}

// Err returns the first error.
func (r *Reader) Err() error { return r.err }

// Format returns the format that r reads.
func (r *Reader) Format() Format { return r.format }

// Offset returns the number of bytes read.
func (r *Reader) Offset() int { return r.pos }

// Remaining returns the number of bytes left, in the innermost parcelable; none after an error.
func (r *Reader) Remaining() int { return r.end - r.pos }

// Finish returns the first error, and fails when anything is left: what the sender wrote is then
// not what was read. It is libbinder's enforceNoDataAvail.
func (r *Reader) Finish() error {
	if n := r.Remaining(); n > 0 {
		r.fail(status.Encoding, "%d bytes were not read", n)
	}
	r.whole = r.err == nil
	return r.err
}

// Finished reports whether Finish was called last, and found everything read and right.
func (r *Reader) Finished() bool { return r.whole }

func at(offset int, message string) string {
	return fmt.Sprintf("parcel, offset %d: %s", offset, message)
}

func (r *Reader) fail(code status.Code, format string, args ...any) {
	if r.err == nil {
		err := status.Errorf(code, format, args...)
		err.Message = at(r.pos, err.Message)
		r.Fail(err)
	}
}

// Fail makes err the reader's error, unless it has one: nothing more is read. It is for values that
// mean nothing to who reads them.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
		r.limit, r.end = r.pos, r.pos
	}
}

// setLimit follows a change of next or end.
func (r *Reader) setLimit() {
	r.limit = r.end
	if r.next < len(r.table) {
		r.limit = min(r.limit, int(r.table[r.next].Offset))
	}
}

// short fails a plain read of n bytes.
func (r *Reader) short(n int) {
	switch {
	case n > r.end-r.pos:
		r.fail(status.Encoding, "%d bytes needed, %d left", n, r.end-r.pos)
	default:
		r.fail(status.Denied, "%d bytes reach into the place of an object at %d", n, r.limit)
	}
}

// take returns the next n bytes and skips their padding; nil after an error.
func (r *Reader) take(n int) []byte {
	p := r.pos
	if padded := pad(n); padded <= r.limit-p {
		r.pos = p + padded
		return r.data[p : p+n : p+n]
	}
	r.short(pad(n))
	return nil
}

// pad rounds up to a multiple of 4; n is never near the largest int.
func pad(n int) int { return (n + 3) &^ 3 }

// ReadInt32 reads an int32.
func (r *Reader) ReadInt32() int32 { return int32(r.ReadUint32()) }

// ReadUint32 reads a uint32.
func (r *Reader) ReadUint32() uint32 {
	if p := r.pos; r.limit-p >= 4 {
		r.pos = p + 4
		return binary.LittleEndian.Uint32(r.data[p:])
	}
	r.short(4)
	return 0
}

// ReadInt64 reads an int64.
func (r *Reader) ReadInt64() int64 { return int64(r.ReadUint64()) }

// ReadUint64 reads a uint64.
func (r *Reader) ReadUint64() uint64 {
	if p := r.pos; r.limit-p >= 8 {
		r.pos = p + 8
		return binary.LittleEndian.Uint64(r.data[p:])
	}
	r.short(8)
	return 0
}

// ReadBool reads a bool: any value but 0 is true.
func (r *Reader) ReadBool() bool { return r.ReadUint32() != 0 }

// ReadInt8 reads AIDL's byte; of a value beyond its range the low 8 bits count.
func (r *Reader) ReadInt8() int8 { return int8(r.ReadUint32()) }

// ReadChar reads a UTF-16 unit; of a value beyond its range the low 16 bits count.
func (r *Reader) ReadChar() uint16 { return uint16(r.ReadUint32()) }

// ReadFloat reads a float32.
func (r *Reader) ReadFloat() float32 { return math.Float32frombits(r.ReadUint32()) }

// ReadDouble reads a float64.
func (r *Reader) ReadDouble() float64 { return math.Float64frombits(r.ReadUint64()) }

// ReadNull reports whether a null string, array, list or map comes next, and reads it if so. What
// may be null is asked for this first.
func (r *Reader) ReadNull() bool {
	p := r.pos
	if r.limit-p >= 4 && int32(binary.LittleEndian.Uint32(r.data[p:])) == null {
		r.pos = p + 4
		return true
	}
	return false
}

// readLength reads a length whose elements take at least size bytes each. It fails when they cannot
// be there.
func (r *Reader) readLength(size int) int {
	n := int(r.ReadInt32())
	if n < 0 {
		r.pos -= 4
		r.fail(status.Encoding, "null, or a length of %d, where there must be a value", n)
		return 0
	}
	if n > r.Remaining()/size {
		r.fail(status.Encoding, "a length of %d, of at least %d bytes each, and %d bytes left", n, size, r.Remaining())
		return 0
	}
	return n
}
