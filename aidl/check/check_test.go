package check

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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

// checkTexts judges files that know each other, and returns what is said, by path.
func checkTexts(t *testing.T, texts map[string]string, o Options) map[string]string {
	t.Helper()
	set := load.Texts(texts)
	p := New(set)
	said := make(map[string]string)
	for _, f := range set.Main {
		l := diag.List{All: p.Check(f, o)}
		said[f.Path] = rendered(t, l)
	}
	return said
}

func TestNamesAreFoundWhereTheyAreMeant(t *testing.T) {
	said := checkTexts(t, map[string]string{
		"a/Outer.aidl":   "package a; parcelable Outer { const int N = 2; parcelable In { enum E { A, B } } int x; }",
		"a/In.aidl":      "package a; parcelable In { int y; }",
		"a/IUse.aidl":    "package a; import a.Outer; interface IUse { void f(in Outer.In a, Outer.In.E b, in a.In c, in int[Outer.N] d); }",
		"a/INested.aidl": "package a; import a.Outer.In; interface INested { void f(in In a, In.E b); }",
		"a/ISame.aidl":   "package a; interface ISame { void f(in Outer a); }",
		"b/Shadow.aidl":  "package b; import a.In; parcelable Shadow { parcelable P { enum In { A } In here = In.A; } In there; }",
		"Root.aidl":      "parcelable Root { a.Outer.In.E e = a.Outer.In.E.B; }",
		"b/Foreign.aidl": "package b; parcelable Foreign; parcelable Foreign.Part;",
		"b/IPart.aidl":   "package b; import b.Foreign; interface IPart { void f(in Foreign a, in Foreign.Part b); }",
	}, Options{})
	for path, text := range said {
		if path != "a/ISame.aidl" {
			assert.Empty(t, text, path)
		}
	}
	assert.Contains(t, said["a/ISame.aidl"], "import it, although it is in the same package: import a.Outer;")
}

func TestImportsThatAreNotThere(t *testing.T) {
	said := checkTexts(t, map[string]string{
		"a/IUse.aidl":   "package a; import a.Missing; import a.Broken; import java.util.List; interface IUse { void f(in Missing m); }",
		"a/Broken.aidl": "package a; parcelable {",
	}, Options{})
	assert.Contains(t, said["a/IUse.aidl"], "import of a.Missing: there is no file a/Missing.aidl")
	assert.Contains(t, said["a/IUse.aidl"], "import of a.Broken: a/Broken.aidl cannot be read")
	assert.NotContains(t, said["a/IUse.aidl"], "no type Missing", "it is said once")
}

func TestConstantsOfOtherFiles(t *testing.T) {
	said := checkTexts(t, map[string]string{
		"a/A.aidl": "package a; import a.B; interface A { const int X = B.Y + 1; const int Z = B.BAD; }",
		"a/B.aidl": "package a; import a.A; interface B { const int Y = A.W; const int BAD = 1 / 0; const int ROUND = A.ROUND2; }",
		"a/C.aidl": "package a; import a.A; interface C { const byte T = A.X; }",
	}, Options{})
	assert.Contains(t, said["a/A.aidl"], "B.Y has no value")
	assert.Contains(t, said["a/A.aidl"], "B.BAD has no value")
	assert.Contains(t, said["a/B.aidl"], "A has no constant W")
}

func TestStructuredAndFrozen(t *testing.T) {
	texts := map[string]string{
		"a/IFoo.aidl":    "package a; import a.Plain; import a.Foreign; import a.Stable; @VintfStability interface IFoo { void f(in Plain p, in Foreign g, in Stable s); List h(); }",
		"a/Plain.aidl":   "package a; parcelable Plain { int x; }",
		"a/Foreign.aidl": "package a; parcelable Foreign;", "a/Stable.aidl": "package a; @NdkOnlyStableParcelable parcelable Stable;",
	}
	said := checkTexts(t, texts, Options{})
	for path := range texts {
		assert.Empty(t, said[path])
	}
	said = checkTexts(t, texts, Options{Structured: true})
	assert.Contains(t, said["a/IFoo.aidl"], "a.Foreign is not structured")
	assert.NotContains(t, said["a/IFoo.aidl"], "a.Stable is not structured")
	assert.Contains(t, said["a/IFoo.aidl"], "which is for --stability=vintf")
	assert.Contains(t, said["a/IFoo.aidl"], "a List must say here what it holds")
	said = checkTexts(t, texts, Options{VINTF: true, Structured: true, Language: Java})
	assert.Contains(t, said["a/IFoo.aidl"], "a.Plain is not marked @VintfStability")
	assert.Contains(t, said["a/IFoo.aidl"], "a.Stable is not structured")
}

