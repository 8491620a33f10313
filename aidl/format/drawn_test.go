package format

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ubinder/aidl/ast"
)

// Comments and lines in any places: what is laid out has the same tokens and comments, and stays as it is.
func TestWhatIsLaidOutStaysAsItIs(t *testing.T) {
	var files []*ast.File
	for _, name := range []string{"testdata/messy.aidl", "../parser/testdata/everything.aidl", "../api/testdata/dump/IAll.aidl"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		f, ok := parse(string(text))
		require.True(t, ok, name)
		files = append(files, f)
	}
	rapid.Check(t, func(rt *rapid.T) {
		text := drawText(rt, rapid.SampledFrom(files).Draw(rt, "file"))
		f, ok := parse(text)
		if !ok {
			return // a comment can make two tokens of what was one, and the other way round
		}
		out := File(f)
		again, ok := parse(out)
		require.True(rt, ok, "%s\nbecame\n%s", text, out)
		require.Equal(rt, content(f), content(again))
		require.Equal(rt, out, File(again), text)
	})
}

// gaps are what stands between tokens: most often a space.
var gaps = append(slices.Repeat([]string{" "}, 20),
	"\n", "\n\n", "/* c */", " /* c */ ", "// c\n", "\n// c\n", "\n/* c\n * d */\n", "\n\n/** c */ ", "/*\nc */", " // c\n\n// d\n")

// drawText is a file with other gaps between its tokens.
func drawText(t *rapid.T, f *ast.File) string {
	var b strings.Builder
	for i, gap := range rapid.SliceOfN(rapid.SampledFrom(gaps), len(f.Tokens), len(f.Tokens)).Draw(t, "gaps") {
		b.WriteString(gap + f.Source.Slice(f.Tokens[i].Span))
	}
	return b.String() + "\n"
}
