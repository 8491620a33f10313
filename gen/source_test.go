package gen_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/gen"
	"ubinder/gen/compile"
)

const header = `syntax = "proto3";
package test;
import "ubinder/options.proto";
import "google/protobuf/empty.proto";
option go_package = "example.com/test";
`

// generate generates the code of .proto files, by name.
func generate(t testing.TB, sources map[string]string) ([]compile.Output, error) {
	dir := t.TempDir()
	job := compile.Job{Includes: []string{dir}, Messages: true, Parts: gen.All}
	for name, source := range sources {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, []byte(source), 0o666))
		job.Files = append(job.Files, path)
	}
	return compile.Run(context.Background(), job)
}
