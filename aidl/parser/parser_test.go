package parser

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/aidl/ast"
	"ubinder/aidl/diag"
)

var update = flag.Bool("update", false, "write the expected files anew")

func read(t testing.TB, name string) *diag.Source {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return diag.NewSource(name, string(b))
}

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

func rendered(t *testing.T, wrong *diag.List) string {
	t.Helper()
	wrong.Sort()
	var b strings.Builder
	for _, d := range wrong.All {
		require.NoError(t, diag.Render(&b, d, diag.Style{}))
	}
	return b.String()
}

func TestEverythingIsRead(t *testing.T) {
	var wrong diag.List
	f := Parse(read(t, "everything.aidl"), &wrong)
	assert.Empty(t, rendered(t, &wrong))
	golden(t, "everything.tree", outline(f))
}

func TestErrorsAreAllFoundAndWhatIsFineIsKept(t *testing.T) {
	var wrong diag.List
	f := Parse(read(t, "broken.aidl"), &wrong)
	golden(t, "broken.errors", rendered(t, &wrong))
	golden(t, "broken.tree", outline(f))
}

func TestNestingHasALimit(t *testing.T) {
	for _, text := range []string{
		"interface I { const int A = " + strings.Repeat("(", 100_000),
		"interface I { const int A = " + strings.Repeat("-", 100_000) + "1; }",
		"interface I { const int[] A = " + strings.Repeat("{", 100_000),
		strings.Repeat("parcelable P { ", 100_000),
		"parcelable P { " + strings.Repeat("List<", 100_000),
	} {
		var wrong diag.List
		Parse(diag.NewSource("deep.aidl", text), &wrong)
		require.NotEmpty(t, wrong.All)
		assert.Contains(t, wrong.All[0].Message, "nested more than 250 deep")
		assert.Less(t, len(wrong.All), 10)
	}
}

func TestALongSumIsNotNested(t *testing.T) {
	var wrong diag.List
	f := Parse(diag.NewSource("sum.aidl", "interface I { const int A = 1"+strings.Repeat("+1", 100_000)+"; }"), &wrong)
	assert.Empty(t, wrong.All)
	assert.Len(t, f.Decls[0].Constants, 1)
}

// outline writes a file's tree as text.
func outline(f *ast.File) string {
	var b strings.Builder
	if f.Package != nil {
		fmt.Fprintln(&b, "package", f.Package.Name.Text)
	}
	for _, i := range f.Imports {
		fmt.Fprintln(&b, "import", i.Name.Text)
	}
	for _, d := range f.Decls {
		outlineDecl(&b, d, "")
	}
	return b.String()
}

func outlineDecl(b *strings.Builder, d *ast.Decl, indent string) {
	fmt.Fprintf(b, "%s%s%s %s", indent, annotations(d.Annotations), d.Kind, d.Name.Text)
	for _, p := range d.TypeParameters {
		fmt.Fprintf(b, " <%s>", p.Text)
	}
	if d.Oneway {
		fmt.Fprint(b, " oneway")
	}
	for _, h := range d.Headers {
		fmt.Fprintf(b, " %q", h.Value)
	}
	fmt.Fprintln(b)
	indent += "  "
	for _, c := range d.Constants {
		fmt.Fprintf(b, "%sconst %s %s = %s\n", indent, typeText(c.Type), c.Name.Text, exprText(c.Value))
	}
	for _, m := range d.Methods {
		outlineMethod(b, m, indent)
	}
	for _, f := range d.Fields {
		fmt.Fprintf(b, "%s%s %s = %s\n", indent, typeText(f.Type), f.Name.Text, exprText(f.Default))
	}
	for _, e := range d.Enumerators {
		fmt.Fprintf(b, "%s%s = %s\n", indent, e.Name.Text, exprText(e.Value))
	}
	for _, nested := range d.Types {
		outlineDecl(b, nested, indent)
	}
}

func outlineMethod(b *strings.Builder, m *ast.Method, indent string) {
	fmt.Fprintf(b, "%s%s %s", indent, typeText(m.Type), m.Name.Text)
	for _, a := range m.Arguments {
		fmt.Fprintf(b, " (%d %s %s)", a.Direction, typeText(a.Type), a.Name.Text)
	}
	if m.Oneway >= 0 {
		fmt.Fprint(b, " oneway")
	}
	fmt.Fprintln(b, "", m.ID)
}

func annotations(list []*ast.Annotation) string {
	var b strings.Builder
	for _, a := range list {
		fmt.Fprintf(&b, "@%s", a.Name)
		for _, p := range a.Parameters {
			fmt.Fprintf(&b, "[%s=%s]", p.Name, exprText(p.Value))
		}
		b.WriteString(" ")
	}
	return b.String()
}

func typeText(t *ast.Type) string {
	s := annotations(t.Annotations) + t.Name.Text
	for _, a := range t.Arguments {
		s += "<" + typeText(a) + ">"
	}
	for _, d := range t.Dimensions {
		s += "[" + exprText(d.Size) + "]"
	}
	return s
}

func exprText(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Literal:
		return e.Text
	case *ast.Reference:
		return e.Name.Text
	case *ast.List:
		var list []string
		for _, x := range e.Elements {
			list = append(list, exprText(x))
		}
		return "{" + strings.Join(list, ", ") + "}"
	case *ast.Unary:
		return fmt.Sprintf("(%c %s)", e.Op, exprText(e.X))
	case *ast.Binary:
		return fmt.Sprintf("(%s %d %s)", exprText(e.X), e.Op, exprText(e.Y))
	}
	return ""
}
