package api

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// change is two versions of a type T in package p, and what is said of the newer: part of each
// message, and nothing when the change is harmless.
type change struct {
	older, newer string
	said         []string
}

var changes = map[string]change{
	"nothing":              {"interface T { void f(); }", "interface T { void f(); }", nil},
	"new method":           {"interface T { void f(); }", "interface T { void f(); int g(); }", nil},
	"method gone":          {"interface T { void f(); void g(); }", "interface T { void f(); }", []string{"the method p.T.g() was removed or changed"}},
	"method before":        {"interface T { void f(); }", "interface T { void g(); void f(); }", []string{"the id of p.T.f was 0, and is 1"}},
	"explicit ids":         {"interface T { void f() = 3; }", "interface T { void g() = 5; void f() = 03; }", nil},
	"argument":             {"interface T { void f(int a); }", "interface T { void f(long a); }", []string{"f(int) was removed or changed"}},
	"argument's name":      {"interface T { void f(int a); }", "interface T { void f(int b); }", nil},
	"return":               {"interface T { int f(); }", "interface T { long f(); }", []string{"the type was int, and is long"}},
	"direction":            {"interface T { void f(in int[] a); }", "interface T { void f(inout int[] a); }", []string{"the direction of a was in, and is inout"}},
	"made oneway":          {"interface T { void f(); }", "oneway interface T { void f(); }", []string{"p.T.f was made oneway"}},
	"no more oneway":       {"interface T { oneway void f(); }", "interface T { void f(); }", nil},
	"nullable":             {"interface T { String f(); }", "interface T { @nullable String f(); }", nil},
	"utf8":                 {"interface T { String f(); }", "interface T { @utf8InCpp String f(); }", []string{"annotations have changed"}},
	"type's annotation":    {"@Descriptor(value=\"a\") interface T {}", "@Descriptor(value=\"b\") interface T {}", []string{"annotations have changed"}},
	"constant":             {"interface T { const int A = 1; const int B = 2; }", "interface T { const int A = 3 - 2; const int B = 3; }", []string{"the constant p.T.B was 2, and is 3"}},
	"constant gone":        {"interface T { const int A = 1; }", "interface T {}", []string{"the constant p.T.A was removed"}},
	"new field":            {"parcelable T { int a; }", "parcelable T { int a; int b; @nullable String c; String d = \"\"; }", nil},
	"new field, no value":  {"parcelable T { int a; }", "parcelable T { int a; String b; }", []string{"the new field b has no value"}},
	"new enum field":       {"parcelable T { int a; enum E { X } enum F { Y = 1 } }", "parcelable T { int a; E b; F c; enum E { X } enum F { Y = 1 } }", []string{"the new field c is 0"}},
	"field gone":           {"parcelable T { int a; int b; }", "parcelable T { int a; }", []string{"p.T had 2 fields, and has 1"}},
	"fields reordered":     {"parcelable T { int a; int b; }", "parcelable T { int b; int a; }", []string{"p.T.b was field 2, and is field 1", "p.T.a was field 1, and is field 2"}},
	"field's type":         {"parcelable T { int a; }", "parcelable T { long a; }", []string{"the type was int, and is long"}},
	"default":              {"parcelable T { int a = 1; int b; }", "parcelable T { int a = 2; int b = 0; }", []string{"p.T.a was 1 by default, and is 2"}},
	"enum's default":       {"parcelable T { E e; enum E { X, Y } }", "parcelable T { E e = E.X; enum E { X, Y } }", nil},
	"enum's other default": {"parcelable T { E e; enum E { X, Y } }", "parcelable T { E e = E.Y; enum E { X, Y } }", []string{"was nothing by default, and is p.T.E.Y"}},
	"fixed size":           {"@FixedSize parcelable T { int a; }", "@FixedSize parcelable T { int a; int b; }", []string{"may never get more"}},
	"union grows":          {"union T { int a; }", "union T { int a; String b; }", nil},
	"enum grows":           {"enum T { A }", "enum T { A, B }", nil},
	"enumerator":           {"enum T { A, B }", "enum T { B, A = 2 }", []string{"p.T.B was 1, and is 0", "p.T.A was 0, and is 2"}},
	"enumerator gone":      {"enum T { A, B }", "enum T { A }", []string{"p.T.B was removed"}},
	"backing":              {"enum T { A }", "@Backing(type=\"int\") enum T { A }", []string{"annotations have changed"}},
	"kind":                 {"parcelable T { int a; }", "union T { int a; }", []string{"was declared as: parcelable, and is: union"}},
	"nested":               {"interface T { parcelable P { int a; } enum E { A } }", "interface T { parcelable P { long a; } }", []string{"the type p.T.E was removed", "the type was int, and is long"}},
	"deprecation":          {"interface T { void f(); }", "/** @deprecated */ interface T { @JavaPassthrough(annotation=\"@Deprecated\") void f(); }", nil},
}

func compare(t *testing.T, older, newer string, level Level) []string {
	t.Helper()
	var said []string
	for _, d := range Compare(program(t, map[string]string{"p/T.aidl": "package p; " + older}), program(t, map[string]string{"p/T.aidl": "package p; " + newer}), level) {
		said = append(said, d.Message)
	}
	return said
}

func TestWhatBreaksOthers(t *testing.T) {
	for name, c := range changes {
		said := compare(t, c.older, c.newer, Compatible)
		assert.Len(t, said, len(c.said), "%s: %q", name, said)
		for i, want := range c.said {
			assert.Contains(t, strings.Join(said, "\n"), want, "%s: %d", name, i)
		}
	}
}

func TestEqualMeansTheSameInOtherWords(t *testing.T) {
	assert.Empty(t, compare(t, "interface T { const int A = 3; enum E { X, Y } }", "// a comment\ninterface T { const int A = 1 + 2; enum E { X, Y = 1 } }", Equal))
	assert.NotEmpty(t, compare(t, "interface T { void f(); }", "interface T { void f(); void g(); }", Equal))
	assert.NotEmpty(t, compare(t, "interface T { void f(); }", "interface T { @nullable String f(); }", Equal))
}

func TestTypesThatComeAndGo(t *testing.T) {
	one := program(t, map[string]string{"p/T.aidl": "package p; parcelable T {}"})
	two := program(t, map[string]string{"p/T.aidl": "package p; parcelable T {}", "p/U.aidl": "package p; parcelable U {}"})
	assert.Empty(t, Compare(one, two, Compatible))
	assert.Contains(t, Compare(one, two, Equal)[0].Message, "the type p.U was added")
	assert.Contains(t, Compare(two, one, Compatible)[0].Message, "the type p.U was removed")
}
