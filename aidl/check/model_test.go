package check

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/aidl/diag"
	"ubinder/aidl/load"
	"ubinder/aidl/model"
)

// modelOf makes the model of files, which must have no errors.
func modelOf(t *testing.T, texts map[string]string, o Options) []*model.File {
	t.Helper()
	set := load.Texts(texts)
	p := New(set)
	for _, f := range set.Main {
		l := diag.List{All: p.Check(f, o)}
		require.Empty(t, rendered(t, l), f.Path)
	}
	return p.Model(set.Main, o)
}

const modelled = `package a;
import a.Foreign;
/**
 * Does things.
 * @hide
 * @deprecated use IOther
 *   instead
 */
@VintfStability @SensitiveData @Descriptor(value="old.IThing") @EnforcePermission(anyOf={"A", "B"})
@JavaPassthrough(annotation="@X")
interface IThing {
  // Answer to all.
  const int ANSWER = 6 * 7;
  /** Twice. */
  @nullable @utf8InCpp String[] twice(in @nullable List<Foreign> in1, out int[2][ANSWER - 39] grid, inout ParcelFileDescriptor f) = 5;
  oneway void gone(@nullable IThing back) = 7;
  parcelable State {
    Kind kind = Kind.TWO;
    Kind[] kinds = {Kind.ONE, Kind.TWO};
    float f = 1.5f; char c = 'x'; boolean b = 1; long l = 0xFFFFFFFF; String s = "a" + "b"; byte y = 200u8;
    @nullable(heap=true) State next;
    Map<String, int[]> map; List list2;
    Either either;
    ParcelableHolder holder;
  }
  @Backing(type="long") enum Kind { ONE, TWO = 1L << 40, /** @deprecated */ THREE }
  @FixedSize union Either { int a = 1; byte[4] b; }
}
`

func TestTheModelHasEverything(t *testing.T) {
	text := modelled
	files := modelOf(t, map[string]string{
		"root/a/IThing.aidl":  strings.Replace(text, "List list2;", "", 1),
		"root/a/Foreign.aidl": `package a; parcelable Foreign cpp_header "f.h" rust_type "f::F";`,
	}, Options{Version: 3, Hash: "abc"})
	require.Len(t, files, 2)
	foreign := files[0].Foreign[0]
	assert.Equal(t, "f.h f::F a.Foreign", foreign.CppHeader+" "+foreign.RustType+" "+foreign.FullName())
	assert.Equal(t, "a/IThing.aidl", files[1].Source)
	i := files[1].Interfaces[0]
	assert.Equal(t, model.Comment{Doc: " Does things.\n", Deprecated: true, Reason: "use IOther instead", Hidden: true}, i.Comment)
	assert.Equal(t, "old.IThing", i.Descriptor)
	assert.Equal(t, &model.Permission{Rule: model.AnyOf, Names: []string{"A", "B"}}, i.Permission)
	assert.True(t, i.VINTF && i.Sensitive && i.Version == 3 && i.Hash == "abc" && i.Encoding == model.Parcel)
	assert.Equal(t, "@X", i.Annotations[0].Values["annotation"].String)
	assert.Equal(t, int64(42), i.Constants[0].Value.Int)
	assert.Equal(t, " Answer to all.\n", i.Constants[0].Doc)
	assert.Equal(t, 11, i.Position.Line)
	checkMethods(t, i, foreign)
	checkState(t, i)
}

