// Package stub is the façade that generated code imports, and the only package it needs besides its
// messages. Client and server code of a service is thin: what repeats stands here.
package stub

import (
	"context"
	"fmt"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// Interface describes a service to the runtime. Generated code holds one per service; it is
// immutable after InitInterface.
type Interface struct {
	Descriptor string
	Methods    []Method
	// AsClient returns the embedded Client when v is exactly this interface's generated client.
	AsClient func(v any) (Client, bool)
	id       uint32
	byCode   map[uint32]*Method
	dense    []*Method // the methods with small codes, by code
}

// Method is one transaction of an interface.
type Method struct {
	Name   string
	Code   uint32
	Oneway bool
	// Handle decodes the request, calls the implementation and sets the reply.
	Handle func(ctx context.Context, impl any, c *Incoming) error
}

const denseCodes = 256

// InitInterface completes an interface and returns it. It panics on a description that no generator
// makes.
func InitInterface(i *Interface) *Interface {
	i.id = binder.InterfaceID(i.Descriptor)
	i.byCode = make(map[uint32]*Method, len(i.Methods))
	for n := range i.Methods {
		m := &i.Methods[n]
		if i.byCode[m.Code] != nil {
			panic(fmt.Sprintf("stub: %s has two methods with code %d", i.Descriptor, m.Code))
		}
		i.byCode[m.Code] = m
		if m.Code < denseCodes {
			for uint32(len(i.dense)) <= m.Code {
				i.dense = append(i.dense, nil)
			}
			i.dense[m.Code] = m
		}
	}
	return i
}

func (i *Interface) method(code uint32) (*Method, error) {
	if code < uint32(len(i.dense)) {
		if m := i.dense[code]; m != nil {
			return m, nil
		}
	} else if m := i.byCode[code]; m != nil {
		return m, nil
	}
	return nil, status.Errorf(status.UnknownMethod, "%s has no method with code %d", i.Descriptor, code)
}
