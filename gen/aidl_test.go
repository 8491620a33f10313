package gen_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/aidl/model"
	"ubinder/gen"
)

func TestTypesDeclaredTwiceAreRefused(t *testing.T) {
	file := func(source string) *model.File {
		d := model.Declared{Name: "P", Package: "a", Position: model.Position{File: source, Line: 3, Column: 1}}
		return &model.File{Source: source, Package: "a", Types: model.Types{Parcelables: []*model.Parcelable{{Declared: d}}}}
	}
	_, err := gen.GenerateAIDL(gen.AIDL{Files: []*model.File{file("x/a/P.aidl"), file("y/a/P.aidl")}, Base: "example.com/x"})
	require.EqualError(t, err, "y/a/P.aidl:3:1: a.P is declared in x/a/P.aidl too; generate code for one of them at a time")
}

// What is in a type gives way to types, and to the enumerators of all.
func TestNamesThatClashGetUnderscores(t *testing.T) {
	for source, want := range map[string][]string{
		"parcelable P { const int E_A = 1; enum E { A } }":                       {"P_E_A P_E = 0", "P_E_A_ int32 = 1"},
		"interface P { enum Op { GET } const int Op_GET = 1; }":                  {"P_Op_GET P_Op = 0", "P_Op_GET_ int32 = 1"},
		"union P { @nullable Np Np; parcelable Np {} }":                          {"func NewP_Np() *P_Np", "func NewP_Np_(v *P_Np) *P"},
		"parcelable P { interface A { void bC(); } interface AB { void c(); } }": {"P_ABCCode uint32 = 1", "P_ABCCode_ uint32 = 1", "func handleP_ABC(", "func handleP_ABC_("},
		"interface P { void f(inout int[] n, in int nOut); }":                    {"F(ctx context.Context, n []int32, nOut int32) (nOut_ []int32, err error)"},
	} {
		files, err := acceptedAIDL(map[string]string{"a/P.aidl": "package a; " + source})
		require.NoError(t, err, source)
		outputs, err := gen.GenerateAIDL(gen.AIDL{Files: files, Base: aidlBase})
		require.NoError(t, err, source)
		text := regexp.MustCompile(` +`).ReplaceAllString(string(outputs[0].Content), " ")
		for _, w := range want {
			require.Contains(t, text, w, source)
		}
	}
}

func TestParcelablesWithoutAnEndAreRefused(t *testing.T) {
	generate := func(source string) error {
		files, err := acceptedAIDL(map[string]string{"a/A.aidl": "package a; parcelable A {" + source + "}"})
		require.NoError(t, err, source)
		_, err = gen.GenerateAIDL(gen.AIDL{Files: files, Base: aidlBase})
		return err
	}
	const wrong = "a/A.aidl:1:23: a.A holds itself, in an array of fixed length, so that no value of it would end; mark the array @nullable"
	require.EqualError(t, generate("A[2] a;"), wrong)
	require.EqualError(t, generate("A[2][3] a;"), wrong)
	require.EqualError(t, generate("parcelable B { A[2] a; } B b;"), wrong)
	require.NoError(t, generate("@nullable A[2] a;"))
	require.NoError(t, generate("A[] a;"))
}

// Comments may be in any encoding, and say what no Go file may.
func TestCommentsOfAnyBytesAreCarriedOver(t *testing.T) {
	files, err := acceptedAIDL(map[string]string{"a/A.aidl": "package a;\n/** caf\xe9\x00 \ufeff\r*/ parcelable A { /** \xff\n * @deprecated \xfe */ int x; }"})
	require.NoError(t, err)
	outputs, err := gen.GenerateAIDL(gen.AIDL{Files: files, Base: aidlBase})
	require.NoError(t, err)
	require.Contains(t, string(outputs[0].Content), "// caf\ufffd")
}

func TestNullableConstantsAreConstants(t *testing.T) {
	files, err := acceptedAIDL(map[string]string{"a/A.aidl": `package a; parcelable A { @nullable const String S = "x"; }`})
	require.NoError(t, err)
	outputs, err := gen.GenerateAIDL(gen.AIDL{Files: files, Base: aidlBase})
	require.NoError(t, err)
	require.NoError(t, newChecker(t).aidl(outputs))
}

// A union's tag is a type that others can use, wherever they are, and whichever files code is made for.
func TestTagsOfUnionsAreTypes(t *testing.T) {
	files, err := acceptedAIDL(map[string]string{
		"a/U.aidl": "package a; union U { int x; String Y; parcelable In { U.Tag tag = U.Tag.Y; } }",
		"a/F.aidl": "package a; @FixedSize union F { int x; long y; }",
		"b/I.aidl": "package b; import a.U; import a.F; interface I { U.Tag[] f(U.Tag t, in F.Tag[] u); F.Tag g(inout F.Tag[2] v); }",
		"b/P.aidl": "package b; import a.U; import a.F; parcelable P { U.Tag t = U.Tag.Y; U.Tag[] u = {U.Tag.x}; F.Tag f = F.Tag.y; }",
	})
	require.NoError(t, err)
	outputs, err := gen.GenerateAIDL(gen.AIDL{Files: files, Base: aidlBase})
	require.NoError(t, err)
	require.NoError(t, newChecker(t).aidl(outputs))
	for i, f := range files {
		alone, err := gen.GenerateAIDL(gen.AIDL{Files: files[i : i+1], Base: aidlBase})
		require.NoError(t, err, f.Source)
		require.Equal(t, string(outputs[i].Content), string(alone[0].Content))
	}
}
