package ubinder

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const modulePath = "ubinder"

// rule says what a package may import of this module and of others. "/..." at the end of a path
// stands for the package and all below it.
type rule struct {
	pkg    string
	may    []string
	others []string // modules
	why    string
}

// The architecture: every package has exactly one rule, the first that matches, and may know only
// what stands above it. A package without a rule fails the test, so that its place is thought about.
var rules = []rule{
	{pkg: "runtime/internal/copying",
		why: "how to copy: who carries bytes and who encodes them do it alike"},
	{pkg: "runtime/internal/sys", may: []string{"runtime/internal/copying"}, others: []string{"golang.org/x/sys"},
		why: "one package owns every system call and every kernel constant"},
	{pkg: "runtime/internal/brokerwire",
		why: "packets are bytes: both ends of the socket and a fuzzer use it, without an OS"},
	{pkg: "runtime/internal/pool",
		why: "an allocator whose state is private to the writer: pure"},
	{pkg: "runtime/internal/reftab",
		why: "the reference protocol is pure, so that a model checker can drive it"},
	{pkg: "runtime/internal/...", may: []string{"runtime/internal/..."},
		why: "mechanisms know mechanisms, and nothing of codes, buses or objects"},
	{pkg: "runtime/status",
		why: "every package reports by it, so it knows none"},
	{pkg: "runtime/parcel", may: []string{"runtime/status"},
		why: "bytes and a table: it serves every carrier, and knows neither objects nor files"},
	{pkg: "runtime/bus", may: []string{"runtime/internal/...", "runtime/status"},
		why: "lanes know messages and their order; what they mean is the object layer's"},
	{pkg: "runtime/broker", may: []string{"runtime/bus", "runtime/internal/...", "runtime/status"},
		why: "the broker introduces processes and never sees a call"},
	{pkg: "runtime/binder", may: []string{"runtime/parcel", "runtime/status"},
		why: "the public API stands on its Transport seam: any carrier of objects fits below it; which parcels a process speaks is the process's"},
	{pkg: "runtime/object", may: []string{"runtime/binder", "runtime/bus", "runtime/internal/...", "runtime/status"},
		why: "the bus's Transport: it joins the API and the lanes"},
	{pkg: "runtime/interceptor", may: []string{"runtime/binder", "runtime/status"},
		why: "what wraps calls sees what the public API shows, and no more"},
	{pkg: "runtime/record", may: []string{"runtime/binder", "runtime/status"},
		why: "an interceptor, a file format and a caller: it works over every transport"},
	{pkg: "runtime/connect", may: []string{"runtime/binder", "runtime/bus", "runtime/object", "runtime/status"},
		why: "it opens a transport by address, the only place that knows them all"},
	{pkg: "runtime/stub/options", others: []string{"google.golang.org/protobuf"},
		why: "generated messages of options.proto; the generator reads it, so it knows nothing"},
	{pkg: "runtime/stub/wire", may: []string{"runtime/internal/copying"}, others: []string{"google.golang.org/protobuf"},
		why: "what generated codecs share: protobuf's encoding, for messages of users who need not know the runtime"},
	{pkg: "runtime/stub", may: []string{"runtime/binder", "runtime/parcel", "runtime/status", "runtime/stub/wire"}, others: []string{"google.golang.org/protobuf"},
		why: "generated code imports this façade alone, and works over every transport"},
	{pkg: "servicemanager/smpb", may: []string{"runtime/binder", "runtime/stub/..."}, others: []string{"google.golang.org/protobuf"},
		why: "the service manager's interface is generated like any other's"},
	{pkg: "servicemanager", may: []string{"runtime/binder", "runtime/status", "runtime/stub", "servicemanager/smpb"}, others: []string{"google.golang.org/protobuf"},
		why: "a process on the bus like any other: it uses what every service may use"},
	{pkg: "aidl/...", may: []string{"aidl/..."},
		why: "the front end of the IDL judges files; it runs nothing"},
	{pkg: "gen/internal/golden/...", may: []string{"gen/internal/golden/...", "runtime/binder", "runtime/parcel", "runtime/stub/..."}, others: []string{"google.golang.org/protobuf"},
		why: "generated code, as users have it"},
	{pkg: "gen/...", may: []string{"aidl/model", "gen/...", "runtime/stub/options", "runtime/stub/wire"}, others: []string{"github.com/bufbuild/protocompile", "google.golang.org/protobuf"},
		why: "a generator prints text: it reads the options, takes the checksums that codecs are compared by, and needs nothing else of the runtime"},
	{pkg: "examples/...", may: []string{"examples/...", "runtime/binder", "runtime/connect", "runtime/status", "runtime/stub/...", "servicemanager"}, others: []string{"google.golang.org/protobuf"},
		why: "examples use what users may use"},
	{pkg: "cmd/...", may: []string{"..."}, others: []string{"..."},
		why: "commands join everything; nobody imports them"},
}

