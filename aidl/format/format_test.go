package format

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/aidl/ast"
	"ubinder/aidl/diag"
	"ubinder/aidl/parser"
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

func parse(text string) (*ast.File, bool) {
	var wrong diag.List
	f := parser.Parse(diag.NewSource("x.aidl", text), &wrong)
	return f, len(wrong.All) == 0
}

// content is a file's tokens, and its comments with white space aside.
func content(f *ast.File) string {
	var b strings.Builder
	for i, tok := range f.Tokens {
		for _, c := range f.CommentsBefore(int32(i)) {
			b.WriteString(strings.Join(strings.Fields(strings.ReplaceAll(f.Source.Slice(c.Span), "*", " ")), " ") + "\n")
		}
		text := f.Source.Slice(tok.Span)
		if tok.Role == ast.TypeClose { // > and >> mean the same
			text = strings.ReplaceAll(text, ">>", ">\n>")
		}
		b.WriteString(text + "\n")
	}
	return b.String()
}

func TestLayout(t *testing.T) {
	text, err := os.ReadFile("testdata/messy.aidl")
	require.NoError(t, err)
	f, ok := parse(string(text))
	require.True(t, ok)
	out := File(f)
	golden(t, "messy.formatted", out)
	again, ok := parse(out)
	require.True(t, ok)
	assert.Equal(t, content(f), content(again), "nothing is lost")
	assert.Equal(t, out, File(again), "what is laid out stays as it is")
}

// Whatever can be read keeps its tokens and comments, and a second time changes nothing.
func FuzzFormat(f *testing.F) {
	for _, name := range []string{"testdata/messy.aidl", "../parser/testdata/everything.aidl", "../api/testdata/dump/IAll.aidl"} {
		text, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(string(text))
	}
	f.Add("interface/**/I{//\nvoid/*a\n*/f(//\n)//\n;}")
	f.Fuzz(func(t *testing.T, text string) {
		file, ok := parse(text)
		if !ok {
			return
		}
		out := File(file)
		again, ok := parse(out)
		if !ok {
			t.Fatalf("%q became %q, which cannot be read", text, out)
		}
		assert.Equal(t, content(file), content(again))
		if twice := File(again); twice != out {
			third, _ := parse(twice)
			assert.Equal(t, twice, File(third), "it does not come to rest: %q", text)
		}
	})
}
