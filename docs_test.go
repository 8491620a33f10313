package ubinder

import (
	"go/ast"
	"go/constant"
	"go/importer"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// documented is the packages that programs use.
var documented = []string{
	"runtime/binder", "runtime/broker", "runtime/bus", "runtime/connect", "runtime/interceptor", "runtime/object", "runtime/record",
	"runtime/status", "runtime/stub", "servicemanager",
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.FromSlash(name))
	require.NoError(t, err)
	return string(b)
}

func TestEveryExportedNameIsDocumented(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.isTest() || f.generated || !slices.Contains(documented, f.folder()) {
			continue
		}
		for _, d := range f.syntax.Decls {
			for _, name := range undocumented(d) {
				assert.Fail(t, "exported name without a doc comment", "%s: %s", f.path, name)
			}
		}
	}
}

func undocumented(d ast.Decl) []string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Doc == nil && d.Name.IsExported() && receiverIsExported(d) {
			return []string{d.Name.Name}
		}
	case *ast.GenDecl:
		return undocumentedSpecs(d)
	}
	return nil
}

func receiverIsExported(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	exported := false
	ast.Inspect(d.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && !exported {
			exported = id.IsExported()
			return false
		}
		return true
	})
	return exported
}

// undocumentedSpecs: in a group, the group's comment speaks for what has none of its own.
func undocumentedSpecs(d *ast.GenDecl) []string {
	var list []string
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
				list = append(list, s.Name.Name)
			}
		case *ast.ValueSpec:
			for _, n := range s.Names {
				if n.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
					list = append(list, n.Name)
				}
			}
		}
	}
	return list
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	said := make(map[string]bool)
	for _, f := range goFiles(t) {
		if !f.isTest() {
			said[f.folder()] = said[f.folder()] || f.syntax.Doc != nil || f.generated
		}
	}
	for pkg, ok := range said {
		assert.True(t, ok, "package %s has no package comment", pkg)
	}
}

// A path of somebody's machine means that something was pasted, or works there only.
var machinePath = regexp.MustCompile(`(^|[\s"'=(:])(/home/|/root/|/Users/|/work/)[A-Za-z0-9._-]+`)

func TestNoFileNamesAPathOfAMachine(t *testing.T) {
	walk(t, func(name string) {
		if name == "docs_test.go" {
			return
		}
		for i, line := range strings.Split(readFile(t, name), "\n") {
			assert.False(t, machinePath.MatchString(line), "%s:%d: %s", name, i+1, strings.TrimSpace(line))
		}
	})
}

var markdownLink = regexp.MustCompile(`\]\(([^)#\s]+)(#[^)\s]*)?\)`)

func TestLinksOfTheDocumentsLeadSomewhere(t *testing.T) {
	walk(t, func(name string) {
		if !strings.HasSuffix(name, ".md") {
			return
		}
		for _, m := range markdownLink.FindAllStringSubmatch(readFile(t, name), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			_, err := os.Stat(filepath.FromSlash(path.Join(path.Dir(name), m[1])))
			assert.NoError(t, err, "%s links to %s", name, m[1])
		}
	})
}

// protocolConstant is a table's cell that names a constant of the code: `bus.KindCall`.
var protocolConstant = regexp.MustCompile("^`([a-z]+)\\.(\\w+)`$")

// protocolPackages is where PROTOCOL.md's constants stand.
var protocolPackages = map[string]string{
	"binder": "runtime/binder", "brokerwire": "runtime/internal/brokerwire", "bus": "runtime/bus",
	"object": "runtime/object", "reftab": "runtime/internal/reftab", "ring": "runtime/internal/ring",
	"status": "runtime/status", "sys": "runtime/internal/sys", "wait": "runtime/internal/wait",
}

// A row of PROTOCOL.md that names a constant begins with its value.
func TestNumbersOfTheProtocolAreThoseOfTheCode(t *testing.T) {
	known := protocolConstants(t)
	checked := 0
	for line := range strings.Lines(readFile(t, "PROTOCOL.md")) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
			m := protocolConstant.FindStringSubmatch(cells[i])
			if m == nil {
				continue
			}
			want, ok := known[m[1]+"."+m[2]]
			if !assert.True(t, ok, "PROTOCOL.md names %s, which is no constant of the code", cells[i]) {
				continue
			}
			assert.Equal(t, want, number(t, cells[1]), "PROTOCOL.md: %s", line)
			checked++
		}
	}
	assert.Greater(t, checked, 50, "PROTOCOL.md's tables name the constants that they are about")
}

func number(t *testing.T, cell string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.Trim(cell, "`"), 0, 64)
	require.NoError(t, err)
	return n
}

// protocolConstants evaluates the constants of the packages that the protocol is written in.
func protocolConstants(t *testing.T) map[string]uint64 {
	t.Helper()
	byFolder := make(map[string][]*ast.File)
	for _, f := range goFiles(t) {
		if !f.isTest() {
			byFolder[f.folder()] = append(byFolder[f.folder()], f.syntax)
		}
	}
	out := make(map[string]uint64)
	source := importer.ForCompiler(fileSet, "source", nil)
	for short, folder := range protocolPackages {
		config := types.Config{Importer: source}
		pkg, err := config.Check(modulePath+"/"+folder, fileSet, byFolder[folder], nil)
		require.NoError(t, err)
		for _, name := range pkg.Scope().Names() {
			c, ok := pkg.Scope().Lookup(name).(*types.Const)
			if !ok || c.Val().Kind() != constant.Int {
				continue
			}
			if v, exact := constant.Uint64Val(c.Val()); exact {
				out[short+"."+name] = v
			}
		}
	}
	return out
}
