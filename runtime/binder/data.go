package binder

import (
	"os"
)

// Encoding says how a payload is written, so that a receiver can refuse what it cannot read.
type Encoding uint8

// The encodings.
const (
	Raw      Encoding = 0 // bytes that only the two ends understand
	Protobuf Encoding = 1
	Parcel   Encoding = 2 // Android's parcel
)

// Flags modify a transaction. The values are the kernel driver's (TF_...).
type Flags uint32

// The flags.
const (
	Oneway    Flags = 0x01 // send and go on; no reply
	ClearBuf  Flags = 0x20 // zero all memory of the transport's that holds payload or reply when it is freed: they are secrets
	UpdateTxn Flags = 0x40 // replaces a pending oneway of the same sender, node and code in a frozen target

	// NoWait makes a call fail with status.Full where it would have to wait before it is sent: for room,
	// or for an introduction to a process that this one has not met. It stays here.
	NoWait Flags = 1 << 16
)

// Body writes a payload straight into the bus's memory. Size is called first, then AppendTo with
// an empty slice of that capacity; both on the caller's goroutine.
type Body interface {
	Size() int
	AppendTo(dst []byte) ([]byte, error)
}

// Data is the content of a transaction or of a reply on its way out. What it points to belongs to
// the sender and is only read, until the call that sends it returns.
type Data struct {
	Payload     []byte // the bytes to send, when Body is nil
	Body        Body
	Encoding    Encoding
	Attachments []Attachment
	Notes       []Note // of a call; this package's and the transport's
}

// Attachment is an object or a file that travels with a payload.
//
// Going out, Object and File stay the sender's. Coming in, they belong to the Received they are in
// until TakeObject or TakeFile takes them out.
type Attachment struct {
	Field  uint32   // the field of the payload it stands for (protobuf), the offset of its place (parcel), or its index (raw)
	Object Object   // a *Node, *Handle or *Weak; nil with a nil File is a null object
	File   *os.File // an open file; the receiver gets a duplicate
	Weak   bool     // the receiver gets a *Weak, as it always does of a *Weak
}

// Transaction is one call on its way out.
type Transaction struct {
	Code      uint32
	Flags     Flags
	Interface uint32 // InterfaceID of what the caller believes it calls; zero: not checked
	Posted    func() // for Async: called, unless it is nil, when a sync call is on its way
	Data
}

// InterfaceID returns the 32-bit FNV-1a hash of an interface descriptor. A node made with that
// descriptor refuses transactions that carry another one. It is never zero.
func InterfaceID(descriptor string) uint32 {
	h := uint32(2166136261)
	for i := range len(descriptor) {
		h = (h ^ uint32(descriptor[i])) * 16777619
	}
	if h == 0 {
		return 1
	}
	return h
}

// Received is the content of a transaction or reply that came in.
type Received struct {
	// Payload is private memory, valid until the call's handler returns, or ends its goroutine (runtime.Goexit), or the
	// reply is released; a large one is unmapped then. A message that was made of it may still point into it, see Keep.
	Payload     []byte
	Encoding    Encoding
	Attachments []Attachment
	keeper      Keeper // of the payload's memory; nil: it cannot be kept
	keeps       *byte  // where that begins: an interceptor may have put another payload in its place
}

// Keeper is a transport's memory for a payload that may be left to whoever points into it.
type Keeper interface {
	// Size returns how many bytes of memory that is: the payload's, or more.
	Size() int
	// Keep is called before the transport would use the memory again.
	Keep()
}

// SetKeeper is for transports. The payload, which is not empty, is set already.
func (r *Received) SetKeeper(k Keeper) { r.keeper, r.keeps = k, &r.Payload[0] }

// Keepable returns how many bytes of memory Keep would leave to whoever points into the payload; 0 if it has no effect.
func (r *Received) Keepable() int {
	if r.keeper == nil || len(r.Payload) == 0 || &r.Payload[0] != r.keeps {
		return 0
	}
	return r.keeper.Size()
}

