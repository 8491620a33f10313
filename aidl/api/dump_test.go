package api

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/aidl/check"
	"ubinder/aidl/diag"
	"ubinder/aidl/load"
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

// program checks texts, which must have no errors.
func program(t *testing.T, texts map[string]string) *check.Program {
	t.Helper()
	p := check.New(load.Texts(texts))
	for _, f := range p.Files() {
		l := diag.List{All: p.Check(f, check.Options{})}
		require.NoError(t, l.Err())
	}
	return p
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(b)
}

func TestADumpHasWhatOthersDependOn(t *testing.T) {
	p := program(t, map[string]string{
		"demo/all/IAll.aidl":  readFile(t, "testdata/dump/IAll.aidl"),
		"demo/all/Other.aidl": readFile(t, "testdata/dump/Other.aidl"),
	})
	dumps := Dump(p, p.Files()[0], DumpOptions{})
	require.Len(t, dumps, 2)
	assert.Equal(t, "demo/all/IAll.aidl", dumps[0].Path)
	assert.Equal(t, "demo/all/Gen.aidl", dumps[1].Path)
	head := "/* a licence */// and a line\n/* more of it */\n" + Preamble
	assert.True(t, strings.HasPrefix(dumps[0].Text, head))
	golden(t, "dump/IAll.dump", strings.TrimPrefix(dumps[0].Text, head))
	assert.Equal(t, Preamble+"package demo.all;\nparcelable Gen<T, V>;\n", Dump(p, p.Files()[0], DumpOptions{NoLicense: true})[1].Text)
}

// AOSP's own dump of an API, dumped again, is the same.
func TestADumpOfADumpIsTheSame(t *testing.T) {
	root := "testdata/android.se.omapi/1"
	files, err := load.Find([]string{root})
	require.NoError(t, err)
	set, err := load.Files(files, load.Options{Include: []string{root}})
	require.NoError(t, err)
	p := check.New(set)
	require.Len(t, set.Main, 5)
	for _, f := range set.Main {
		l := diag.List{All: p.Check(f, check.Options{Structured: true, VINTF: true})}
		require.NoError(t, l.Err())
		_, after, found := strings.Cut(readFile(t, f.Path), Preamble)
		require.True(t, found)
		_, again, _ := strings.Cut(Dump(p, f, DumpOptions{})[0].Text, Preamble)
		assert.Equal(t, after, again)
	}
}

func TestTheHashIsThatOfAOSPsBuild(t *testing.T) {
	hash, err := Hash("testdata/android.se.omapi/1", LatestVersion)
	require.NoError(t, err)
	assert.Equal(t, strings.TrimSpace(readFile(t, "testdata/android.se.omapi/1/.hash")), hash)
	_, err = Hash(t.TempDir(), LatestVersion)
	assert.ErrorContains(t, err, "there are no .aidl files")
}

// The pipeline of AOSP's build/hash_gen.sh, run by a shell, on names that sort differently in other
// locales.
func TestTheHashIsThatOfTheShell(t *testing.T) {
	for _, tool := range []string{"bash", "find", "sort", "xargs", "sha1sum"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the pipeline needs %s", tool)
		}
	}
	dir := t.TempDir()
	for _, name := range []string{"a/B.aidl", "a/a.aidl", "a.b/C.aidl", "A/x.aidl", "a b/y.aidl", "other.txt", ".hash"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(name), 0o666))
	}
	cmd := exec.Command("bash", "-c", `(cd $1 && find ./ -name "*.aidl" -print0 | LC_ALL=C sort -z | xargs -0 sha1sum && echo $2) | sha1sum | cut -d " " -f 1`, "hash", dir, "7")
	out, err := cmd.Output()
	require.NoError(t, err)
	hash, err := Hash(dir, "7")
	require.NoError(t, err)
	assert.Equal(t, strings.TrimSpace(string(out)), hash)
}
