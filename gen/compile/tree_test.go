package compile

import (
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOptionsAreBuiltIn(t *testing.T) {
	tree := newTree([]string{t.TempDir()})
	f, err := tree.open("ubinder/options.proto")
	require.NoError(t, err)
	defer f.Close()
	b, err := io.ReadAll(f)
	require.NoError(t, err)
	assert.Contains(t, string(b), "message Object {}")
	for _, name := range []string{"/ubinder/options.proto", "../include/ubinder/options.proto", "ubinder/none.proto"} {
		_, err := tree.FindFileByPath(name)
		assert.Error(t, err, name)
	}
}

func TestRequestIsWhatProtocSends(t *testing.T) {
	r, err := Request(context.Background(), Job{Files: []string{"../../examples/demo/demo.proto"}, Includes: []string{"../.."}})
	require.NoError(t, err)
	assert.Equal(t, []string{"examples/demo/demo.proto"}, r.FileToGenerate)
	var names []string
	for _, f := range r.ProtoFile {
		names = append(names, f.GetName())
	}
	assert.Equal(t, []string{"google/protobuf/empty.proto", "google/protobuf/descriptor.proto", "ubinder/options.proto", "examples/demo/demo.proto"}, names)
}

func TestNoFiles(t *testing.T) {
	outputs, err := Run(context.Background(), Job{})
	require.NoError(t, err)
	assert.Empty(t, outputs)
}