// Keep has the payload's memory stay valid for as long as anybody points into it, if Keepable says so: it is the
// garbage collector's, and nobody else's any more. The bytes are not copied. Secrets and small payloads cannot be kept,
// nor large ones that are not protobuf, nor what an interceptor has put in the payload's place, nor anything twice: it
// has one owner.
func (r *Received) Keep() {
	if r.Keepable() > 0 {
		r.keeper.Keep()
		r.forget()
	}
}

// forget lets go of the keeper.
func (r *Received) forget() {
	if r.keeper != nil {
		r.keeper, r.keeps = nil, nil
	}
}

// TakeObject takes the first object of a field out of the message; from then on it is the caller's,
// to be given back with Release. It returns nil for a null object and for a field that has none.
func (r *Received) TakeObject(field uint32) Object {
	for i := range r.Attachments {
		if a := &r.Attachments[i]; a.Field == field && a.File == nil {
			o := a.Object
			r.remove(i)
			return o
		}
	}
	return nil
}

// TakeObjects takes all objects of a field, null ones included, in the order they were sent.
func (r *Received) TakeObjects(field uint32) []Object {
	var objects []Object
	kept := r.Attachments[:0]
	for _, a := range r.Attachments {
		if a.Field == field && a.File == nil {
			objects = append(objects, a.Object)
		} else {
			kept = append(kept, a)
		}
	}
	r.Attachments = kept
	return objects
}

// TakeFile takes the first file of a field out of the message; the caller closes it. It returns nil
// when the field has none.
func (r *Received) TakeFile(field uint32) *os.File {
	for i := range r.Attachments {
		if a := &r.Attachments[i]; a.Field == field && a.File != nil {
			f := a.File
			r.remove(i)
			return f
		}
	}
	return nil
}

// TakeFiles takes all files of a field, in the order they were sent.
func (r *Received) TakeFiles(field uint32) []*os.File {
	var files []*os.File
	for f := r.TakeFile(field); f != nil; f = r.TakeFile(field) {
		files = append(files, f)
	}
	return files
}

func (r *Received) remove(i int) {
	r.Attachments = append(r.Attachments[:i], r.Attachments[i+1:]...)
}

// drop gives back what nobody took.
func (r *Received) drop() {
	var objects []Object
	for i, a := range r.Attachments {
		if a.File != nil {
			a.File.Close()
		}
		if a.Object != nil {
			objects = append(objects, a.Object)
		}
		r.Attachments[i] = Attachment{}
	}
	if len(objects) > 0 {
		ReleaseAll(objects...)
	}
	r.Attachments = r.Attachments[:0]
}

// Reply is what came back. The zero Reply is ready for use and may be used again after Release.
type Reply struct {
	Received
	Delivery Delivery // of a oneway call
	memory   Memory   // of the payload; the transport's
}

// Delivery is what the sender of a oneway call may want to know besides that it was sent; flags.
type Delivery uint8

// What a oneway call may have met. The driver tells the same by BR_TRANSACTION_PENDING_FROZEN and
// BR_ONEWAY_SPAM_SUSPECT.
const (
	// PendingFrozen: the object's process is frozen; the call waits until it goes on.
	PendingFrozen Delivery = 1 << iota
	// SpamSuspected: this process has more oneway calls under way to the object's than is likely to be
	// meant, and little room is left. It is told once until there is room again; see
	// Process.SetOnewaySpamDetection.
	SpamSuspected
)

// Memory is what a transport lends for a payload. Free is called once.
type Memory interface{ Free() }

// SetMemory is for transports: m is freed by Release.
func (r *Reply) SetMemory(m Memory) { r.memory = m }

// Release gives back the payload's memory and every attachment that was not taken.
func (r *Reply) Release() {
	if len(r.Attachments) > 0 {
		r.drop()
	}
	if r.memory != nil {
		r.memory.Free()
		r.memory = nil
	}
	r.Payload = nil
	r.forget()
	r.Encoding = Raw
	r.Delivery = 0
}
