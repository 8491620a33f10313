package parcel

import "ubinder/runtime/status"

// Transaction codes of AIDL interfaces: methods have theirs between First and Last, in the order of
// their declaration or as they say; the two that ask for version and hash of a frozen interface are the
// highest.
const (
	FirstTransaction            uint32 = 1
	LastTransaction             uint32 = 0x00ffffff
	InterfaceVersionTransaction uint32 = LastTransaction
	InterfaceHashTransaction    uint32 = LastTransaction - 1
)

// Request is what the head of a request says beside the name of the interface.
type Request struct {
	StrictMode int32 // the policy that the caller is under, bits of android.os.StrictMode; from Java
	WorkSource int32 // the uid on whose behalf the caller works, -1: nobody's but its own
}

// NoWorkSource is the WorkSource of a caller that works for itself.
const NoWorkSource = -1

// StrictMode's bit "gather violations", which every request has. It moved with Android 10.
const (
	gatherViolations       = -1 << 31
	gatherViolationsBefore = 0x40 << 16
)

// WriteInterfaceToken writes the head of every request of an AIDL interface but the meta
// transactions.
func (w *Writer) WriteInterfaceToken(descriptor string) {
	w.WriteRequestHead(Request{WorkSource: NoWorkSource}, descriptor)
}

// WriteRequestHead writes the head of a request that says more.
func (w *Writer) WriteRequestHead(q Request, descriptor string) {
	release := w.format.release()
	if release < 10 {
		w.WriteInt32(q.StrictMode | gatherViolationsBefore)
	} else {
		w.WriteInt32(q.StrictMode | gatherViolations)
		w.WriteInt32(q.WorkSource)
	}
	if release >= 11 {
		w.WriteUint32(uint32(w.format.partition()))
	}
	w.WriteString(descriptor)
}

// ReadInterfaceToken reads the head of a request that must be meant for the interface of that
// descriptor; the error is status.UnknownMethod otherwise. It allocates nothing.
func (r *Reader) ReadInterfaceToken(descriptor string) Request {
	q := Request{WorkSource: NoWorkSource}
	release := r.format.release()
	q.StrictMode = r.ReadInt32()
	if release >= 10 {
		q.WorkSource = r.ReadInt32()
	}
	if release >= 11 {
		if p := Partition(r.ReadUint32()); r.err == nil && p != r.format.partition() {
			r.fail(status.UnknownMethod, "the request was written by %s, and is read by %s", p, r.format.partition())
		}
	}
	start := r.pos
	if !r.SkipString(descriptor) && r.err == nil {
		r.pos = start
		r.fail(status.UnknownMethod, "the request is meant for the interface %q, not for %q", r.ReadString(), descriptor)
	}
	return q
}

// String returns the four letters.
func (p Partition) String() string {
	return string([]byte{byte(p >> 24), byte(p >> 16), byte(p >> 8), byte(p)})
}
