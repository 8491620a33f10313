package parcel

import (
	"maps"
	"slices"

	"ubinder/runtime/status"
)

// Bundle is Java's android.os.Bundle: values by name. As a parameter of an AIDL method it is a
// parcelable.
type Bundle map[string]any

// PersistableBundle is android.os.PersistableBundle, of Java and of C++: a Bundle of bool, int32,
// int64, float64, string, slices of these, and PersistableBundle.
type PersistableBundle map[string]any

// The word that says who wrote a bundle.
const (
	bundleMagic       = 'L'<<24 | 'D'<<16 | 'N'<<8 | 'B'
	bundleMagicNative = 'L'<<24 | 'D'<<16 | 'N'<<8 | 'D'
)

// WriteToParcel implements Parcelable. Values are written by rising name.
func (b *Bundle) WriteToParcel(w *Writer) { w.writeBundle(*b, bundleMagic) }

// ReadFromParcel implements Parcelable.
func (b *Bundle) ReadFromParcel(r *Reader) { *b = r.readBundle() }

// WriteToParcel implements Parcelable. Values are written by rising name.
func (b *PersistableBundle) WriteToParcel(w *Writer) {
	for name, v := range *b {
		if !persistable(v) {
			w.fail(status.BadValue, "%q is a %T, which no PersistableBundle can hold", name, v)
		}
	}
	w.writeBundle(*b, bundleMagicNative)
}

// ReadFromParcel implements Parcelable.
func (b *PersistableBundle) ReadFromParcel(r *Reader) {
	*b = r.readBundle()
	for name, v := range *b {
		if v != nil && !persistable(v) {
			r.fail(status.Encoding, "%q is a %T, which no PersistableBundle can hold", name, v)
		}
	}
}

func persistable(v any) bool {
	switch v.(type) {
	case bool, int32, int64, float64, string, []bool, []int32, []int64, []float64, []string, PersistableBundle:
		return true
	}
	return false
}

func (w *Writer) writeBundle(b map[string]any, magic uint32) {
	if len(b) == 0 {
		w.WriteInt32(0)
		return
	}
	length := len(w.buf)
	w.WriteInt32(0)
	w.WriteUint32(magic)
	start := len(w.buf)
	w.WriteInt32(int32(len(b)))
	for _, name := range slices.Sorted(maps.Keys(b)) {
		w.WriteString(name)
		w.WriteValue(b[name])
	}
	if w.err == nil {
		w.overwrite(length, len(w.buf)-start)
	}
	if w.format.release() >= 16 {
		w.WriteBool(false) // no value is an Intent
	}
}

func (r *Reader) readBundle() map[string]any {
	length := int(r.ReadInt32())
	if length == 0 || r.err != nil {
		return map[string]any{}
	}
	if magic := r.ReadUint32(); r.err == nil && magic != bundleMagic && magic != bundleMagicNative {
		r.fail(status.Encoding, "a bundle begins with %#x", magic)
	}
	if !r.deeper() {
		return nil
	}
	outer := r.begin(r.pos, length, 0)
	b := ReadMap(r, (*Reader).ReadString, (*Reader).ReadValue)
	r.EndSized(outer)
	r.depth--
	if r.format.release() >= 16 {
		r.ReadBool()
	}
	return b
}
