package gen

import (
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"

	"ubinder/runtime/stub/options"
)

// The codes that interfaces may use; the others are those of meta transactions, which every object
// answers. They are package binder's FirstCode and LastCode.
const (
	firstCode = 0x00000001
	lastCode  = 0x00ffff9b
)

// codes numbers the methods of a service. Methods without a code are counted from 1 in the order of
// declaration. A code that is just what its method would have got is counted too, so that codes can
// be written down later without changing any; every other code stands apart and is not counted. No
// code renumbers another method: a code that two methods would have is an error.
func (r *reader) codes(s *protogen.Service) []uint32 {
	next := uint32(firstCode)
	owner := make(map[uint32]*protogen.Method)
	var codes []uint32
	for _, m := range s.Methods {
		code, explicit := r.explicitCode(m)
		if !explicit {
			code = next
		}
		if code == next {
			next++
		}
		if first := owner[code]; first != nil {
			r.fail(m.Desc, "rpc %s has the transaction code %d, which rpc %s has already; a code once released must not change, so give the newer one another", m.Desc.Name(), code, first.Desc.Name())
		}
		owner[code] = m
		codes = append(codes, code)
	}
	return codes
}

func (r *reader) explicitCode(m *protogen.Method) (code uint32, explicit bool) {
	if !proto.HasExtension(m.Desc.Options(), options.E_Code) {
		return 0, false
	}
	code = proto.GetExtension(m.Desc.Options(), options.E_Code).(uint32)
	if code < firstCode || code > lastCode {
		r.fail(m.Desc, "rpc %s: the transaction code %#x is not between %d and %#x; the others are reserved for what every object answers, such as a dump", m.Desc.Name(), code, firstCode, lastCode)
	}
	return code, true
}
