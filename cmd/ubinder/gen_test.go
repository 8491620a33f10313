package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/gen"
)

const genSource = `syntax = "proto3";
package shop;
import "ubinder/options.proto";
option go_package = "example.com/shop/api";
service Shop { rpc Open(Request) returns (Request); }
message Request { string name = 1; ubinder.File file = 2; }
`

// runGen runs `ubinder gen` in a folder that holds the given files.
func runGen(t *testing.T, files map[string]string, args ...string) (stdout string, err error) {
	t.Chdir(t.TempDir())
	for name, content := range files {
		writeSource(t, name, content)
	}
	return runGenHere(t, args...)
}

func runGenHere(t *testing.T, args ...string) (stdout string, err error) {
	var out bytes.Buffer
	cmd := newGenCommand()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SilenceErrors = true
	err = cmd.Execute()
	return out.String(), err
}

func writeSource(t *testing.T, name, content string) {
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o777))
	require.NoError(t, os.WriteFile(name, []byte(content), 0o666))
}

// generatedFiles lists the Go files below the working directory.
func generatedFiles(t *testing.T) []string {
	var list []string
	require.NoError(t, filepath.WalkDir(".", func(path string, _ os.DirEntry, err error) error {
		if strings.HasSuffix(path, ".go") {
			list = append(list, path)
		}
		return err
	}))
	return list
}

func TestGenPlaces(t *testing.T) {
	tests := map[string]struct {
		args []string
		want []string
	}{
		"beside the file": {
			[]string{"proto/shop.proto"},
			[]string{"proto/shop.codec.go", "proto/shop.pb.go", "proto/shop.ubinder.go"},
		},
		"beside it, wherever it is imported from": {
			[]string{"-I", "proto", "proto/shop.proto"},
			[]string{"proto/shop.codec.go", "proto/shop.pb.go", "proto/shop.ubinder.go"},
		},
		"by the name it is imported by": {
			[]string{"-I", "proto", "shop.proto"},
			[]string{"proto/shop.codec.go", "proto/shop.pb.go", "proto/shop.ubinder.go"},
		},
		"another folder": {
			[]string{"--out", "go", "-I", "proto", "proto/shop.proto"},
			[]string{"go/shop.codec.go", "go/shop.pb.go", "go/shop.ubinder.go"},
		},
		"by import path": {
			[]string{"--paths", "import", "proto/shop.proto"},
			[]string{"example.com/shop/api/shop.codec.go", "example.com/shop/api/shop.pb.go", "example.com/shop/api/shop.ubinder.go"},
		},
		"within a module": {
			[]string{"--module", "example.com/shop", "proto/shop.proto"},
			[]string{"api/shop.codec.go", "api/shop.pb.go", "api/shop.ubinder.go"},
		},
		"as protoc is told": {
			[]string{"--go_opt", "paths=source_relative", "--out", "go", "proto/shop.proto"},
			[]string{"go/proto/shop.codec.go", "go/proto/shop.pb.go", "go/proto/shop.ubinder.go"},
		},
		"codecs alone": {
			[]string{"--messages=false", "--services=false", "proto/shop.proto"},
			[]string{"proto/shop.codec.go"},
		},
		"services alone": {
			[]string{"--messages=false", "--codecs=false", "proto/shop.proto"},
			[]string{"proto/shop.ubinder.go"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			out, err := runGen(t, map[string]string{"proto/shop.proto": genSource}, test.args...)
			require.NoError(t, err)
			assert.Empty(t, out)
			assert.Equal(t, test.want, generatedFiles(t))
		})
	}
}

func TestGenCheck(t *testing.T) {
	files := map[string]string{"shop.proto": genSource}
	_, err := runGen(t, files, "--check", "shop.proto")
	assert.ErrorContains(t, err, "shop.pb.go (missing)")
	assert.ErrorContains(t, err, "shop.ubinder.go (missing)")
	assert.Empty(t, generatedFiles(t), "it writes nothing")

	_, err = runGenHere(t, "shop.proto")
	require.NoError(t, err)
	_, err = runGenHere(t, "--check", "shop.proto")
	require.NoError(t, err)

	writeSource(t, "shop.ubinder.go", "package api\n")
	_, err = runGenHere(t, "--check", "shop.proto")
	assert.ErrorContains(t, err, "shop.ubinder.go")
	assert.NotContains(t, err.Error(), "shop.pb.go")
}

// TestGenLeavesNoCodecBehind: it would go on to be used, for messages that it was not made for.
func TestGenLeavesNoCodecBehind(t *testing.T) {
	_, err := runGen(t, map[string]string{"shop.proto": genSource}, "shop.proto")
	require.NoError(t, err)
	_, err = runGenHere(t, "--messages=false", "--codecs=false", "shop.proto")
	require.NoError(t, err)
	require.FileExists(t, "shop.codec.go", "the messages are those of before")
	_, err = runGenHere(t, "--check", "--codecs=false", "shop.proto")
	require.ErrorContains(t, err, "shop.codec.go (would be removed)")
	_, err = runGenHere(t, "--codecs=false", "shop.proto")
	require.NoError(t, err)
	require.NoFileExists(t, "shop.codec.go")
	_, err = runGenHere(t, "--check", "--codecs=false", "shop.proto")
	require.NoError(t, err)

	writeSource(t, "shop.codec.go", "package api // by hand\n")
	_, err = runGenHere(t, "--codecs=false", "shop.proto")
	require.NoError(t, err)
	require.FileExists(t, "shop.codec.go", "it is somebody else's")

	require.NoError(t, os.Remove("shop.codec.go"))
	_, err = runGenHere(t, "shop.proto")
	require.NoError(t, err)
	writeSource(t, "shop.proto", "syntax = \"proto3\";\noption go_package = \"example.com/shop/api\";\n")
	_, err = runGenHere(t, "shop.proto")
	require.NoError(t, err)
	require.NoFileExists(t, "shop.codec.go", "there are no messages any more")
}

