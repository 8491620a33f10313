package compile

import (
	"context"
	"errors"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ubinder/gen"
)

// FuzzRun generates code from any bytes.
func FuzzRun(f *testing.F) {
	for _, source := range sources(f) {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) { runAny(t, t.TempDir(), source) })
}

var word = regexp.MustCompile(`\w+|"[^"\n]*"|\s+|.`)

// TestEditedSources generates code from files in which words were left out, doubled, or put in the
// place of others: unlike random bytes, most of them are still valid protobuf.
func TestEditedSources(t *testing.T) {
	files := sources(t)
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		words := word.FindAllString(rapid.SampledFrom(files).Draw(rt, "file"), -1)
		for range rapid.IntRange(1, 4).Draw(rt, "edits") {
			i := rapid.IntRange(0, len(words)-1).Draw(rt, "at")
			other := rapid.SampledFrom(words).Draw(rt, "other")
			words[i] = rapid.SampledFrom([]string{"", other, words[i] + " " + words[i], words[i] + other}).Draw(rt, "becomes")
		}
		runAny(rt, dir, strings.Join(words, ""))
	})
}

func sources(t testing.TB) []string {
	var list []string
	for _, pattern := range []string{"../testdata/errors/*.proto", "../internal/golden/*/*.proto", "../../examples/*/*.proto", "../include/ubinder/*.proto"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		for _, file := range files {
			source, err := os.ReadFile(file)
			require.NoError(t, err)
			list = append(list, string(source))
		}
	}
	return list
}

// runAny checks that the outcome is code that parses, or an error.
func runAny(t require.TestingT, dir, source string) {
	path := filepath.Join(dir, "edited.proto")
	require.NoError(t, os.WriteFile(path, []byte(source), 0o666))
	outputs, err := Run(context.Background(), Job{Files: []string{path}, Includes: []string{dir, "../.."}, Messages: true})
	var wrong gen.Diagnostics
	if errors.As(err, &wrong) {
		require.NotEmpty(t, wrong)
	}
	for _, o := range outputs {
		if o.Content == nil { // it is to be removed
			continue
		}
		_, err := parser.ParseFile(token.NewFileSet(), o.Path, o.Content, parser.SkipObjectResolution)
		require.NoError(t, err, source)
	}
}
