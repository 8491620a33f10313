// Package compile generates Go code from .proto files within one process: it needs neither protoc
// nor plugins, so that a user of ubinder needs Go alone.
package compile

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"google.golang.org/protobuf/cmd/protoc-gen-go/internal_gengo"
	"google.golang.org/protobuf/compiler/protogen"

	"ubinder/gen"
)

// Job says what to generate.
type Job struct {
	Files    []string // .proto files, as paths of this system
	Includes []string // folders that imports are looked up in; none means the working directory
	Out      string   // the folder that the code's paths are in; by default the one that the .proto file's is in
	Options  []string // as protoc-gen-go takes them: paths=import, module=PREFIX, Mfile.proto=PACKAGE
	Messages bool     // also write what protoc-gen-go does
	gen.Parts
}

// Output is one generated file, or one that must not be there: its Content is nil.
type Output struct {
	Path    string // on this system
	Content []byte
}

const messagesSuffix = ".pb.go" // as protoc-gen-go has it

var suffixes = []string{messagesSuffix, gen.Suffix, gen.CodecSuffix}

// Run generates the code of a job and returns it in a fixed order, without writing it. Beside messages that
// are written without codecs there must be none, from before: it would go on to be used. Errors in
// the .proto files come as gen.Diagnostics.
func Run(ctx context.Context, job Job) ([]Output, error) {
	tree := newTree(job.Includes)
	request, err := job.request(ctx, tree)
	if err != nil {
		return nil, err
	}
	if err := tree.located(goPackages(request)); err != nil {
		return nil, err
	}
	plugin, err := protogen.Options{}.New(request)
	if err != nil {
		return nil, err
	}
	if err := job.generate(plugin); err != nil {
		return nil, tree.located(err)
	}
	return job.outputs(plugin, tree)
}

func (job Job) generate(plugin *protogen.Plugin) error {
	if job.Messages {
		for _, f := range plugin.Files {
			if f.Generate {
				internal_gengo.GenerateFile(plugin, f)
			}
		}
	}
	return gen.Generate(plugin, job.Parts)
}

// beside reports whether code goes beside its .proto file: unless the options or Out say otherwise.
func (job Job) beside() bool {
	for _, o := range job.Options {
		if strings.HasPrefix(o, "paths=") || strings.HasPrefix(o, "module=") {
			return false
		}
	}
	return true
}

func (job Job) parameter() string {
	options := job.Options
	if job.beside() {
		options = append([]string{"paths=source_relative"}, options...)
	}
	return strings.Join(options, ",")
}

func (job Job) outputs(plugin *protogen.Plugin, t *tree) ([]Output, error) {
	response := plugin.Response()
	if response.Error != nil {
		return nil, errors.New(response.GetError())
	}
	var outputs []Output
	add := func(name string, content []byte) {
		outputs = append(outputs, Output{filepath.Join(job.root(plugin, t, name), filepath.FromSlash(name)), content})
	}
	written := make(map[string]bool)
	for _, f := range response.File {
		written[f.GetName()] = true
		add(f.GetName(), []byte(f.GetContent()))
	}
	for _, f := range response.File {
		messages, is := strings.CutSuffix(f.GetName(), messagesSuffix)
		if codec := messages + gen.CodecSuffix; is && !written[codec] {
			add(codec, nil)
		}
	}
	return outputs, nil
}

// root returns the folder that an output's name is relative to.
func (job Job) root(plugin *protogen.Plugin, t *tree, output string) string {
	if job.Out != "" || !job.beside() {
		return job.Out
	}
	for _, f := range plugin.Files {
		suffix, is := strings.CutPrefix(output, f.GeneratedFilenamePrefix)
		if f.Generate && is && slices.Contains(suffixes, suffix) {
			return t.rootOf(f.Desc.Path())
		}
	}
	return ""
}