func TestGenLeavesCurrentFilesAlone(t *testing.T) {
	_, err := runGen(t, map[string]string{"shop.proto": genSource}, "shop.proto")
	require.NoError(t, err)
	long := time.Unix(1, 0)
	require.NoError(t, os.Chtimes("shop.pb.go", long, long))
	_, err = runGenHere(t, "shop.proto")
	require.NoError(t, err)
	info, err := os.Stat("shop.pb.go")
	require.NoError(t, err)
	assert.Equal(t, long, info.ModTime())
}

func TestGenErrors(t *testing.T) {
	tests := map[string]struct {
		files map[string]string
		args  []string
		want  string
	}{
		"no file":           {nil, []string{}, "requires at least 1 arg"},
		"missing file":      {nil, []string{"-I", "a", "-I", "b", "x.proto"}, "there is no file x.proto, and none of that name in the import folders (a, b)"},
		"folder":            {map[string]string{"a/x.proto": genSource}, []string{"a"}, "a is a folder; name the files in it, such as a/*.proto"},
		"outside":           {map[string]string{"a/x.proto": genSource}, []string{"-I", "b", "a/x.proto"}, "a/x.proto is in none of the import folders (b); add -I a"},
		"hidden":            {map[string]string{"a/x.proto": genSource, "b/x.proto": genSource}, []string{"-I", "a", "-I", "b", "b/x.proto"}, "b/x.proto would be imported as x.proto, but that means a/x.proto; change the order of -I"},
		"missing import":    {map[string]string{"x.proto": `syntax = "proto3"; import "y.proto";`}, []string{"x.proto"}, `x.proto:1:27: could not resolve path "y.proto": not found in the import folders (.)`},
		"syntax":            {map[string]string{"p/x.proto": "syntax = \"proto3\";\nmessage {}"}, []string{"-I", "p", "p/x.proto"}, "p/x.proto:2:9: syntax error"},
		"no package":        {map[string]string{"x.proto": `syntax = "proto3";`}, []string{"x.proto"}, "x.proto:1:1: the Go package is not known"},
		"bad package":       {map[string]string{"x.proto": `syntax = "proto3"; option go_package = "x";`}, []string{"x.proto"}, `invalid Go import path "x" for "x.proto"`},
		"wrong module":      {map[string]string{"x.proto": genSource}, []string{"--module", "example.com/other", "x.proto"}, "does not match prefix"},
		"unknown paths":     {map[string]string{"x.proto": genSource}, []string{"--paths", "here", "x.proto"}, `unknown path type "here"`},
		"unknown interface": {map[string]string{"x.proto": strings.Replace(genSource, "ubinder.File file = 2", `ubinder.Object o = 2 [(ubinder.interface)="I"]`, 1)}, []string{"x.proto"}, `x.proto:6:36: field o: there is no service "I" here`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := runGen(t, test.files, test.args...)
			assert.ErrorContains(t, err, test.want)
			assert.Empty(t, generatedFiles(t))
		})
	}
}

func TestGenMapsPackages(t *testing.T) {
	source := strings.Replace(genSource, `option go_package = "example.com/shop/api";`, "", 1)
	_, err := runGen(t, map[string]string{"shop.proto": source}, "--go_opt", "Mshop.proto=example.com/mapped", "shop.proto")
	require.NoError(t, err)
	content, err := os.ReadFile("shop.ubinder.go")
	require.NoError(t, err)
	assert.Contains(t, string(content), "package mapped\n")
}

func TestGenJSON(t *testing.T) {
	out, err := runGen(t, map[string]string{"x.proto": "syntax = \"proto3\";\nmessage A { B b = 1; C c = 2; }"}, "--json", "x.proto")
	assert.EqualError(t, err, "2 errors in .proto files")
	var found gen.Diagnostics
	for dec := json.NewDecoder(strings.NewReader(out)); dec.More(); {
		d := new(gen.Diagnostic)
		require.NoError(t, dec.Decode(d))
		found = append(found, d)
	}
	require.Len(t, found, 2)
	assert.Equal(t, "x.proto", found[0].File)
	assert.Equal(t, 2, found[0].Line)
	assert.Equal(t, 13, found[0].Column)
	assert.Contains(t, found[0].Message, "B")
}

func TestGenHelp(t *testing.T) {
	out, err := runGenHere(t, "--help")
	require.NoError(t, err)
	assert.Contains(t, out, "ubinder gen greeter/greeter.proto")
}
