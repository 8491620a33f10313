package toproto

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bufbuild/protocompile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ubinder/aidl/check"
	"ubinder/aidl/check/checktest"
	"ubinder/aidl/diag"
	"ubinder/aidl/load"
	"ubinder/aidl/model"
	"ubinder/gen"
	"ubinder/gen/compile"
)

var update = flag.Bool("update", false, "write the expected files anew")

// golden compares with a file, or writes it and fails, so that nobody refreshes it without a look.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	want, _ := os.ReadFile(path)
	if *update && string(want) != got {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o666))
		t.Errorf("%s is written anew; look at it", path)
		return
	}
	assert.Equal(t, string(want), got, path)
}

func modelOf(t *testing.T, texts map[string]string) []*model.File {
	t.Helper()
	p := check.New(load.Texts(texts))
	for _, f := range p.Files() {
		l := diag.List{All: p.Check(f, check.Options{})}
		require.NoError(t, l.Err())
	}
	return p.Model(p.Files(), check.Options{})
}

func room(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/IRoom.aidl")
	require.NoError(t, err)
	return map[string]string{
		"demo/chat/IRoom.aidl":    string(text),
		"demo/chat/Guest.aidl":    "package demo.chat; parcelable Guest { String name; demo.base.Mood mood; }",
		"demo/base/Mood.aidl":     "package demo.base; enum Mood { CALM, LOUD }",
		"demo/other/Picture.aidl": "package demo.other; parcelable Picture cpp_header \"p.h\";",
	}
}

func TestWhatBecomesOfAnInterface(t *testing.T) {
	files, losses := Convert(modelOf(t, room(t)), Options{GoPackage: "example.com/demo"})
	var b strings.Builder
	for _, f := range files {
		fmt.Fprintf(&b, "==== %s\n%s", f.Path, f.Text)
	}
	fmt.Fprintln(&b, "==== losses")
	for _, l := range losses {
		fmt.Fprintf(&b, "%s:%d: %v %s\n", l.File, l.Line, l.Left, l.Message)
	}
	golden(t, "IRoom.proto.txt", b.String())
}

// What comes out is what ubinder's generator takes.
func TestTheGeneratorTakesIt(t *testing.T) {
	files, _ := Convert(modelOf(t, room(t)), Options{GoPackage: "example.com/demo"})
	dir := t.TempDir()
	job := compile.Job{Includes: []string{dir}, Out: dir, Messages: true, Parts: gen.All}
	for _, f := range files {
		path := filepath.Join(dir, f.Path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, []byte(f.Text), 0o666))
		job.Files = append(job.Files, path)
	}
	outputs, err := compile.Run(t.Context(), job)
	require.NoError(t, err)
	written := slices.DeleteFunc(outputs, func(o compile.Output) bool { return o.Content == nil })
	assert.Len(t, written, 5, "messages of three packages, and the codecs and services of one")
}

func TestPackagesOfACircleAreOne(t *testing.T) {
	files, losses := Convert(modelOf(t, map[string]string{
		"a/A.aidl":  "package a; parcelable A { @nullable(heap=true) bb.B b; }",
		"bb/B.aidl": "package bb; parcelable B { a.A[] a; interface I { B f(); } }",
		"c/C.aidl":  "package c; parcelable C { bb.B[] b; }",
	}), Options{})
	require.Len(t, losses, 1)
	assert.Equal(t, "a and bb need each other, and are one package: a", losses[0].Message)
	require.Len(t, files, 2)
	assert.Equal(t, "a.proto", files[0].Path)
	assert.Contains(t, files[0].Text, "message bb_B {")
	assert.Contains(t, files[0].Text, `option (ubinder.descriptor) = "bb.B.I";`)
	assert.Contains(t, files[1].Text, `import "a.proto";`)
	assert.Contains(t, files[1].Text, "repeated .a.bb_B b = 1;")
}

func TestNamesThatClashGetUnderscores(t *testing.T) {
	files, _ := Convert(modelOf(t, map[string]string{
		"a/IA.aidl":          "package a; interface IA { void f(int i); parcelable FRequest {} }",
		"a/IAClient.aidl":    "package a; interface IAClient {}",
		"a/IA_FRequest.aidl": "package a; union IA_FRequest { int value; int Value_; }",
		"a/IAFRequest.aidl":  "package a; enum IAFRequest { A, a }",
	}), Options{})
	require.Len(t, files, 1)
	for _, want := range []string{
		"message IA_FRequest {", "message IA_FRequest_ {", "rpc F(IAFRequest_)", "service IAClient_ {", "oneof value_3 {", "int32 value = 1;", "int32 value__2 = 2;",
		"IAFREQUEST_A = 0;", "IAFREQUEST_a_2 = 1;",
	} {
		assert.Contains(t, files[0].Text, want)
	}
}

// Whatever names AIDL has, and however packages need each other, protobuf takes what comes out.
func TestWhatComesOutIsProtobuf(t *testing.T) {
	options, err := os.ReadFile("../../gen/include/ubinder/options.proto")
	require.NoError(t, err)
	rapid.Check(t, func(rt *rapid.T) {
		texts := checktest.Tree(rt)
		in, err := checktest.Model(texts, check.Options{})
		if err != nil {
			return
		}
		files, _ := Convert(in, Options{GoPackage: "example.com/x"})
		protos := map[string]string{"ubinder/options.proto": string(options)}
		var paths []string
		for _, f := range files {
			protos[f.Path] = f.Text
			paths = append(paths, f.Path)
		}
		c := protocompile.Compiler{Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{Accessor: protocompile.SourceAccessorFromMap(protos)})}
		_, err = c.Compile(t.Context(), paths...)
		require.NoError(rt, err, "%v\n%v", texts, files)
	})
}

func TestMethodsKeepTheirCodes(t *testing.T) {
	files, _ := Convert(modelOf(t, map[string]string{
		"a/IA.aidl": "package a; interface IA { void e() = 4; void a() = 0; void c() = 2; void b() = 1; void d() = 3; }",
	}), Options{})
	for _, want := range []string{
		"E(google.protobuf.Empty) returns (google.protobuf.Empty) { option (ubinder.code) = 5; }", "A(google.protobuf.Empty) returns (google.protobuf.Empty);",
		"C(google.protobuf.Empty) returns (google.protobuf.Empty) { option (ubinder.code) = 3; }", "B(google.protobuf.Empty) returns (google.protobuf.Empty);",
		"D(google.protobuf.Empty) returns (google.protobuf.Empty) { option (ubinder.code) = 4; }",
	} {
		assert.Contains(t, files[0].Text, want)
	}
}
