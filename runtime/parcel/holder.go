package parcel

import (
	"bytes"
	"slices"

	"ubinder/runtime/status"
)

// HolderStability says what a ParcelableHolder may hold.
type HolderStability int32

// The stabilities of a holder.
const (
	HoldsLocal HolderStability = 0
	HoldsVINTF HolderStability = 1 // only parcelables that are VINTF-stable themselves
)

// ParcelableHolder is AIDL's type of that name: a parcelable of a type that the interface does not
// know, so that others can extend it. What came in is kept as bytes until somebody who knows the type
// asks for it, and can be passed on unread. The zero holder is empty.
//
// Objects and files in bytes that nobody asks for belong to the holder, and go when it is garbage.
type ParcelableHolder struct {
	Stability HolderStability

	name  string
	value Parcelable
	// Unread, with the offsets of entries from its beginning.
	data   []byte
	table  []Entry
	format Format
}

// Set puts a value into the holder; name is its type's, with dots.
func (h *ParcelableHolder) Set(name string, p Parcelable) {
	*h = ParcelableHolder{Stability: h.Stability, name: name, value: p}
}

// Empty reports whether the holder holds nothing.
func (h *ParcelableHolder) Empty() bool { return h.value == nil && len(h.data) == 0 }

// Value returns what Set put in or Get took out last, and nil when that is neither.
func (h *ParcelableHolder) Value() Parcelable { return h.value }

// Get reads what came in into p, if it is of the type called name, and reports whether it was. From
// then on the holder holds p. What Set put in, or an earlier Get took out, is had from Value. After an
// error p is of no use: the holder holds what it did, objects and files included.
func (h *ParcelableHolder) Get(name string, p Parcelable) (bool, error) {
	if len(h.data) == 0 {
		return false, nil
	}
	r := NewReader(h.format, h.data, slices.Clone(h.table))
	if !r.SkipString(name) {
		return false, r.Err()
	}
	if p.ReadFromParcel(r); r.Err() != nil {
		return false, r.Err()
	}
	h.Set(name, p)
	return true, nil
}

// WriteToParcel implements Parcelable.
func (h *ParcelableHolder) WriteToParcel(w *Writer) {
	w.WriteInt32(int32(h.Stability))
	start := len(w.buf)
	w.WriteInt32(0)
	switch {
	case len(h.data) > 0:
		w.appendRaw(h.format, h.data, h.table)
	case h.value != nil && w.deeper():
		w.WriteString(h.name)
		h.value.WriteToParcel(w)
		w.depth--
	}
	if w.err == nil {
		w.overwrite(start, len(w.buf)-start-4)
	}
}

// appendRaw writes a part of a parcel that came in.
func (w *Writer) appendRaw(f Format, data []byte, table []Entry) {
	if f.release() != w.format.release() {
		w.fail(status.BadValue, "unread bytes of Android %d cannot be passed on as Android %d", f.release(), w.format.release())
	}
	start := len(w.buf)
	copy(w.extend(len(data)), data)
	for _, e := range table {
		if e.Kind == Taken {
			w.fail(status.BadValue, "an object of unread bytes was taken out")
			continue
		}
		e.Offset += uint32(start)
		w.table = append(w.table, e)
	}
}

// ReadFromParcel implements Parcelable.
func (h *ParcelableHolder) ReadFromParcel(r *Reader) {
	*h = ParcelableHolder{Stability: HolderStability(r.ReadInt32()), format: r.format}
	size := int(r.ReadInt32())
	outer := r.begin(r.pos, size, 0)
	h.data, h.table = r.takeRaw()
	r.EndSized(outer)
}

// takeRaw takes what is left of the innermost parcelable unread: a copy of its bytes, and its
// entries, whose offsets then count from there.
func (r *Reader) takeRaw() ([]byte, []Entry) {
	start, first := r.pos, r.next
	if r.skipTo(r.end); r.err != nil || r.pos == start {
		return nil, nil
	}
	var table []Entry
	for i := range r.table[first:r.next] {
		e := &r.table[first+i]
		table = append(table, Entry{e.Offset - uint32(start), e.Kind, e.Value})
		e.Kind, e.Value = Taken, nil
	}
	return bytes.Clone(r.data[start:r.end]), table
}
