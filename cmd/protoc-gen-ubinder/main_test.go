package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/pluginpb"

	"ubinder/gen/compile"
)

const golden = "../../gen/internal/golden/hub/hub"

func buildPlugin(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "protoc-gen-ubinder")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	return path
}

// run is what protoc does with a plugin.
func run(t *testing.T, plugin string, job compile.Job) *pluginpb.CodeGeneratorResponse {
	request, err := compile.Request(context.Background(), job)
	require.NoError(t, err)
	in, err := proto.Marshal(request)
	require.NoError(t, err)
	cmd := exec.Command(plugin)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	response := new(pluginpb.CodeGeneratorResponse)
	require.NoError(t, proto.Unmarshal(out, response))
	return response
}

func TestPlugin(t *testing.T) {
	plugin := buildPlugin(t)
	response := run(t, plugin, compile.Job{Files: []string{golden + ".proto"}, Includes: []string{"../.."}})
	require.Empty(t, response.GetError())
	require.Len(t, response.File, 2)
	for n, suffix := range []string{".codec.go", ".ubinder.go"} {
		assert.Equal(t, "gen/internal/golden/hub/hub"+suffix, response.File[n].GetName())
		expected, err := os.ReadFile(golden + suffix)
		require.NoError(t, err)
		assert.Equal(t, string(expected), response.File[n].GetContent())
	}
	features := pluginpb.CodeGeneratorResponse_Feature(response.GetSupportedFeatures())
	assert.NotZero(t, features&pluginpb.CodeGeneratorResponse_FEATURE_PROTO3_OPTIONAL)

	response = run(t, plugin, compile.Job{
		Files: []string{golden + ".proto"}, Includes: []string{"../.."}, Options: []string{"codecs=false", "paths=source_relative"},
	})
	require.Len(t, response.File, 1)
	assert.Equal(t, "gen/internal/golden/hub/hub.ubinder.go", response.File[0].GetName())

	response = run(t, plugin, compile.Job{
		Files: []string{"../../gen/testdata/errors/oneway.proto"}, Includes: []string{"../../gen/testdata/errors"},
	})
	assert.Contains(t, response.GetError(), "oneway.proto:6:3: rpc Answer is oneway")
	assert.Empty(t, response.File)
}

func TestPluginUnderProtoc(t *testing.T) {
	protoc, err := exec.LookPath("protoc")
	if err != nil {
		t.Skip("there is no protoc here")
	}
	dir := t.TempDir()
	out, err := exec.Command(protoc, "--plugin="+buildPlugin(t), "-I", "../..", "-I", "../../gen/include",
		"--ubinder_out="+dir, "--ubinder_opt=module=ubinder", "../../examples/greeter/greeter.proto").CombinedOutput()
	require.NoError(t, err, string(out))
	expected, err := os.ReadFile("../../examples/greeter/greeter.ubinder.go")
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(dir, "examples/greeter/greeter.ubinder.go"))
	require.NoError(t, err)
	assert.Equal(t, string(expected), string(got))
}

func TestPluginCalledByHand(t *testing.T) {
	out, err := exec.Command(buildPlugin(t), "--help").CombinedOutput()
	assert.Error(t, err)
	assert.Contains(t, string(out), "is called by protoc or buf")
}
