package toproto

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/aidl/check"
	"ubinder/aidl/diag"
	"ubinder/aidl/load"
	"ubinder/aidl/model"
	"ubinder/gen/compile"
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

func modelOf(t *testing.T, texts map[string]string) []*model.File {
	t.Helper()
	p := check.New(load.Texts(texts))
	for _, f := range p.Files() {
		l := diag.List{All: p.Check(f, check.Options{})}
		require.NoError(t, l.Err())
	}
	return p.Model(p.Files(), check.ModelOptions{})
}

func room(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/IRoom.aidl")
	require.NoError(t, err)
	return map[string]string{
		"demo/chat/IRoom.aidl":    string(text),
		"demo/chat/Guest.aidl":    "package demo.chat; parcelable Guest { String name; demo.base.Mood mood; }",
		"demo/base/Mood.aidl":     "package demo.base; enum Mood { CALM, LOUD }",
		"demo/other/Picture.aidl": "package demo.other; parcelable Picture cpp_header \"p.h\";",
	}
}

func TestWhatBecomesOfAnInterface(t *testing.T) {
	files, losses := Convert(modelOf(t, room(t)), Options{GoPackage: "example.com/demo"})
	var b strings.Builder
	for _, f := range files {
		fmt.Fprintf(&b, "==== %s\n%s", f.Path, f.Text)
	}
	fmt.Fprintln(&b, "==== losses")
	for _, l := range losses {
		fmt.Fprintf(&b, "%s:%d: %v %s\n", l.File, l.Line, l.Left, l.Message)
	}
	golden(t, "IRoom.proto.txt", b.String())
}

// What comes out is what ubinder's generator takes.
func TestTheGeneratorTakesIt(t *testing.T) {
	files, _ := Convert(modelOf(t, room(t)), Options{GoPackage: "example.com/demo"})
	dir := t.TempDir()
	job := compile.Job{Includes: []string{dir}, Out: dir, Messages: true}
	for _, f := range files {
		path := filepath.Join(dir, f.Path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, []byte(f.Text), 0o666))
		job.Files = append(job.Files, path)
	}
	outputs, err := compile.Run(t.Context(), job)
	require.NoError(t, err)
	assert.Len(t, outputs, 4, "messages of three packages, and the services of one")
}

func TestCirclesOfPackagesAreSaid(t *testing.T) {
	_, losses := Convert(modelOf(t, map[string]string{
		"a/A.aidl": "package a; parcelable A { @nullable(heap=true) b.B b; }",
		"b/B.aidl": "package b; parcelable B { a.A[] a; }",
	}), Options{})
	require.Len(t, losses, 1)
	assert.Contains(t, losses[0].Message, "a.proto and b.proto import each other")
}
