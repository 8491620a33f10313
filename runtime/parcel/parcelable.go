package parcel

import "ubinder/runtime/status"

// Parcelable is a value that writes and reads itself, without the word that says whether it is
// null. Both methods leave errors to the Writer and the Reader.
type Parcelable interface {
	WriteToParcel(w *Writer)
	ReadFromParcel(r *Reader)
}

// pointer is a *T that is a Parcelable.
type pointer[T any] interface {
	*T
	Parcelable
}

// The word before a parcelable.
const (
	absent  = 0
	present = 1
)

// maxDepth is how deep parcelables, and values in lists and maps, may lie in each other.
const maxDepth = 100

// WritePresent writes the word before a parcelable: whether there is one.
func (w *Writer) WritePresent(there bool) { w.WriteBool(there) }

// ReadPresent reads the word before a parcelable. Anything but 0 and 1 is an error.
func (r *Reader) ReadPresent() bool {
	switch word := r.ReadInt32(); word {
	case absent:
		return false
	case present:
		return true
	default:
		r.pos -= 4
		r.fail(status.Encoding, "%#x, where 0 or 1 says whether a parcelable follows", word)
		return false
	}
}

// WriteParcelable writes a parcelable that cannot be null.
func (w *Writer) WriteParcelable(p Parcelable) {
	if !w.deeper() {
		return
	}
	w.WriteInt32(present)
	p.WriteToParcel(w)
	w.depth--
}

// ReadParcelable reads a parcelable that cannot be null.
func (r *Reader) ReadParcelable(p Parcelable) {
	if !r.ReadPresent() {
		r.fail(status.Encoding, "null, where there must be a parcelable")
		return
	}
	r.readPresent(p)
}

func (r *Reader) readPresent(p Parcelable) {
	if r.deeper() {
		p.ReadFromParcel(r)
		r.depth--
	}
}

// WriteNullable writes a parcelable, nil for null.
func WriteNullable[T any, P pointer[T]](w *Writer, p P) {
	if p == nil {
		w.WriteInt32(absent)
		return
	}
	w.WriteParcelable(p)
}

// ReadNullable reads a parcelable, nil for null.
func ReadNullable[T any, P pointer[T]](r *Reader) P {
	if !r.ReadPresent() {
		return nil
	}
	p := P(new(T))
	r.readPresent(p)
	return p
}

// deeper enters a value. What is too deep may be a circle, and has more paths than could ever be gone.
func (w *Writer) deeper() bool {
	if w.depth >= maxDepth {
		w.deep = true
		w.Fail(status.Exceeded(status.BadValue, "parcel: parcelables in each other", maxDepth+1, maxDepth))
	}
	if w.deep {
		return false
	}
	w.depth++
	return true
}

func (r *Reader) deeper() bool {
	if r.err == nil && r.depth >= maxDepth {
		r.Fail(status.Exceeded(status.Encoding, at(r.pos, "parcelables in each other"), maxDepth+1, maxDepth))
	}
	if r.err != nil {
		return false
	}
	r.depth++
	return true
}

// BeginSized writes room for the size of a structured parcelable, which AIDL's compiler puts before
// its fields so that newer and older versions can read each other. EndSized is given what it returns.
// A union has none: it begins with its tag, an int32, and has the value of that field behind it.
func (w *Writer) BeginSized() (start int) {
	start = len(w.buf)
	w.WriteInt32(0)
	return start
}

// EndSized writes the size, which counts itself.
func (w *Writer) EndSized(start int) {
	if w.err == nil {
		w.overwrite(start, len(w.buf)-start)
	}
}

// BeginSized reads the size of a structured parcelable. Until EndSized, which is given what it
// returns, nothing is read beyond that. Fields follow, each if More reports that the sender's version
// has it; those that it does not have keep their defaults.
func (r *Reader) BeginSized() (outer int) {
	start := r.pos
	return r.begin(start, int(r.ReadInt32()), 4)
}

// begin bounds what follows to size bytes from start on; smallest is what of them was read already. A
// size that is no multiple of 4 would misalign the objects behind it where it is passed on unread. (AIDL's
// own readers look only whether it is 4 at least and does not overflow, and Parcel::setDataPosition
// takes any; their writers make none.)
func (r *Reader) begin(start, size, smallest int) (outer int) {
	outer = r.end
	if r.err != nil {
		return outer
	}
	if size < smallest || size > r.end-start || size%4 != 0 {
		r.fail(status.Encoding, "a size of %d, which must be a multiple of 4 between %d and %d", size, smallest, r.end-start)
		return outer
	}
	r.end = start + size
	r.setLimit()
	return outer
}

// More reports whether the structured parcelable that is being read has another field.
func (r *Reader) More() bool { return r.pos < r.end }

// EndSized skips the fields that only a newer version knows. Objects and files among them stay in the
// table.
func (r *Reader) EndSized(outer int) {
	if r.skipTo(r.end); r.err == nil {
		r.end = outer
		r.setLimit()
	}
}

// skipTo goes on to pos, which may be inside no entry's place.
func (r *Reader) skipTo(pos int) {
	if r.err != nil {
		return
	}
	for r.next < len(r.table) && int(r.table[r.next].Offset) < pos {
		if int(r.table[r.next].Offset)+objectSize > pos {
			r.fail(status.Encoding, "a parcelable ends at %d, inside an object at %d", pos, r.table[r.next].Offset)
			return
		}
		r.next++
	}
	r.pos = pos
}
