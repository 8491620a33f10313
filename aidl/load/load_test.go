package load

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tree writes files below a folder, each with a type of its own, and returns the folder.
func tree(t *testing.T, paths map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range paths {
		full := filepath.Join(dir, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(full), 0o777))
		require.NoError(t, os.WriteFile(full, []byte(text), 0o666))
	}
	return dir
}

func open(t *testing.T, dir string, o Options, paths ...string) (*Set, map[string]*File) {
	t.Helper()
	for i, p := range paths {
		paths[i] = filepath.Join(dir, p)
	}
	for i, p := range o.Include {
		o.Include[i] = filepath.Join(dir, p)
	}
	files, err := Find(paths)
	require.NoError(t, err)
	set, err := Files(files, o)
	require.NoError(t, err)
	byPath := make(map[string]*File)
	for _, f := range set.Main {
		rel, err := filepath.Rel(dir, f.Path)
		require.NoError(t, err)
		byPath[rel] = f
	}
	return set, byPath
}

func find(t *testing.T, dir string, s *Set, from *File, name string) string {
	t.Helper()
	f, err := s.File(from, name)
	require.NoError(t, err)
	if f == nil {
		return ""
	}
	rel, err := filepath.Rel(dir, f.Path)
	require.NoError(t, err)
	return rel
}

const demo = "package demo; parcelable "

func TestRootsFollowFromPackages(t *testing.T) {
	for path, want := range map[string]string{"x/demo/A.aidl": "x", "demo/A.aidl": ".", "/demo/A.aidl": "/", "/a/b/demo/A.aidl": "/a/b"} {
		root, ok := Text(path, demo+"A {}").Root()
		assert.True(t, ok)
		assert.Equal(t, want, root)
	}
	_, ok := Text("x/other/A.aidl", demo+"A {}").Root()
	assert.False(t, ok)
	_, ok = Text("x/mydemo/A.aidl", demo+"A {}").Root()
	assert.False(t, ok)
}

func TestAFileFindsWhatIsInItsRoot(t *testing.T) {
	dir := tree(t, map[string]string{"a/demo/A.aidl": demo + "A {}", "a/demo/B.aidl": demo + "B { parcelable C {} }", "b/demo/D.aidl": demo + "D {}"})
	s, f := open(t, dir, Options{}, "a/demo/A.aidl")
	from := f["a/demo/A.aidl"]
	assert.Equal(t, "a/demo/B.aidl", find(t, dir, s, from, "demo.B"))
	assert.Equal(t, "a/demo/B.aidl", find(t, dir, s, from, "demo.B.C"), "a nested type is in the file of the outer one")
	assert.Empty(t, find(t, dir, s, from, "demo.D"))
	assert.Empty(t, find(t, dir, s, from, "demo"), "a folder is no file")
	one, _ := s.File(from, "demo.B")
	two, _ := s.File(from, "demo.B.C")
	assert.Same(t, one, two, "a file is read once")
	assert.True(t, from.Main && !one.Main)
}

func TestIncludedFolders(t *testing.T) {
	dir := tree(t, map[string]string{"a/demo/A.aidl": demo + "A {}", "b/demo/D.aidl": demo + "D {}", "c/demo/D.aidl": demo + "D {}", "a/demo/E.aidl": demo + "E {}"})
	s, f := open(t, dir, Options{Include: []string{"b"}}, "a/demo/A.aidl")
	from := f["a/demo/A.aidl"]
	assert.Equal(t, "b/demo/D.aidl", find(t, dir, s, from, "demo.D"))
	assert.Equal(t, "a/demo/E.aidl", find(t, dir, s, from, "demo.E"), "its own root is looked into last")
	s, f = open(t, dir, Options{Include: []string{"b", "c", "b"}}, "a/demo/A.aidl")
	_, err := s.File(f["a/demo/A.aidl"], "demo.D")
	var many *Ambiguous
	require.ErrorAs(t, err, &many)
	assert.Len(t, many.Paths, 2)
}

// A tree has many copies of an interface: each file means the one that it belongs to.
func TestATreesFilesFindTheClosest(t *testing.T) {
	paths := make(map[string]string)
	for _, root := range []string{"m/aidl", "m/aidl/aidl_api/m/1", "m/aidl/aidl_api/m/9", "m/aidl/aidl_api/m/10", "m/aidl/aidl_api/m/current"} {
		paths[root+"/demo/A.aidl"] = demo + "A {}"
	}
	paths["m/aidl/aidl_api/m/9/demo/B.aidl"] = demo + "B {}"
	paths["n/aidl/demo/N.aidl"] = demo + "N {}"
	paths["m/tests/aidl/demo/T.aidl"] = demo + "T {}"
	dir := tree(t, paths)
	s, f := open(t, dir, Options{Tree: true}, ".")
	require.Len(t, f, len(paths))
	for from, want := range map[string]string{
		"m/aidl/aidl_api/m/9/demo/B.aidl": "m/aidl/aidl_api/m/9/demo/A.aidl",
		"n/aidl/demo/N.aidl":              "m/aidl/demo/A.aidl",
		"m/tests/aidl/demo/T.aidl":        "m/aidl/demo/A.aidl",
		"m/aidl/demo/A.aidl":              "m/aidl/demo/A.aidl",
	} {
		assert.Equal(t, want, find(t, dir, s, f[from], "demo.A"), from)
	}
	frozen := []*File{f["m/aidl/aidl_api/m/1/demo/A.aidl"], f["m/aidl/aidl_api/m/10/demo/A.aidl"], f["m/aidl/aidl_api/m/9/demo/A.aidl"]}
	assert.Same(t, frozen[1], closest(f["n/aidl/demo/N.aidl"], frozen), "10 is newer than 9")
}

func TestFilesThatAreNotThere(t *testing.T) {
	_, err := Find([]string{"missing"})
	assert.Error(t, err)
	_, err = Files([]string{"missing/A.aidl"}, Options{})
	assert.ErrorContains(t, err, "missing/A.aidl")
	_, err = Files(nil, Options{Preprocessed: []string{"missing.aidl"}})
	assert.Error(t, err)
}

func TestAFileIsFoundOnce(t *testing.T) {
	dir := tree(t, map[string]string{"a/A.aidl": "parcelable A {}", "B.aidl": "parcelable B {}"})
	files, err := Find([]string{dir + "/a/../B.aidl", dir, dir + "/a/A.aidl", dir + "//B.aidl"})
	require.NoError(t, err)
	assert.Equal(t, []string{dir + "/a/../B.aidl", filepath.Join(dir, "a/A.aidl")}, files)
}

func TestHiddenFoldersAreLeftOut(t *testing.T) {
	dir := tree(t, map[string]string{"a/A.aidl": "parcelable A {}", ".git/B.aidl": "parcelable B {}", "a/C.txt": ""})
	files, err := Find([]string{dir})
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join(dir, "a/A.aidl")}, files)
}
