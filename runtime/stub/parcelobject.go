package stub

import (
	"os"

	"ubinder/runtime/binder"
	"ubinder/runtime/parcel"
	"ubinder/runtime/status"
)

// This file is the seam between parcels, which know neither objects nor files, and the bus. In a
// parcel's table an object on its way out is a binder.Object or an implementation with its interface,
// and one that came in is the attachment that brought it.

// implementation is an object that becomes a node when the process that sends it is known.
type implementation struct {
	iface *Interface
	impl  any
}

// WriteObject writes an IBinder; nil is null.
func WriteObject(w *parcel.Writer, o binder.Object) {
	if o == nil {
		w.WriteBinder(nil, parcel.Undeclared)
		return
	}
	w.WriteBinder(o, stabilityOf(o))
}

func stabilityOf(o binder.Object) parcel.Stability {
	if n, ok := o.(*binder.Node); ok {
		if s, ok := n.Handler().(*server); ok {
			return s.iface.stability()
		}
	}
	return parcel.SystemStability
}

func (i *Interface) stability() parcel.Stability {
	if i.vintf {
		return parcel.VINTF
	}
	return parcel.SystemStability
}

// WriteInterface writes an object of interface i: impl is a generated client, or an implementation,
// which becomes a node of the process that sends it. Nil is null.
func WriteInterface(w *parcel.Writer, i *Interface, impl any) {
	if impl == nil {
		w.WriteBinder(nil, parcel.Undeclared)
		return
	}
	w.WriteBinder(implementation{i, impl}, i.stability())
}

// WriteNonNullInterface is WriteInterface for what may not be null.
func WriteNonNullInterface(w *parcel.Writer, i *Interface, impl any) {
	if impl == nil {
		w.Fail(status.Errorf(status.BadValue, "a null %s, where there must be an object", i.descriptor))
		return
	}
	WriteInterface(w, i, impl)
}

// WriteNonNullObject is WriteObject for what may not be null.
func WriteNonNullObject(w *parcel.Writer, o binder.Object) {
	if o == nil {
		w.Fail(status.Errorf(status.BadValue, "a null object, where there must be one"))
		return
	}
	WriteObject(w, o)
}

// ReadObject reads an IBinder that is not null; whoever reads it releases it.
func ReadObject(r *parcel.Reader) binder.Object {
	v, _ := r.ReadBinder()
	return objectOf(v)
}

// ReadNullableObject reads an IBinder; null is nil.
func ReadNullableObject(r *parcel.Reader) binder.Object {
	v, _ := r.ReadNullableBinder()
	return objectOf(v)
}

func objectOf(v any) binder.Object {
	if a, ok := v.(*binder.Attachment); ok {
		return a.Object
	}
	return nil
}

// WriteFile writes a FileDescriptor, which is never null.
func WriteFile(w *parcel.Writer, f *os.File) { w.WriteFile(anyFile(f)) }

// ReadFile reads a FileDescriptor; whoever reads it closes it.
func ReadFile(r *parcel.Reader) *os.File { return fileOf(r.ReadFile()) }

// WriteParcelFile writes a ParcelFileDescriptor that is not null.
func WriteParcelFile(w *parcel.Writer, f *os.File) {
	if f == nil {
		w.Fail(status.Errorf(status.BadValue, "a null file, where there must be one"))
		return
	}
	w.WriteParcelFileDescriptor(f)
}

// WriteNullableParcelFile writes a ParcelFileDescriptor; nil is null.
func WriteNullableParcelFile(w *parcel.Writer, f *os.File) { w.WriteParcelFileDescriptor(anyFile(f)) }

// ReadParcelFile reads a ParcelFileDescriptor that is not null; whoever reads it closes it.
func ReadParcelFile(r *parcel.Reader) *os.File {
	f := ReadNullableParcelFile(r)
	if f == nil {
		r.Fail(status.Errorf(status.Encoding, "a null file, where there must be one"))
	}
	return f
}

// ReadNullableParcelFile reads a ParcelFileDescriptor; null is nil. A sender that waits for what becomes
// of its file finds its channel closed: writing to a descriptor of the sender's choice could block.
func ReadNullableParcelFile(r *parcel.Reader) *os.File {
	f, channel := r.ReadParcelFileDescriptor()
	if c := fileOf(channel); c != nil {
		c.Close()
	}
	return fileOf(f)
}

