package compile

import (
	"context"
	"errors"
	"fmt"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"github.com/bufbuild/protocompile/protoutil"
	"github.com/bufbuild/protocompile/reporter"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/pluginpb"

	"ubinder/gen"
)

// Request compiles the files of a job and returns what protoc would send to a plugin for them.
func Request(ctx context.Context, job Job) (*pluginpb.CodeGeneratorRequest, error) {
	return job.request(ctx, newTree(job.Includes))
}

func (job Job) request(ctx context.Context, t *tree) (*pluginpb.CodeGeneratorRequest, error) {
	names, err := t.names(job.Files)
	if err != nil {
		return nil, err
	}
	files, err := t.compile(ctx, names)
	if err != nil {
		return nil, err
	}
	request := &pluginpb.CodeGeneratorRequest{FileToGenerate: names, Parameter: new(job.parameter())}
	seen := make(map[string]bool)
	for _, f := range files {
		addFile(request, f, seen)
	}
	return reread(request)
}

func (t *tree) compile(ctx context.Context, names []string) (linker.Files, error) {
	var wrong gen.Diagnostics
	compiler := protocompile.Compiler{
		Resolver:       protocompile.WithStandardImports(t),
		SourceInfoMode: protocompile.SourceInfoStandard,
		Reporter: reporter.NewReporter(func(err reporter.ErrorWithPos) error {
			wrong = append(wrong, t.diagnostic(err))
			return nil
		}, nil),
	}
	files, err := compiler.Compile(ctx, names...)
	var unresolved reporter.ErrorWithPos
	if errors.As(err, &unresolved) {
		wrong = append(wrong, t.diagnostic(unresolved)) // it did not go to the reporter
	}
	if len(wrong) > 0 {
		return nil, wrong.Err()
	}
	return files, err
}

func (t *tree) diagnostic(err reporter.ErrorWithPos) *gen.Diagnostic {
	pos := err.GetPosition()
	return &gen.Diagnostic{
		File: t.display(pos.Filename), Line: pos.Line, Column: pos.Col, Message: err.Unwrap().Error(),
	}
}

// addFile adds a file after everything it imports, as protoc promises to plugins.
func addFile(r *pluginpb.CodeGeneratorRequest, f protoreflect.FileDescriptor, seen map[string]bool) {
	if seen[f.Path()] {
		return
	}
	seen[f.Path()] = true
	imports := f.Imports()
	for i := range imports.Len() {
		addFile(r, imports.Get(i).FileDescriptor, seen)
	}
	r.ProtoFile = append(r.ProtoFile, protoutil.ProtoFromFileDescriptor(f))
}

// reread turns the compiler's own representation of options into the generated types that plugins
// look for, as the way through protoc would.
func reread(r *pluginpb.CodeGeneratorRequest) (*pluginpb.CodeGeneratorRequest, error) {
	b, err := proto.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("descriptors: %w", err)
	}
	out := new(pluginpb.CodeGeneratorRequest)
	if err := proto.Unmarshal(b, out); err != nil {
		return nil, fmt.Errorf("descriptors: %w", err)
	}
	return out, nil
}