// What an interface says of its version need not be said to the compiler, and must not be contradicted.
func TestAnInterfaceCanSayItsVersion(t *testing.T) {
	const text = "package a; @VersionSupport(version=1 + 1) interface I { interface J {} }"
	for _, given := range []int{0, 2} {
		i := modelOf(t, map[string]string{"a/I.aidl": text}, Options{Version: given})[0].Interfaces[0]
		assert.Equal(t, 2, i.Version)
		assert.Equal(t, given, i.Interfaces[0].Version, "the types inside are of the version given")
		assert.Empty(t, i.Annotations)
	}
	for text, want := range map[string]string{
		text: "I is of version 2 here, and is to be of version 3",
		"package a; @VersionSupport interface I {}":                     "@VersionSupport needs the parameter version",
		"package a; @VersionSupport(version=\"1\") interface I {}":      "int",
		"package a; @VersionSupport(version=1) parcelable I {}":         "@VersionSupport cannot stand before a parcelable",
		"package a; interface I { @VersionSupport(version=1) int f();}": "@VersionSupport cannot stand before a method",
	} {
		l := checkText(t, "a/I.aidl", text, Options{Version: 3})
		require.Equal(t, 1, l.Errors(), text)
		assert.Contains(t, l.All[0].Message, want)
	}
}

func checkMethods(t *testing.T, i *model.Interface, foreign *model.Foreign) {
	twice, gone := i.Methods[0], i.Methods[1]
	assert.Equal(t, []uint32{6, 8}, []uint32{twice.Code, gone.Code})
	assert.Equal(t, " Twice.\n", twice.Doc)
	assert.True(t, gone.Oneway && gone.Return == nil && !twice.Oneway)
	r := twice.Return
	assert.True(t, r.Kind == model.KindArray && r.Nullable && r.UTF8 && r.Elem.Kind == model.KindString && r.Elem.Nullable)
	list := twice.Arguments[0].Type
	assert.True(t, list.Kind == model.KindList && list.Nullable && list.Elem.Nullable)
	assert.Same(t, foreign, list.Elem.Foreign)
	grid := twice.Arguments[1]
	assert.Equal(t, model.Out, grid.Direction)
	assert.Equal(t, []int{2, 3}, []int{grid.Type.Length, grid.Type.Elem.Length})
	assert.Equal(t, model.KindInt, grid.Type.Elem.Elem.Kind)
	assert.Equal(t, model.InOut, twice.Arguments[2].Direction)
	assert.Same(t, i, gone.Arguments[0].Type.Interface)
}

func checkState(t *testing.T, i *model.Interface) {
	state, kind, either := i.Parcelables[0], i.Enums[0], i.Unions[0]
	assert.Equal(t, "a.IThing.State", state.FullName())
	assert.True(t, state.VINTF, "as what it stands in")
	assert.Same(t, kind.Enumerators[1], state.Fields[0].Default.Enumerator)
	assert.Len(t, state.Fields[1].Default.Elements, 2)
	assert.Equal(t, 1.5, state.Fields[2].Default.Float)
	assert.Equal(t, int64('x'), state.Fields[3].Default.Int)
	assert.True(t, state.Fields[4].Default.Bool)
	assert.Equal(t, int64(-1), state.Fields[5].Default.Int)
	assert.Equal(t, "ab", state.Fields[6].Default.String)
	assert.Equal(t, int64(-56), state.Fields[7].Default.Int)
	next := state.Fields[8].Type
	assert.True(t, next.Nullable && next.Heap)
	assert.Same(t, state, next.Parcelable)
	assert.Nil(t, state.Fields[8].Default)
	assert.Equal(t, model.KindArray, state.Fields[9].Type.Elem.Kind)
	assert.Equal(t, model.KindLong, kind.Backing)
	assert.Equal(t, int64(1<<40+1), kind.Enumerators[2].Value)
	assert.True(t, kind.Enumerators[2].Deprecated)
	assert.True(t, either.FixedSize)
	assert.Equal(t, model.KindByte, either.Tag.Backing)
	assert.Equal(t, "a.IThing.Either.Tag", either.Tag.FullName())
	assert.Equal(t, []string{"a", "b"}, []string{either.Tag.Enumerators[0].Name, either.Tag.Enumerators[1].Name})
	assert.Empty(t, either.Enums, "the tag is not among the types inside")
}
