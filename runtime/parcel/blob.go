package parcel

import "ubinder/runtime/status"

// MaxInlineBlob is how many bytes of a blob lie in the parcel. A larger one is a file: memory that is
// shared, ashmem or a memfd.
const MaxInlineBlob = 16 * 1024

// The word before a blob.
const (
	blobInline    = 0
	blobImmutable = 1
	blobMutable   = 2
)

// WriteBlob writes a blob. One over MaxInlineBlob is given to share, which makes a file of it that the
// receiver can only read; without it such a blob is an error. The number of bytes is not written: what surrounds the blob tells it.
func (w *Writer) WriteBlob(data []byte, share func(data []byte) (file any, err error)) {
	if len(data) <= MaxInlineBlob {
		w.WriteInt32(blobInline)
		dst := w.extend(pad(len(data)))
		clear(dst[copy(dst, data):])
		return
	}
	if share == nil {
		w.Fail(status.Exceeded(status.TooBig, "parcel: a blob without a file", uint64(len(data)), MaxInlineBlob))
		return
	}
	f, err := share(data)
	if err != nil {
		w.Fail(err)
		return
	}
	w.WriteBlobFile(f, false)
}

// WriteBlobFile writes a blob that is a file already. A mutable one the receiver may write too.
func (w *Writer) WriteBlobFile(f any, mutable bool) {
	kind := int32(blobImmutable)
	if mutable {
		kind = blobMutable
	}
	w.WriteInt32(kind)
	w.WriteFile(f)
}

// ReadBlob reads a blob of n bytes: data in the parcel's memory, or a file. Whoever maps the file
// checks that it is as large.
func (r *Reader) ReadBlob(n int) (data []byte, f any, mutable bool) {
	switch kind := r.ReadInt32(); kind {
	case blobInline:
		if n < 0 || n > r.Remaining() {
			r.fail(status.Encoding, "a blob of %d bytes, and %d left", n, r.Remaining())
			return nil, nil, false
		}
		return r.take(n), nil, false
	case blobImmutable, blobMutable:
		return nil, r.ReadFile(), kind == blobMutable
	default:
		r.fail(status.Encoding, "a blob of kind %d", kind)
		return nil, nil, false
	}
}
