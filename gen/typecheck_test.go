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
	"path/filepath"
	"slices"
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

// TestCodecsOfPackagesCalledAsVariables: codecs name the types of fields, beside variables of their own.
func TestCodecsOfPackagesCalledAsVariables(t *testing.T) {
	names := append(slices.Clone(gen.CodecLocals), "tagpb", "wire")
	sources := make(map[string]string)
	imports, fields := "", ""
	for n, name := range names {
		sources[name+".proto"] = fmt.Sprintf("syntax = \"proto3\"; package p%s; option go_package = \"example.com/%[1]s\"; message M {} enum E { ZERO = 0; }", name)
		imports += fmt.Sprintf("import %q;\n", name+".proto")
		fields += fmt.Sprintf("p%s.M a%d = %[2]d; repeated p%[1]s.E b%d = %[3]d; map<int32, p%[1]s.M> c%d = %[4]d; map<int32, p%[1]s.E> d%d = %[5]d;\n",
			name, 4*n+1, 4*n+2, 4*n+3, 4*n+4)
	}
	sources["all.proto"] = "syntax = \"proto3\"; package test; option go_package = \"example.com/all\";\n" + imports + "message All {\n" + fields + "}"
	outputs, err := generate(t, sources)
	require.NoError(t, err)
	packages := make(map[string][]compile.Output)
	for _, o := range outputs {
		name, _, _ := strings.Cut(filepath.Base(o.Path), ".")
		packages[name] = append(packages[name], o)
	}
	check := newChecker(t)
	for _, name := range append(names, "all") {
		require.NoError(t, check.pkg("example.com/"+name, packages[name]))
	}
	require.True(t, check.hasMethod("example.com/all", "All", "ParseWire"), "the message has a codec")
}

// checker type-checks generated packages against those that it has checked before, and the compiled packages that they import.
type checker struct {
	fset     *token.FileSet
	importer types.Importer
	checked  map[string]*types.Package
}

// Import implements types.Importer.
func (c *checker) Import(path string) (*types.Package, error) {
	if p := c.checked[path]; p != nil {
		return p, nil
	}
	return c.importer.Import(path)
}

func (c *checker) hasMethod(pkg, name, method string) bool {
	p := c.checked[pkg]
	m, _, _ := types.LookupFieldOrMethod(types.NewPointer(p.Scope().Lookup(name).Type()), true, p, method)
	return m != nil
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
	return &checker{fset: fset, checked: make(map[string]*types.Package), importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})}
}

func (c *checker) files(outputs []compile.Output) error { return c.pkg("example.com/test", outputs) }

func (c *checker) pkg(path string, outputs []compile.Output) error {
	var files []*ast.File
	for _, o := range outputs {
		f, err := parser.ParseFile(c.fset, o.Path, bytes.NewReader(o.Content), parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	config := types.Config{Importer: c}
	p, err := config.Check(path, c.fset, files, nil)
	c.checked[path] = p
	return err
}
