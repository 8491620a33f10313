package gen_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ubinder/gen"
	"ubinder/gen/compile"
)

// TestGeneratedCodeCompiles makes services whose names Go or the generator itself use, and checks
// that their code is valid Go or that a diagnostic says what is in its way.
func TestGeneratedCodeCompiles(t *testing.T) {
	check := newChecker(t)
	compiled := 0
	rapid.Check(t, func(rt *rapid.T) {
		source := drawFile(rt)
		outputs, err := generate(t, map[string]string{"s.proto": source})
		if err != nil {
			var wrong gen.Diagnostics
			require.ErrorAs(rt, err, &wrong, source)
			return
		}
		compiled++
		require.NoError(rt, check.files(outputs), source)
	})
	t.Logf("%d files compiled", compiled)
	require.NotZero(t, compiled)
}

var names = []string{
	"Hub", "hub", "As", "New", "Client", "client", "Object", "Release", "Call", "in", "out", "ctx", "err", "c", "x",
	"impl", "nil", "new", "error", "context", "os", "binder", "stub", "stub1", "type", "func", "init", "string",
	"any", "true", "append", "two_words", "TwoWords", "_leading", "under_", "x1", "_1", "Code", "Interface", "Descriptor",
	"HubClient", "String", "Reset", "Descriptor_", "A", "AB", "B", "BC", "C", "status", "proto", "uint32",
}

// drawFile makes a .proto file in which names are not used twice where protobuf forbids it.
func drawFile(t *rapid.T) string {
	var b strings.Builder
	b.WriteString(header)
	top := rapid.Permutation(names).Draw(t, "declarations")
	messages := append(top[:rapid.IntRange(1, 4).Draw(t, "messages")], ".google.protobuf.Empty")
	services := top[len(messages):][:rapid.IntRange(1, 3).Draw(t, "services")]
	for _, m := range messages[:len(messages)-1] {
		fmt.Fprintf(&b, "message %s {\n%s}\n", m, drawFields(t, services))
	}
	for _, s := range services {
		fmt.Fprintf(&b, "service %s {\n%s}\n", s, drawMethods(t, messages))
	}
	return b.String()
}

func drawFields(t *rapid.T, services []string) string {
	var b strings.Builder
	for n, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 5, rapid.ID).Draw(t, "fields") {
		interfaceName := rapid.SampledFrom(services).Draw(t, "interface")
		fmt.Fprintf(&b, rapid.SampledFrom([]string{
			"string %s = %d;\n", "ubinder.Object %s = %d;\n", "ubinder.File %s = %d;\n",
			"repeated ubinder.Object %s = %d;\n", "repeated ubinder.File %s = %d;\n",
			"ubinder.Object %s = %d [(ubinder.interface) = \"" + interfaceName + "\"];\n",
			"repeated ubinder.Object %s = %d [(ubinder.interface) = \"" + interfaceName + "\"];\n",
		}).Draw(t, "field"), name, n+1)
	}
	return b.String()
}

func drawMethods(t *rapid.T, messages []string) string {
	var b strings.Builder
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 5, rapid.ID).Draw(t, "methods") {
		request := rapid.SampledFrom(messages).Draw(t, "request")
		if rapid.Bool().Draw(t, "oneway") {
			fmt.Fprintf(&b, "rpc %s(%s) returns (.google.protobuf.Empty) { option (ubinder.oneway) = true; }\n", name, request)
		} else {
			fmt.Fprintf(&b, "rpc %s(%s) returns (%s);\n", name, request, rapid.SampledFrom(messages).Draw(t, "reply"))
		}
	}
	return b.String()
}

// checker type-checks generated packages against the compiled packages that they import.
type checker struct {
	fset     *token.FileSet
	importer types.Importer
}

func newChecker(t *testing.T) *checker {
	// The goldens import all that generated code may.
	cmd := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", "./internal/golden/...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	exports := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		exports[path] = file
	}
	fset := token.NewFileSet()
	return &checker{fset, importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})}
}

func (c *checker) files(outputs []compile.Output) error {
	var files []*ast.File
	for _, o := range outputs {
		f, err := parser.ParseFile(c.fset, o.Path, bytes.NewReader(o.Content), parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	config := types.Config{Importer: c.importer}
	_, err := config.Check("example.com/test", c.fset, files, nil)
	return err
}