// anyFile keeps a nil file from being something.
func anyFile(f *os.File) any {
	if f == nil {
		return nil
	}
	return f
}

func fileOf(v any) *os.File {
	if a, ok := v.(*binder.Attachment); ok {
		return a.File
	}
	return nil
}

// attach makes attachments of a parcel's table; their field is the offset in the parcel.
func attach(list []binder.Attachment, table []parcel.Entry, p *binder.Process) ([]binder.Attachment, error) {
	for _, e := range table {
		a := binder.Attachment{Field: e.Offset, Weak: e.Kind == parcel.WeakBinder}
		switch v := e.Value.(type) {
		case binder.Object:
			a.Object = v
		case implementation:
			o, err := ObjectOf(p, v.iface, v.impl)
			if err == nil && o == nil {
				err = status.Errorf(status.BadValue, "parcel: a client of %s at offset %d that is nil", v.iface.descriptor, e.Offset)
			}
			if err != nil {
				return list, err
			}
			a.Object = o
		case *os.File:
			a.File = v
		case *binder.Attachment: // came in and is passed on unread
			a.Object, a.File = v.Object, v.File
		default:
			return list, status.Errorf(status.BadValue, "parcel: a %T at offset %d is neither an object nor a file", v, e.Offset)
		}
		list = append(list, a)
	}
	return list, nil
}

// tableOf makes a parcel's table of the attachments that came with it. A null object has no place in one,
// its bytes say what it is: the Reader refuses the table.
func tableOf(table []parcel.Entry, list []binder.Attachment) []parcel.Entry {
	for i := range list {
		a := &list[i]
		kind := parcel.Binder
		switch {
		case a.File != nil:
			kind = parcel.File
		case a.Object == nil:
			kind = parcel.Taken
		case a.Weak:
			kind = parcel.WeakBinder
		}
		table = append(table, parcel.Entry{Offset: a.Field, Kind: kind, Value: a})
	}
	return table
}

// receivedParcel is what came with a parcel: objects and files.
type receivedParcel struct {
	list  []binder.Attachment
	table []parcel.Entry // of list; the Reader marks in it what was read
}

// take takes all out of r. The list's memory is not used again: a holder may keep a part.
func (p *receivedParcel) take(r *binder.Received) {
	p.list, r.Attachments = r.Attachments, nil
	p.table = tableOf(p.table[:0], p.list)
}

// end gives back what nobody read, and if the parcel was not read to a good end all of it: its values
// have reached nobody. Else what was read is the reader's, and what a holder keeps unread the holder's.
func (p *receivedParcel) end(good bool) {
	for i := range p.table {
		if a := &p.list[i]; !good || p.table[i].Kind != parcel.Taken {
			binder.Release(a.Object)
			if a.File != nil {
				a.File.Close()
			}
		}
	}
	clear(p.table)
	p.list, p.table = nil, p.table[:0]
}

// closeFiles closes the files that were written into a parcel.
func closeFiles(table []parcel.Entry) {
	for i := range table {
		switch v := table[i].Value.(type) {
		case *os.File:
			v.Close()
		case *binder.Attachment:
			if v.File != nil {
				v.File.Close()
			}
		}
	}
}

// parcelOf checks that a payload is a parcel.
func parcelOf(r *binder.Received) error {
	if r.Encoding != binder.Parcel {
		return status.Errorf(status.Encoding, "the payload is not a parcel (encoding %d)", r.Encoding)
	}
	return nil
}

// UnknownTag is for generated code that reads a union: no field has the tag.
func UnknownTag(r *parcel.Reader, union string, tag int32) {
	r.Fail(status.Errorf(status.Encoding, "%s has no field with tag %d", union, tag))
}

// NullParcelable is for generated code that was given nil where there must be a parcelable.
func NullParcelable(w *parcel.Writer, name string) {
	w.Fail(status.Errorf(status.BadValue, "a null %s, where there must be one", name))
}

// ReadForeign is for generated code that reads a parcelable of which AIDL says only the name.
func ReadForeign(r *parcel.Reader, make func() parcel.Parcelable, name string) parcel.Parcelable {
	if make == nil {
		r.Fail(status.Errorf(status.Encoding, "a %s cannot be read: the program has not set New%s", name, name))
		return nil
	}
	p := make()
	p.ReadFromParcel(r)
	return p
}
