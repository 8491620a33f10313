package gen_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/gen"
	"ubinder/gen/compile"
)

// TestDiagnostics generates the files of testdata/errors. Each says in comments, "// want: TEXT",
// which errors belong to the line, and there must be no others.
func TestDiagnostics(t *testing.T) {
	files, err := filepath.Glob("testdata/errors/*.proto")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, err := compile.Run(context.Background(), compile.Job{
				Parts: gen.All,
				Files: []string{file}, Includes: []string{"testdata/errors"}, Messages: true,
			})
			var found gen.Diagnostics
			require.ErrorAs(t, err, &found)
			compareDiagnostics(t, file, found)
		})
	}
}

func compareDiagnostics(t *testing.T, file string, found gen.Diagnostics) {
	expected := wanted(t, file)
	for _, d := range found {
		assert.Equal(t, file, d.File, "an editor must find the file: %v", d)
		assert.Positive(t, d.Column)
		at := fmt.Sprintf("line %d", d.Line)
		if i := indexOf(expected[at], d.Message); i >= 0 {
			expected[at] = append(expected[at][:i], expected[at][i+1:]...)
		} else {
			t.Errorf("not expected: %v", d)
		}
	}
	for line, texts := range expected {
		assert.Empty(t, texts, line)
	}
}

func indexOf(texts []string, message string) int {
	for i, text := range texts {
		if strings.Contains(message, text) {
			return i
		}
	}
	return -1
}

var wantComment = regexp.MustCompile(`// want: (.*)`)

func wanted(t *testing.T, file string) map[string][]string {
	source, err := os.ReadFile(file)
	require.NoError(t, err)
	texts := make(map[string][]string)
	for n, line := range strings.Split(string(source), "\n") {
		if m := wantComment.FindStringSubmatch(line); m != nil {
			texts[fmt.Sprintf("line %d", n+1)] = strings.Split(m[1], " | ")
		}
	}
	return texts
}

func TestDiagnosticsAreOrdered(t *testing.T) {
	d := gen.Diagnostics{{File: "b"}, {File: "a", Line: 2}, {File: "a", Line: 1, Column: 9}, {File: "a", Line: 1, Column: 2, Message: "m"}}
	assert.EqualError(t, d.Err(), "a:1:2: m\na:1:9: \na:2:0: \nb: ")
	assert.NoError(t, gen.Diagnostics{}.Err())
}
