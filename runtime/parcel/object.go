package parcel

import (
	"encoding/binary"

	"ubinder/runtime/status"
)

// Kind says what an entry of a parcel's table stands for.
type Kind uint8

// The kinds.
const (
	Taken      Kind = iota // a Reader has given it out
	Binder                 // an object; its reference keeps it alive
	WeakBinder             // an object whose reference does not; no AIDL type is written so
	File                   // an open file
)

// String names the kind.
func (k Kind) String() string {
	return [...]string{"nothing: it was taken", "object", "weak object", "file"}[k&3]
}

// Entry is a place in a parcel where an object or a file stands.
type Entry struct {
	Offset uint32 // of the place, from the beginning of the parcel; a multiple of 4
	Kind   Kind
	Value  any // what stands there, as the writer gave it or the carrier brought it
}

// objectSize is the size of a struct flat_binder_object: type, flags, handle or pointer, cookie.
const objectSize = 24

// What a null object's place holds: BINDER_TYPE_BINDER and the flags that libbinder gives it, which
// nobody looks at.
const (
	typeBinder      = 's'<<24 | 'b'<<16 | '*'<<8 | 0x85
	nullFlags       = 0x13  // nice 19
	nullFlagsBefore = 0x113 // and "accepts files", before Android 12
)

// checkEntry checks entry i of a table that came with n bytes.
func checkEntry(table []Entry, i, n int) error {
	e := &table[i]
	first := uint64(0)
	if i > 0 {
		first = uint64(table[i-1].Offset) + objectSize
	}
	switch {
	case e.Kind < Binder || e.Kind > File:
		return status.Errorf(status.Encoding, "parcel: entry %d is of kind %d, neither object nor file", i, e.Kind)
	case e.Offset%4 != 0 || uint64(e.Offset) < first || uint64(e.Offset)+objectSize > uint64(n):
		return status.Errorf(status.Encoding, "parcel: entry %d stands at offset %d, not between %d and %d", i, e.Offset, first, n-objectSize)
	}
	return nil
}

// WriteBinder writes an object, nil for null. Null has no stability; anything else must have one.
func (w *Writer) WriteBinder(v any, s Stability) {
	if v == nil {
		w.writeNullBinder()
		return
	}
	if !s.declared() {
		w.fail(status.BadValue, "an object cannot have stability %d", s)
		return
	}
	w.writeObject(Binder, v)
	w.writeStability(s)
}

func (w *Writer) writeNullBinder() {
	place := w.extend(objectSize)
	clear(place)
	flags := uint32(nullFlags)
	if w.format.release() < 12 {
		flags = nullFlagsBefore
	}
	binary.LittleEndian.PutUint32(place, typeBinder)
	binary.LittleEndian.PutUint32(place[4:], flags)
	w.writeStability(Undeclared)
}

func (w *Writer) writeStability(s Stability) {
	if word, written := w.format.stabilityWord(s); written {
		w.WriteInt32(word)
	}
}

// WriteFile writes a file, as AIDL's FileDescriptor: it cannot be null. Whose the file is after the
// parcel was sent is the sender's matter.
func (w *Writer) WriteFile(f any) {
	if f == nil {
		w.fail(status.BadValue, "a file cannot be null")
		return
	}
	w.writeObject(File, f)
}

// WriteParcelFileDescriptor writes a file as AIDL's ParcelFileDescriptor, nil for null.
func (w *Writer) WriteParcelFileDescriptor(f any) {
	if f == nil {
		w.WriteInt32(absent)
		return
	}
	w.WriteInt32(present)
	w.WriteInt32(0) // no channel on which the receiver says how it fared
	w.WriteFile(f)
}

// writeObject adds to the table also when w has failed: see Table.
func (w *Writer) writeObject(k Kind, v any) {
	offset := len(w.buf)
	if uint64(offset) > 1<<32-1 {
		w.fail(status.TooBig, "an object cannot stand there")
	}
	clear(w.extend(objectSize))
	w.table = append(w.table, Entry{uint32(offset), k, v})
}

// ReadBinder reads an object that may not be null.
func (r *Reader) ReadBinder() (v any, s Stability) {
	if v, s = r.ReadNullableBinder(); v == nil {
		r.fail(status.Encoding, "null, where there must be an object")
	}
	return v, s
}

// ReadNullableBinder reads an object, nil for null.
func (r *Reader) ReadNullableBinder() (v any, s Stability) {
	if v = r.readObject(Binder); v == nil {
		r.readNullBinder()
	}
	if _, written := r.format.stabilityWord(0); !written || r.err != nil {
		return v, 0
	}
	word := r.ReadInt32()
	s, ok := r.format.stabilityOf(word)
	if !ok || (v != nil) != s.declared() || v == nil && s != Undeclared {
		r.fail(status.Encoding, "an object followed by stability %#x", word)
	}
	return v, s
}

// readNullBinder reads the place of an object that has no entry.
func (r *Reader) readNullBinder() {
	place := r.take(objectSize)
	if place == nil {
		return
	}
	if binary.LittleEndian.Uint32(place) != typeBinder || binary.LittleEndian.Uint64(place[8:]) != 0 || binary.LittleEndian.Uint64(place[16:]) != 0 {
		r.pos -= objectSize
		r.fail(status.Encoding, "no object is in the table for this place")
	}
}

// readObject returns what stands at the place that comes next, nil if no entry of that kind does.
func (r *Reader) readObject(k Kind) any {
	if r.next >= len(r.table) || int(r.table[r.next].Offset) != r.pos {
		return nil
	}
	e := &r.table[r.next]
	if e.Kind != k {
		r.fail(status.Encoding, "there stands: %s, not %s", e.Kind, k)
		return nil
	}
	if r.end-r.pos < objectSize {
		r.short(objectSize)
		return nil
	}
	v := e.Value
	e.Kind, e.Value = Taken, nil
	r.pos += objectSize
	r.next++
	r.setLimit()
	return v
}

// ReadFile reads AIDL's FileDescriptor.
func (r *Reader) ReadFile() any {
	f := r.readObject(File)
	if f == nil {
		r.fail(status.Encoding, "no file is in the table for this place")
	}
	return f
}

// ReadParcelFileDescriptor reads AIDL's ParcelFileDescriptor, nil for null. channel is nil unless the
// sender waits there for what became of the file: a big-endian int32, 2 for "detached", is to be
// written to it.
func (r *Reader) ReadParcelFileDescriptor() (f, channel any) {
	if !r.ReadPresent() {
		return nil, nil
	}
	reported := r.ReadInt32() != 0
	f = r.ReadFile()
	if reported && r.err == nil {
		channel = r.ReadFile()
	}
	return f, channel
}
