package gen_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"ubinder/gen"
	"ubinder/gen/compile"
	"ubinder/runtime/stub/wire"
)

// TestCurrentCodecsAreOfTheirMessages: the golden files are in this program.
func TestCurrentCodecsAreOfTheirMessages(t *testing.T) {
	require.NotPanics(t, wire.Check)
}

// TestStaleCodecs builds programs in which messages are newer than their codecs.
func TestStaleCodecs(t *testing.T) {
	tests := map[string]struct{ proto, old, new, main string }{
		"found at start": {
			"examples/greeter/greeter.proto", "message GreetRequest {", "message GreetRequest { string added = 9;",
			"import _ \"ubinder/examples/greeter\"\nfunc main() {}",
		},
		"found at the first use": {
			"gen/internal/golden/kinds/kinds.proto", "message Empty {", "message Empty { string added = 9;",
			"import _ \"ubinder/gen/internal/golden/kinds\"\nimport \"ubinder/runtime/stub\"\nfunc main() { stub.NewClient(nil, nil) }",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			source, err := os.ReadFile("../" + test.proto)
			require.NoError(t, err)
			require.Contains(t, string(source), test.old)
			out, err := runWith(t, test.main, nil)
			require.NoError(t, err, out)

			changed := strings.Replace(string(source), test.old, test.new, 1)
			out, err = runWith(t, test.main, messagesOf(t, test.proto, changed))
			require.Error(t, err, out)
			require.Contains(t, out, "panic: ubinder: the codecs of "+test.proto)
		})
	}
}

// TestStaleCodecsOfWhatIsImported builds a program with messages of two packages, one of which has changed since.
func TestStaleCodecsOfWhatIsImported(t *testing.T) {
	const inner = `syntax = "proto2";
package inner;
option go_package = "ubinder/gen/internal/golden/stale/inner";
message Inner { optional string text = 1; }
`
	const outer = `syntax = "proto3";
package outer;
import "inner/inner.proto";
option go_package = "ubinder/gen/internal/golden/stale/outer";
message Outer { Between between = 1; }
message Between { repeated inner.Inner inner = 1; }
`
	const main = "import _ \"ubinder/gen/internal/golden/stale/outer\"\nimport \"ubinder/runtime/stub\"\nfunc main() { stub.NewClient(nil, nil) }"
	for changed, stale := range map[string]bool{
		inner: false,
		strings.Replace(inner, "optional", "repeated", 1):                          false, // its own affair
		strings.Replace(inner, "optional", "required", 1):                          true,
		strings.Replace(inner, "text = 1;", "text = 1; extensions 100 to 200;", 1): true,
	} {
		dir := t.TempDir()
		files := generated(t, dir, "outer", map[string]string{"inner": inner, "outer": outer})
		for file, content := range generated(t, dir, "inner", map[string]string{"inner": changed}) {
			files[file] = content
		}
		out, err := runWith(t, main, files)
		if !stale {
			require.NoError(t, err, out)
			continue
		}
		require.Error(t, err, changed)
		require.Contains(t, out, "panic: ubinder: the codecs of outer/outer.proto")
		require.Contains(t, out, "before inner.Inner, which")
	}
}

// generated writes .proto files, each in a folder of its name below dir, and generates code of one.
func generated(t *testing.T, dir, of string, sources map[string]string) map[string]string {
	for name, source := range sources {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, name), 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name, name+".proto"), []byte(source), 0o666))
	}
	outputs, err := compile.Run(context.Background(), compile.Job{
		Files: []string{filepath.Join(dir, of, of+".proto")}, Includes: []string{dir}, Messages: true, Parts: gen.All,
	})
	require.NoError(t, err)
	files := make(map[string]string)
	for _, o := range outputs {
		if o.Content != nil {
			files[staleFolder+"/"+of+"/"+filepath.Base(o.Path)] = string(o.Content)
		}
	}
	return files
}

// messagesOf generates the messages alone of a .proto file with other content, by where they belong.
func messagesOf(t *testing.T, name, content string) map[string]string {
	dir := t.TempDir()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o666))
	outputs, err := compile.Run(context.Background(), compile.Job{Files: []string{path}, Includes: []string{dir, ".."}, Messages: true})
	require.NoError(t, err)
	messages := "../" + strings.TrimSuffix(name, ".proto") + ".pb.go"
	require.Equal(t, filepath.Base(messages), filepath.Base(outputs[0].Path))
	return map[string]string{messages: string(outputs[0].Content)}
}

// staleFolder is where programs are built that are only in tests.
const staleFolder = "internal/golden/stale"