// What no package may be called: such names say nothing of what is inside.
var namesThatSayNothing = []string{"base", "common", "helper", "helpers", "misc", "shared", "tools", "types", "util", "utils"}

// Standard packages by which a pure package would reach the world.
var impure = []string{"net", "os", "os/exec", "sync", "syscall", "time", "unsafe"}

var purePackages = []string{"runtime/internal/brokerwire", "runtime/internal/pool", "runtime/internal/reftab", "runtime/parcel"}

// goFile is one Go file of the repository, without bench, which is a module of its own.
type goFile struct {
	path      string // from the root, with slashes
	syntax    *ast.File
	generated bool
}

func (f *goFile) folder() string { return path.Dir(f.path) }
func (f *goFile) isTest() bool   { return strings.HasSuffix(f.path, "_test.go") }

func (f *goFile) imports() []string {
	var list []string
	for _, s := range f.syntax.Imports {
		list = append(list, strings.Trim(s.Path.Value, `"`))
	}
	return list
}

var fileSet = token.NewFileSet()

func goFiles(t *testing.T) []*goFile {
	t.Helper()
	var files []*goFile
	walk(t, func(name string) {
		if !strings.HasSuffix(name, ".go") || strings.HasPrefix(name, "bench/") {
			return
		}
		syntax, err := parser.ParseFile(fileSet, filepath.FromSlash(name), nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		files = append(files, &goFile{name, syntax, ast.IsGenerated(syntax)})
	})
	require.NotEmpty(t, files)
	return files
}

// walk calls visit for every file of the repository. Folders that the go command ignores too are
// left out.
func walk(t *testing.T, visit func(name string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (e.Name() == ".git" || e.Name() == "testdata"):
			return filepath.SkipDir
		case e.Type().IsRegular() && e.Name() != ".git": // a file in a worktree
			visit(filepath.ToSlash(name))
		}
		return nil
	})
	require.NoError(t, err)
}

func matches(pattern, pkg string) bool {
	if pattern == "..." {
		return true
	}
	prefix, all := strings.CutSuffix(pattern, "/...")
	return pkg == prefix || all && strings.HasPrefix(pkg, prefix+"/")
}

func matchesAny(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, pkg) })
}

func ruleOf(pkg string) *rule {
	i := slices.IndexFunc(rules, func(r rule) bool { return matches(r.pkg, pkg) })
	if i < 0 {
		return nil
	}
	return &rules[i]
}

// suiteOf returns the package that a conformance suite is for: a package that is called after it and
// stands below it (bus/linktest is bus's). Suites may import what their package may, that package,
// and libraries for tests.
func suiteOf(pkg string) (of string, ok bool) {
	return path.Dir(pkg), strings.HasSuffix(pkg, "test") && strings.Contains(pkg, "/")
}

