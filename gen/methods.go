package gen

import (
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/pluginpb"
)

// Methods returns the methods of every service of a request, by the descriptor of its interface and
// the transaction code.
func Methods(request *pluginpb.CodeGeneratorRequest) (map[string]map[uint32]protoreflect.MethodDescriptor, error) {
	plugin, err := protogen.Options{}.New(request)
	if err != nil {
		return nil, err
	}
	r := newReader(plugin)
	methods := make(map[string]map[uint32]protoreflect.MethodDescriptor)
	for _, f := range plugin.Files {
		for _, s := range f.Services {
			byCode := make(map[uint32]protoreflect.MethodDescriptor)
			for n, code := range r.codes(s) {
				byCode[code] = s.Methods[n].Desc
			}
			methods[r.descriptor(s)] = byCode
		}
	}
	return methods, r.wrong.Err()
}
