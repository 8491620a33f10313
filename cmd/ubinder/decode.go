package main

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/pluginpb"

	"ubinder/gen"
	"ubinder/gen/compile"
)

// schema knows the methods of interfaces, and so what the bytes of their messages mean.
type schema map[string]map[uint32]protoreflect.MethodDescriptor

// newSchema reads .proto files; the interfaces that this program is made of it knows without.
func newSchema(ctx context.Context, files, includes []string) (schema, error) {
	all, err := gen.Methods(linkedServices())
	if err != nil || len(files) == 0 {
		return all, err
	}
	request, err := compile.Request(ctx, compile.Job{Files: files, Includes: includes})
	if err != nil {
		return nil, err
	}
	more, err := gen.Methods(request)
	maps.Copy(all, more)
	return all, err
}

func linkedServices() *pluginpb.CodeGeneratorRequest {
	r := new(pluginpb.CodeGeneratorRequest)
	seen := make(map[string]bool)
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		if f.Services().Len() > 0 {
			addWithImports(r, f, seen)
		}
		return true
	})
	return r
}

func addWithImports(r *pluginpb.CodeGeneratorRequest, f protoreflect.FileDescriptor, seen map[string]bool) {
	if seen[f.Path()] {
		return
	}
	seen[f.Path()] = true
	for i := range f.Imports().Len() {
		addWithImports(r, f.Imports().Get(i).FileDescriptor, seen)
	}
	r.ProtoFile = append(r.ProtoFile, protodesc.ToFileDescriptorProto(f))
}

// decode writes a message as JSON; "" when it is not of that type.
func decode(m protoreflect.MessageDescriptor, payload []byte) string {
	message := dynamicpb.NewMessage(m)
	if err := proto.Unmarshal(payload, message); err != nil {
		return ""
	}
	text, err := protojson.Marshal(message)
	if err != nil {
		return ""
	}
	var plain bytes.Buffer // protojson varies its spaces on purpose
	if err := json.Compact(&plain, text); err != nil {
		return ""
	}
	return plain.String()
}