func TestWhatLanguagesCannotHave(t *testing.T) {
	text := "package a; interface I { void f(in FileDescriptor a, in List b, in Map c, CharSequence d, in I[] e, in List<I> g); }"
	for language, wrong := range map[string]int{"java": 0, "cpp": 3, "ndk": 4, "rust": 4} {
		l := checkText(t, "a/I.aidl", text, Options{Language: Languages[language]})
		assert.Equal(t, wrong, l.Errors(), "%s\n%s", language, rendered(t, l))
	}
	l := checkText(t, "a/I.aidl", text, Options{Language: Java, MinSDK: 30})
	assert.Equal(t, 2, l.Errors())
	l = checkText(t, "a/P.aidl", "package a; parcelable P { ParcelableHolder h; }", Options{MinSDK: 30})
	assert.Equal(t, 1, l.Errors())
}

const warned = `package a;
import b.T;
import c.T;
interface Foo {
  const int lower = 1;
  oneway void g();
  FileDescriptor f(out int[] a, inout @nullable P p, in List l);
  @SuppressWarnings(value={"out-array", "mixed-oneway"}) oneway void h();
  parcelable P { E e; }
  enum E { A, E_B }
}
`

func TestWarnings(t *testing.T) {
	texts := map[string]string{"a/Foo.aidl": warned, "b/T.aidl": "package b; parcelable T;", "c/T.aidl": "package c; parcelable T;"}
	assert.Empty(t, checkTexts(t, texts, Options{})["a/Foo.aidl"], "warnings are off")
	golden(t, "warnings.txt", checkTexts(t, texts, Options{Warnings: Warnings{Everything: true}})["a/Foo.aidl"])
}

func TestFlagsOfWarnings(t *testing.T) {
	for flags, want := range map[string]string{
		"-Wconst-name":                               "warning",
		"-Wconst-name -Wno-const-name":               "",
		"-Weverything -w":                            "",
		"-Weverything -Wno-const-name":               "",
		"-Wconst-name -Werror":                       "error",
		"-Wconst-name -Werror -Wno-error=const-name": "warning",
		"-Werror": "",
	} {
		var w Warnings
		for _, flag := range strings.Fields(flags) {
			assert.Empty(t, w.Flag(flag))
		}
		l := checkText(t, "a/I.aidl", "package a; @RequiresNoPermission interface I { const int x = 1; }", Options{Warnings: w})
		got := ""
		for _, d := range l.All {
			if d.Name == "const-name" {
				got = d.Severity.String()
			}
		}
		assert.Equal(t, want, got, flags)
	}
	var w Warnings
	assert.Equal(t, "const-nam", w.Flag("-Wno-const-nam"))
}

func TestPreprocessedFiles(t *testing.T) {
	dir := t.TempDir()
	pre, use := filepath.Join(dir, "framework.aidl"), filepath.Join(dir, "a", "I.aidl")
	require.NoError(t, os.Mkdir(filepath.Dir(use), 0o777))
	require.NoError(t, os.WriteFile(pre, []byte("parcelable android.os.Bundle;\ninterface android.app.IThing {}\n"), 0o666))
	require.NoError(t, os.WriteFile(use, []byte("package a; import android.os.Bundle; interface I { void f(in Bundle b, IThing t, in Other o); }"), 0o666))
	set, err := load.Files([]string{use}, load.Options{Preprocessed: []string{pre}})
	require.NoError(t, err)
	l := diag.List{All: New(set).Check(set.Main[0], Options{})}
	require.Equal(t, 1, l.Errors(), rendered(t, l))
	assert.Contains(t, rendered(t, l), "there is no type Other")
}

// AOSP's compiler looks for circles of headers that have a type inside another in them: check_valid.cpp.
func TestInnerTypesOfACircleOfFiles(t *testing.T) {
	for _, c := range []struct{ u, i, want string }{
		{"parcelable U { I i; E e; enum E { A } }", "interface I { void f(); }", ""},
		{"parcelable U { I i; enum E { A } }", "interface I { void f(in U u); }", ""},
		{"parcelable U { enum E { A } }", "interface I { void f(U.E e); }", ""},
		{"parcelable U { I i; enum E { A } }", "interface I { void f(U.E e); }", "a.U.E is used by a/I.aidl"},
		{"parcelable U { I i; enum E { A } }", "interface I { const int X = U.E.A; }", "a.U.E is used by a/I.aidl"},
		{"parcelable U { I i; enum E { A } }", "interface I { interface J { U.E[] f(); } }", "a.U.E is used by a/I.aidl"},
		{"union U { I i; }", "interface I { void f(U.Tag t); }", "a.U.Tag is used by a/I.aidl"},
	} {
		set := load.Texts(map[string]string{"a/U.aidl": "package a; import a.I; " + c.u, "a/I.aidl": "package a; import a.U; " + c.i})
		p := New(set)
		assert.Empty(t, p.Check(set.Main[0], Options{}), "I has nothing inside that others use")
		l := diag.List{All: p.Check(set.Main[1], Options{})}
		if c.want == "" {
			assert.Empty(t, rendered(t, l), c.i)
			continue
		}
		assert.Equal(t, 1, l.Errors(), c.i)
		assert.Contains(t, l.All[0].Message, c.want)
	}
}
