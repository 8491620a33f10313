package parcel

import "ubinder/runtime/status"

// WriteCharSequence writes a CharSequence, which only Java's interfaces have, as plain text.
func (w *Writer) WriteCharSequence(s string) {
	w.WriteInt32(present)
	w.writeText(s)
}

// WriteNullableCharSequence writes a CharSequence, nil for null.
func (w *Writer) WriteNullableCharSequence(s *string) {
	if s == nil {
		w.WriteInt32(absent)
		return
	}
	w.WriteCharSequence(*s)
}

// ReadCharSequence reads a CharSequence that is not null and has no styles.
func (r *Reader) ReadCharSequence() string {
	s := r.ReadNullableCharSequence()
	if s == nil {
		r.fail(status.Encoding, "null, where there must be a text")
		return ""
	}
	return *s
}

// ReadNullableCharSequence reads a CharSequence without styles, nil for null.
func (r *Reader) ReadNullableCharSequence() *string {
	if !r.ReadPresent() {
		return nil
	}
	text, ok := r.readCharSequence().(CharSequence)
	if !ok {
		return nil
	}
	return new(string(text))
}

// writeText writes a text without styles (TextUtils.java, writeToParcel).
func (w *Writer) writeText(s string) {
	w.WriteInt32(plainText)
	if w.format.release() < 11 {
		w.WriteString(s)
	} else {
		w.WriteString8(s)
	}
}
