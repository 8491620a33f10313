package parcel

import (
	"encoding/binary"
	"math"

	"ubinder/runtime/status"
)

// Writer writes a parcel into memory that it keeps from one parcel to the next. The zero Writer is
// ready for use. It is not safe for concurrent use.
//
// A Writer is a binder.Body, but its Bytes may be sent as they are, which is the same copy. It
// grows instead of asking every value for its size first: that would be a second pass over all values,
// strings would be measured rune by rune, and the entries of the table must be known before the bus is
// asked for room anyway. Copying what is ready costs less than either.
type Writer struct {
	buf       []byte
	table     []Entry
	err       error
	format    Format
	depth     uint8
	deep      bool // too deep: nothing is gone into any more
	sensitive bool
}

// Reset makes w ready for another parcel, of that format, in the memory of the one before. That
// memory is zeroed first if the parcel was marked as sensitive.
func (w *Writer) Reset(f Format) {
	if w.sensitive {
		clear(w.buf)
	}
	clear(w.table)
	*w = Writer{buf: w.buf[:0], table: w.table[:0], format: f}
}

// Bytes returns what was written. It is valid until the next call of a method.
func (w *Writer) Bytes() []byte { return w.buf }

// Table returns the entries of the objects and files that were written, by rising offset; it is
// valid until the next call of a method. Of a Writer that has failed it has what was written afterwards
// too, up to where values lie too deep in each other, so that whoever owns the files finds them.
func (w *Writer) Table() []Entry { return w.table }

// Format returns the format that w writes.
func (w *Writer) Format() Format { return w.format }

// Err returns the first error.
func (w *Writer) Err() error { return w.err }

// Size returns how many bytes were written.
func (w *Writer) Size() int { return len(w.buf) }

// AppendTo appends the parcel to dst, or fails with the first error.
func (w *Writer) AppendTo(dst []byte) ([]byte, error) { return append(dst, w.buf...), w.err }

// MarkSensitive says that the parcel holds secrets: Reset zeroes its memory. Who sends it sets the
// flag binder.ClearBuf too.
func (w *Writer) MarkSensitive() { w.sensitive = true }

// Sensitive reports whether the parcel was marked.
func (w *Writer) Sensitive() bool { return w.sensitive }

func (w *Writer) fail(code status.Code, format string, args ...any) {
	if w.err == nil {
		err := status.Errorf(code, format, args...)
		err.Message = at(len(w.buf), err.Message)
		w.err = err
	}
}

// Fail makes err the writer's error, unless it has one. It is for values that cannot be written.
func (w *Writer) Fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// extend makes room for n bytes and returns them; they hold anything.
func (w *Writer) extend(n int) []byte {
	start := len(w.buf)
	if n > cap(w.buf)-start {
		w.growBy(n)
	}
	w.buf = w.buf[:start+n]
	return w.buf[start:]
}

// smallest is what a Writer allocates at first.
const smallest = 256

// grow makes room for a scalar. What append would leave behind may be secret.
func (w *Writer) grow() { w.growBy(8) }

func (w *Writer) growBy(n int) {
	bigger := make([]byte, len(w.buf), max(smallest, 2*cap(w.buf), len(w.buf)+n))
	copy(bigger, w.buf)
	if w.sensitive {
		clear(w.buf)
	}
	w.buf = bigger
}

// WriteInt32 writes an int32: 4 bytes.
func (w *Writer) WriteInt32(v int32) { w.WriteUint32(uint32(v)) }

// WriteUint32 writes a uint32: 4 bytes.
func (w *Writer) WriteUint32(v uint32) {
	if cap(w.buf)-len(w.buf) < 4 {
		w.grow()
	}
	w.buf = binary.LittleEndian.AppendUint32(w.buf, v)
}

// WriteInt64 writes an int64: 8 bytes, at any multiple of 4.
func (w *Writer) WriteInt64(v int64) { w.WriteUint64(uint64(v)) }

// WriteUint64 writes a uint64: 8 bytes, at any multiple of 4.
func (w *Writer) WriteUint64(v uint64) {
	if cap(w.buf)-len(w.buf) < 8 {
		w.grow()
	}
	w.buf = binary.LittleEndian.AppendUint64(w.buf, v)
}

// WriteBool writes a bool as an int32, 0 or 1.
func (w *Writer) WriteBool(v bool) { w.WriteUint32(word(v)) }

// WriteInt8 writes AIDL's byte, and an enum of that backing, widened to an int32.
func (w *Writer) WriteInt8(v int8) { w.WriteInt32(int32(v)) }

// WriteChar writes a UTF-16 unit, widened to an int32.
func (w *Writer) WriteChar(v uint16) { w.WriteUint32(uint32(v)) }

// WriteFloat writes a float32: 4 bytes.
func (w *Writer) WriteFloat(v float32) { w.WriteUint32(math.Float32bits(v)) }

// WriteDouble writes a float64: 8 bytes.
func (w *Writer) WriteDouble(v float64) { w.WriteUint64(math.Float64bits(v)) }

// null is the length of a null string, array, list or map.
const null = -1

// WriteNull writes what stands for a null string, array, list or map.
func (w *Writer) WriteNull() { w.WriteInt32(null) }

// writeLength writes the length of an array, and reports whether it has one.
func (w *Writer) writeLength(n int) bool {
	if n > math.MaxInt32 {
		w.fail(status.TooBig, "%d elements do not fit an int32", n)
		return false
	}
	w.WriteInt32(int32(n))
	return true
}

// overwrite puts an int32 where one was written before.
func (w *Writer) overwrite(offset, v int) {
	if v > math.MaxInt32 {
		w.fail(status.TooBig, "%d bytes do not fit an int32", v)
		return
	}
	binary.LittleEndian.PutUint32(w.buf[offset:], uint32(v))
}
