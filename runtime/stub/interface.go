// Package stub is the façade that generated code imports, and the only package it needs besides its
// messages. Client and server code of a service is thin: what repeats stands here.
//
// # Who owns what
//
// A handler owns the objects and files that its method is given, the caller keeps its own: each
// side closes its files, and may Release its objects. A client owns the objects and files that a
// call returns. A handler gives away the files that it returns and keeps the objects: files are closed
// once the reply was sent, or cannot be. It is the same with files inside a parcelable of AIDL. What it
// returns beside an error stays its own.
//
// Arguments and results that are not right as a whole reach nobody; what came with them is given back.
// What a client returns beside an error is of no use.
//
// A message is whoever's it is for as long as he likes, with all that it holds. Of a large one, bytes fields may
// point into the memory that all of it came in: whoever keeps only a part of such a field for long clones that.
// WithBorrowedRequests says otherwise for a service that asks for it.
//
// An object that nobody releases, and a file that nobody closes, is given back by the garbage
// collector at some time; that is soon enough for objects, and seldom for files.
//
// A call on an implementation of this process, as AsX may return it, is a plain Go call: caller and
// implementation then share messages, objects and files. NewXClient makes a client that never does.
package stub

import (
	"context"
	"fmt"
	"sync/atomic"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
	"ubinder/runtime/stub/wire"
)

// Interface describes a service to the runtime. Generated code holds one per service; it is
// immutable after Define.
type Interface struct {
	descriptor string
	version    int32
	hash       string
	id         uint32
	client     func(v any) (Client, bool)
	methods    []Method
	byCode     map[uint32]*Method
	dense      []*Method // the methods with small codes, by code
	parcel     bool      // requests and replies are Android's parcels, not protobuf
	vintf      bool

	spare atomic.Pointer[outgoing] // the memory of a call, for the next one; nil while one is under way
}

// Method is one transaction of an interface.
type Method struct {
	Name   string
	Code   uint32
	Oneway bool
	// Handle decodes the request, calls the implementation and sets the reply.
	Handle func(ctx context.Context, impl any, c *Incoming) error
	// HandleParcel does that for an interface of AIDL.
	HandleParcel func(ctx context.Context, impl any, c *IncomingParcel) error
}

const denseCodes = 256

// NewInterface names an interface, says its version, from 1, and the hash of its definition. Its methods follow with Define, in an init function: interfaces
// may pass each other in their methods, and Go allows no such circle between package variables.
func NewInterface(descriptor string, version int32, hash string) *Interface {
	return &Interface{descriptor: descriptor, version: version, hash: hash, id: binder.InterfaceID(descriptor)}
}

// NewAIDL is NewInterface for an interface of AIDL, whose requests and replies are parcels. version is 0
// and hash empty for one that is not frozen; vintf says that it is stable between system and vendor.
func NewAIDL(descriptor string, version int32, hash string, vintf bool) *Interface {
	i := NewInterface(descriptor, version, hash)
	i.parcel, i.vintf = true, vintf
	return i
}

// Version returns the version of the definition that this program was built with. What an object
// implements, binder.InterfaceVersion tells.
func (i *Interface) Version() int32 { return i.version }

// Hash returns the hash of the definition that this program was built with.
func (i *Interface) Hash() string { return i.hash }

// Descriptor returns the name of the interface on the bus.
func (i *Interface) Descriptor() string { return i.descriptor }

// Methods returns the methods in the order of their declaration; the slice is not to be changed.
func (i *Interface) Methods() []Method { return i.methods }

// Define completes an interface; client is ClientOf of its generated client. It panics on a
// description that no generator makes, and if a codec is not of the messages that it was generated for.
func (i *Interface) Define(client func(v any) (Client, bool), methods ...Method) {
	wire.Check()
	i.client = client
	i.methods = methods
	i.byCode = make(map[uint32]*Method, len(methods))
	for n := range methods {
		m := &methods[n]
		if m.Code < binder.FirstCode || m.Code > binder.LastCode {
			panic(fmt.Sprintf("stub: %s.%s has the reserved code %#x", i.descriptor, m.Name, m.Code))
		}
		if i.byCode[m.Code] != nil {
			panic(fmt.Sprintf("stub: %s has two methods with code %d", i.descriptor, m.Code))
		}
		i.byCode[m.Code] = m
		if m.Code < denseCodes {
			for uint32(len(i.dense)) <= m.Code {
				i.dense = append(i.dense, nil)
			}
			i.dense[m.Code] = m
		}
	}
}

func (i *Interface) method(code uint32) (*Method, error) {
	if code < uint32(len(i.dense)) {
		if m := i.dense[code]; m != nil {
			return m, nil
		}
	} else if m := i.byCode[code]; m != nil {
		return m, nil
	}
	return nil, status.Errorf(status.UnknownMethod, "%s has no method with code %d", i.descriptor, code)
}

// Unimplemented is what a method answers that the service does not have.
func Unimplemented(descriptor, method string) error {
	return status.Errorf(status.UnknownMethod, "%s: method %s is not implemented", descriptor, method)
}