func TestImportsFollowTheArchitecture(t *testing.T) {
	for _, f := range goFiles(t) {
		pkg := f.folder()
		of, suite := suiteOf(pkg)
		if f.isTest() || pkg == "." {
			continue
		}
		if !suite {
			of = pkg
		}
		r := ruleOf(of)
		if !assert.NotNil(t, r, "package %s has no rule: add one, with its reason, to the table of rules_test.go", pkg) {
			continue
		}
		for _, imported := range f.imports() {
			local, ok := strings.CutPrefix(imported, modulePath+"/")
			switch {
			case ok:
				_, toSuite := suiteOf(local)
				assert.False(t, toSuite && !suite, "%s imports %s, which is for tests", f.path, local)
				allowed := local == pkg || matchesAny(r.may, local) || suite && (local == of || toSuite)
				assert.True(t, allowed, "%s may not import %s: %s", f.path, local, r.why)
			case strings.Contains(strings.Split(imported, "/")[0], "."):
				allowed := suite || slices.ContainsFunc(r.others, func(m string) bool { return matches(m, imported) || strings.HasPrefix(imported, m+"/") })
				assert.True(t, allowed, "%s may not import %s: %s", f.path, imported, r.why)
			}
		}
	}
}

func TestEveryRuleHasAPackageAndAReason(t *testing.T) {
	used := make(map[string]bool)
	for _, f := range goFiles(t) {
		if r := ruleOf(f.folder()); r != nil {
			used[r.pkg] = true
		}
	}
	for _, r := range rules {
		assert.NotEmpty(t, r.why, r.pkg)
		assert.True(t, used[r.pkg], "the rule for %s has no package any more", r.pkg)
	}
}

func TestPurePackagesReachNoWorld(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.isTest() || !slices.Contains(purePackages, f.folder()) {
			continue
		}
		for _, imported := range f.imports() {
			assert.False(t, slices.Contains(impure, imported), "%s imports %s, but is pure: a model checker or a fuzzer drives it", f.path, imported)
		}
	}
}

func TestUnsafeStandsOnlyInFilesNamedSo(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.generated || strings.HasSuffix(f.path, "_unsafe.go") || strings.HasSuffix(f.path, "_unsafe_test.go") {
			continue
		}
		assert.False(t, slices.Contains(f.imports(), "unsafe"), "%s: what needs unsafe stands in a small *_unsafe.go below runtime/internal", f.path)
	}
}

func TestUnsafeStandsOnlyBelowRuntimeInternal(t *testing.T) {
	for _, f := range goFiles(t) {
		if strings.HasSuffix(f.path, "_unsafe.go") {
			assert.True(t, strings.HasPrefix(f.path, "runtime/internal/"), "%s", f.path)
		}
	}
}

func TestNoPackageStandsDirectlyInRuntime(t *testing.T) {
	for _, f := range goFiles(t) {
		assert.NotEqual(t, "runtime", f.folder(), "%s: a package here would shadow the standard one", f.path)
	}
}

func TestPackageNamesSaySomething(t *testing.T) {
	for _, f := range goFiles(t) {
		assert.NotContains(t, namesThatSayNothing, f.syntax.Name.Name, f.path)
	}
}

func TestGeneratedFilesSayThatTheyAre(t *testing.T) {
	for _, f := range goFiles(t) {
		byName := slices.ContainsFunc([]string{".pb.go", ".ubinder.go", ".codec.go"}, func(s string) bool { return strings.HasSuffix(f.path, s) })
		assert.Equal(t, byName, f.generated, "%s: files made by a generator have its suffix and its marker", f.path)
	}
}

func TestMainsAreShort(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.folder() != "cmd/"+path.Base(f.folder()) || path.Base(f.path) != "main.go" {
			continue
		}
		lines := strings.Count(readFile(t, f.path), "\n")
		assert.LessOrEqual(t, lines, 100, "%s: a command's main reads its arguments and calls what does the work", f.path)
	}
}
