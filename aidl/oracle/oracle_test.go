package oracle

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/aidl/api"
	"ubinder/aidl/check"
	"ubinder/aidl/diag"
	"ubinder/aidl/load"
)

// compiler is the path of AOSP's compiler; without one the test is skipped.
func compiler(t *testing.T) string {
	t.Helper()
	path := os.Getenv("UBINDER_AIDL_ORACLE")
	if path == "" {
		t.Skip("AOSP's compiler is not at hand: run aidl/oracle/fetch, and set UBINDER_AIDL_ORACLE to what it prints")
	}
	return path
}

// run runs the compiler in a folder, and reports whether it was content.
func run(t *testing.T, dir string, args ...string) (ok bool, said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, compiler(t), args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil {
		require.ErrorAs(t, err, &exit, "%s", out)
	}
	return err == nil, string(out)
}

// ours checks the files of a folder.
func ours(t *testing.T, dir string) (*check.Program, map[string]*diag.List) {
	t.Helper()
	files, err := load.Find([]string{dir})
	require.NoError(t, err)
	set, err := load.Files(files, load.Options{Include: []string{dir}})
	require.NoError(t, err)
	p := check.New(set)
	said := make(map[string]*diag.List)
	for _, f := range set.Main {
		rel, err := filepath.Rel(dir, f.Path)
		require.NoError(t, err)
		said[filepath.ToSlash(rel)] = &diag.List{All: p.Check(f, check.Options{Deep: true})}
	}
	return p, said
}

func write(t *testing.T, dir, path, text string) {
	t.Helper()
	full := filepath.Join(dir, filepath.FromSlash(path))
	require.NoError(t, os.MkdirAll(filepath.Dir(full), 0o777))
	require.NoError(t, os.WriteFile(full, []byte(text), 0o666))
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(b)
}

var firstDeclared = regexp.MustCompile(`(?:interface|parcelable|enum|union) (\w+)`)

// The cases of package check say what the compiler says of them.
func TestTheCasesAreTheCompilers(t *testing.T) {
	dir := t.TempDir()
	verdicts := make(map[string]string)
	for line := range strings.Lines(read(t, "../check/testdata/cases.txt")) {
		verdict, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		m := firstDeclared.FindStringSubmatch(text)
		if m != nil && verdict != "#" {
			write(t, dir, "t/"+m[1]+".aidl", text)
			verdicts[m[1]] = verdict
		}
	}
	require.Greater(t, len(verdicts), 100)
	out := t.TempDir()
	p, _ := ours(t, dir)
	dumps := dumpsOf(p)
	for name, verdict := range verdicts {
		ok, said := run(t, dir, "--dumpapi", "-I", ".", "--out="+out, "t/"+name+".aidl")
		assert.Equal(t, verdict != "bad", ok, "%s: %s", name, said)
		if verdict == "ok" && ok {
			assert.Equal(t, read(t, filepath.Join(out, "t", name+".aidl")), dumps["t/"+name+".aidl"], name)
		}
	}
}

// dumpsOf is what a program's files dump to, by path.
func dumpsOf(p *check.Program) map[string]string {
	dumps := make(map[string]string)
	for _, f := range p.Files() {
		if l := (diag.List{All: p.Check(f, check.Options{})}); l.Errors() > 0 {
			continue
		}
		for _, d := range api.Dump(p, f, api.DumpOptions{}) {
			dumps[d.Path] = d.Text
		}
	}
	return dumps
}

func TestDumpsAreTheSame(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	for _, name := range []string{"IAll", "Other"} {
		write(t, dir, "demo/all/"+name+".aidl", read(t, "../api/testdata/dump/"+name+".aidl"))
	}
	p, said := ours(t, dir)
	dumps := dumpsOf(p)
	require.Len(t, dumps, 3, "%v", said)
	for _, name := range []string{"IAll", "Other"} {
		ok, said := run(t, dir, "--dumpapi", "-I", ".", "--out="+out, "demo/all/"+name+".aidl")
		require.True(t, ok, said)
	}
	for path, text := range dumps {
		assert.Equal(t, read(t, filepath.Join(out, path)), text, path)
	}
}

// The changes of package api are judged as the compiler judges them.
func TestChangesAreJudgedAlike(t *testing.T) {
	for line := range strings.Lines(read(t, "../api/testdata/changes.txt")) {
		parts := strings.Split(strings.TrimSpace(line), " |")
		if strings.HasPrefix(line, "#") {
			continue
		}
		dir := t.TempDir()
		write(t, dir, "old/p/T.aidl", "package p; "+parts[1])
		write(t, dir, "new/p/T.aidl", "package p; "+parts[2])
		ok, said := run(t, dir, "--checkapi=compatible", "old", "new")
		if !strings.HasSuffix(parts[0], "since Android 16") { // which the compiler may not know
			assert.Equal(t, len(parts) == 3, ok, "%s: %s", parts[0], said)
		}
		older, _ := ours(t, filepath.Join(dir, "old"))
		newer, _ := ours(t, filepath.Join(dir, "new"))
		wrong := api.Compare(older, newer, api.Equal)
		equal, said := run(t, dir, "--checkapi=equal", "old", "new")
		assert.Equal(t, equal, len(wrong) == 0, "%s: %s", parts[0], said)
	}
}

var javaCode = regexp.MustCompile(`TRANSACTION_(\w+) = \(android\.os\.IBinder\.FIRST_CALL_TRANSACTION \+ (\d+)\)`)

// Transactions have the codes that the compiler's Java code gives them.
func TestTransactionCodesAreTheSame(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	write(t, dir, "p/IOrder.aidl", "package p; interface IOrder { void a(); const int X = 1; int b(int x); parcelable P {} oneway void c(); }")
	write(t, dir, "p/INumbers.aidl", "package p; interface INumbers { void a() = 10; int b(int x) = 0; oneway void c() = 16777114; void d() = 007; }")
	p, _ := ours(t, dir)
	for _, f := range p.Model(p.Files(), check.Options{}) {
		i := f.Interfaces[0]
		ok, said := run(t, dir, "--lang=java", "-I", ".", "--out="+out, f.Source)
		require.True(t, ok, said)
		codes := make(map[string]uint32)
		for _, m := range javaCode.FindAllStringSubmatch(read(t, filepath.Join(out, "p", i.Name+".java")), -1) {
			n, err := strconv.Atoi(m[2])
			require.NoError(t, err)
			codes[m[1]] = uint32(n) + 1 // IBinder.FIRST_CALL_TRANSACTION
		}
		require.Len(t, codes, len(i.Methods))
		for _, m := range i.Methods {
			assert.Equal(t, codes[m.Name], m.Code, "%s.%s", i.Name, m.Name)
		}
	}
}

// Whole trees, such as AOSP's, are judged and dumped alike. The tree's files must find each other
// from its root, and each must be one that the compiler takes without further flags.
func TestATreeIsJudgedAlike(t *testing.T) {
	tree := os.Getenv("UBINDER_AIDL_TREE")
	if tree == "" {
		t.Skip("no tree is given: set UBINDER_AIDL_TREE to a folder that packages start from")
	}
	out := t.TempDir()
	p, said := ours(t, tree)
	dumps := dumpsOf(p)
	for path, list := range said {
		ok, theirs := run(t, tree, "--dumpapi", "-I", ".", "--out="+out, path)
		assert.Equal(t, ok, list.Errors() == 0, "%s: %s%v", path, theirs, list.Err())
		if text, err := os.ReadFile(filepath.Join(out, path)); ok && err == nil {
			assert.Equal(t, string(text), dumps[path], path)
		}
	}
}
