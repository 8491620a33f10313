package gen_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/aidl/check"
	"ubinder/aidl/diag"
	"ubinder/aidl/load"
	"ubinder/gen"
	"ubinder/gen/compile"
)

var update = flag.Bool("update", false, "rewrite the generated code that is committed")

// committed are the jobs whose output is in the repository.
func committed(t *testing.T) map[string]compile.Job {
	golden, err := filepath.Glob("internal/golden/*/*.proto")
	require.NoError(t, err)
	examples, err := filepath.Glob("../examples/*/*.proto")
	require.NoError(t, err)
	return map[string]compile.Job{
		"golden":   {Files: golden, Includes: []string{".."}, Messages: true, Parts: gen.All},
		"examples": {Files: examples, Includes: []string{".."}, Messages: true, Parts: gen.All},
		"service manager": {
			Files:    []string{"../servicemanager/servicemanager.proto"},
			Includes: []string{".."}, Out: "..", Options: []string{"module=ubinder"}, Messages: true, Parts: gen.All,
		},
		"options": { // objects and files travel beside messages: a codec would do nothing
			Files:    []string{"include/ubinder/options.proto"},
			Includes: []string{"include"}, Out: "..", Options: []string{"module=ubinder"}, Messages: true,
		},
	}
}

func TestCommittedCodeIsCurrent(t *testing.T) {
	for name, job := range committed(t) {
		t.Run(name, func(t *testing.T) {
			outputs, err := compile.Run(context.Background(), job)
			require.NoError(t, err)
			require.NotEmpty(t, outputs)
			for _, o := range outputs {
				compareFile(t, o)
			}
		})
	}
}

func TestCommittedCodeOfAIDLIsCurrent(t *testing.T) {
	const root = "internal/golden/aidl"
	files, err := load.Find([]string{root})
	require.NoError(t, err)
	set, err := load.Files(files, load.Options{Tree: true})
	require.NoError(t, err)
	program := check.New(set)
	for _, f := range program.Files() {
		for _, d := range program.Check(f, check.Options{}) {
			require.NotEqual(t, diag.Error, d.Severity, d.Error())
		}
	}
	outputs, err := gen.GenerateAIDL(gen.AIDL{
		Files: program.Model(program.Files(), check.Options{Version: 2, Hash: "golden"}), Base: "ubinder/gen/" + root,
	})
	require.NoError(t, err)
	require.NotEmpty(t, outputs)
	for _, o := range outputs {
		compareFile(t, compile.Output{Path: filepath.Join(root, o.Path), Content: o.Content})
	}
}

// compareFile fails the run that refreshes a file, too: somebody must look at the difference.
func compareFile(t *testing.T, o compile.Output) {
	if o.Content == nil {
		require.NoFileExists(t, o.Path)
		return
	}
	old, err := os.ReadFile(o.Path)
	if err == nil && string(old) == string(o.Content) {
		return
	}
	if !*update {
		t.Errorf("%s is not what is generated now; run go test ./gen -update and look at the difference", o.Path)
		return
	}
	require.NoError(t, os.MkdirAll(filepath.Dir(o.Path), 0o777))
	require.NoError(t, os.WriteFile(o.Path, o.Content, 0o666))
	t.Errorf("%s was rewritten", o.Path)
}

func TestOutputDoesNotDependOnTheRun(t *testing.T) {
	job := committed(t)["golden"]
	first, err := compile.Run(context.Background(), job)
	require.NoError(t, err)
	for range 5 {
		again, err := compile.Run(context.Background(), job)
		require.NoError(t, err)
		assert.Equal(t, first, again)
	}
}