// runWith runs a main package that sees other content of some files.
func runWith(t *testing.T, main string, instead map[string]string) (string, error) {
	files := map[string]string{staleFolder + "/main.go": "package main\n" + main}
	for file, content := range instead {
		files[file] = content
	}
	out, err := exec.Command("go", "run", "-overlay", overlay(t, files), "./"+staleFolder).CombinedOutput()
	return string(out), err
}

const checksumSource = `syntax = "proto3";
package test;
option go_package = "example.com/test";
enum E { ZERO = 0; ONE = 1; }
message Other {}
message M {
  int32 a = 1;
  repeated int32 b = 2;
  map<string, int32> c = 3;
  oneof d { string e = 4; bytes f = 5; }
  E g = 6;
  Other h = 7;
  optional string i = 8;
}
`

func TestChecksumSeesWhatCodecsDependOn(t *testing.T) {
	original := checksum(t, file(t, checksumSource))
	for _, change := range [][2]string{
		{"int32 a = 1;", ""},
		{"int32 a = 1;", "int32 a = 1; int32 z = 9;"},
		{"int32 a = 1;", "int32 a = 10;"},
		{"int32 a = 1;", "int32 z = 1;"},
		{"int32 a = 1;", "sint32 a = 1;"},
		{"int32 a = 1;", "sfixed32 a = 1;"},
		{"int32 a = 1;", "optional int32 a = 1;"},
		{"int32 a = 1;", "repeated int32 a = 1;"},
		{"int32 a = 1;", "oneof z { int32 a = 1; }"},
		{"int32 b = 2;", "int32 b = 2 [packed = false];"},
		{"map<string, int32>", "map<string, sint32>"},
		{"map<string, int32>", "map<bool, int32>"},
		{"string e = 4; bytes f = 5;", "string e = 5; bytes f = 4;"},
		{"string e = 4; bytes f = 5;", "string e = 4; bytes f = 5; bool z = 9;"},
		{"oneof d", "oneof z"},
		{"E g", "int32 g"},
		{"Other h", "E h"},
		{"optional string i", "optional bytes i"},
	} {
		changed := strings.Replace(checksumSource, change[0], change[1], 1)
		require.NotEqual(t, checksumSource, changed)
		require.NotEqual(t, original, checksum(t, file(t, changed)), "%s", changed)
	}
}

// TestChecksumSeesNothingElse: compilers describe one file in several ways.
func TestChecksumSeesNothingElse(t *testing.T) {
	original := checksum(t, file(t, checksumSource))
	for name, change := range map[string]func(f *descriptorpb.FileDescriptorProto){
		"names in JSON": func(f *descriptorpb.FileDescriptorProto) {
			for _, m := range f.MessageType {
				for _, field := range m.Field {
					field.JsonName = nil
				}
			}
		},
		"where what stands": func(f *descriptorpb.FileDescriptorProto) { f.SourceCodeInfo = nil },
		"the file's name":   func(f *descriptorpb.FileDescriptorProto) { f.Name = proto.String("another.proto") },
		"the Go package":    func(f *descriptorpb.FileDescriptorProto) { f.Options = nil },
		"more values":       func(f *descriptorpb.FileDescriptorProto) { f.EnumType[0].Value[1].Name = proto.String("TWO") },
		"what is the default": func(f *descriptorpb.FileDescriptorProto) {
			f.MessageType[1].Field[1].Options = &descriptorpb.FieldOptions{Packed: proto.Bool(true)}
		},
		"the order": func(f *descriptorpb.FileDescriptorProto) { slices.Reverse(f.MessageType[1].Field) },
	} {
		f := file(t, checksumSource)
		before := proto.Clone(f)
		change(f)
		require.False(t, proto.Equal(before, f), name)
		require.Equal(t, original, checksum(t, f), name)
	}
}

// file compiles a .proto file.
func file(t *testing.T, source string) *descriptorpb.FileDescriptorProto {
	path := filepath.Join(t.TempDir(), "test.proto")
	require.NoError(t, os.WriteFile(path, []byte(source), 0o666))
	request, err := compile.Request(context.Background(), compile.Job{Files: []string{path}, Includes: []string{filepath.Dir(path)}})
	require.NoError(t, err)
	return request.ProtoFile[0]
}

func checksum(t *testing.T, f *descriptorpb.FileDescriptorProto) uint64 {
	d, err := protodesc.NewFile(f, protoregistry.GlobalFiles)
	require.NoError(t, err)
	return wire.Checksum(d.Messages().ByName(protoreflect.Name("M")))
}
