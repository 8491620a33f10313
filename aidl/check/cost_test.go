package check

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"ubinder/aidl/diag"
	"ubinder/aidl/load"
)

// numbered repeats a text with a number in place of each #, and the next number in place of each $.
func numbered(begin, repeated, end string, n int) string {
	var b strings.Builder
	b.WriteString(begin)
	for i := range n {
		b.WriteString(strings.NewReplacer("#", fmt.Sprint(i), "$", fmt.Sprint(i+1)).Replace(repeated))
	}
	return b.String() + end
}

// unpleasant texts: each has a beginning, what is repeated, and an end.
var unpleasant = map[string][3]string{
	"chain of constants":         {"interface X { ", "const int A# = A$ + 1; ", "}"},
	"chain backwards":            {"interface X { const int A0 = 1; ", "const int A$ = A#; ", "}"},
	"enumerators":                {"@Backing(type=\"int\") enum X { ", "A#, ", "}"},
	"long sum":                   {"interface X { const int A = 1", " + 0", "; }"},
	"joined string":              {"interface X { const String A = \"\"", " + \"a\"", "; }"},
	"doubled strings":            {"interface X { const String A0 = \"a\"; ", "const String A$ = A# + A#; ", "}"},
	"doubled arrays":             {"interface X { const int[] A0 = {1}; ", "const int[] A$ = {A#, A#}; ", "}"},
	"array of fixed size":        {"parcelable X { int[1000000] a = {", "1, ", "}; }"},
	"nested types":               {"interface X { ", "parcelable P# { int a; } void f#(in P# p); ", "}"},
	"unknown types":              {"interface X { ", "void f#(in Missing# p); ", "}"},
	"imports that are not there": {"", "import a.b.C#; ", "interface X {}"},
	"methods":                    {"interface X { ", "void f#(in String[] a) = #; ", "}"},
	"fields of one name":         {"parcelable X { ", "int a; ", "}"},
	"unknown annotations":        {"interface X { ", "@Nonsense# void f#(); ", "}"},
	"containment":                {"interface X { ", "parcelable P# { P$ a; } ", "}"},
	"words of a name":            {"enum X { ", "Aa", " }"},
	"foreign parcelables":        {"", "parcelable P#; ", ""},
	"suppressed":                 {"interface X { ", "@SuppressWarnings(value={\"const-name\"}) void f#(); ", "}"},
}

func stepsFor(u [3]string, n int) int {
	set := load.Texts(map[string]string{"X.aidl": numbered(u[0], u[1], u[2], n)})
	p := New(set)
	c := newChecker(p, p.resolved(set.Main[0]), Options{Warnings: Warnings{Everything: true}})
	c.file()
	return c.eval.steps + int(c.doc.steps.Load()) + len(c.wrong.All)
}

// Ten times as much must take about ten times as many steps.
func TestCheckingTakesStepsInProportion(t *testing.T) {
	for name, u := range unpleasant {
		short, long := stepsFor(u, 500), stepsFor(u, 5000)
		assert.LessOrEqual(t, long, 12*short+100, name)
	}
}

func BenchmarkCheckMegabyte(b *testing.B) {
	u := unpleasant["nested types"]
	text := numbered(u[0], u[1], u[2], (1<<20)/50)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		set := load.Texts(map[string]string{"X.aidl": text})
		New(set).Check(set.Main[0], Options{})
	}
}

func FuzzCheck(f *testing.F) {
	for _, c := range testCases(f) {
		f.Add(c.text)
	}
	for _, u := range unpleasant {
		f.Add(numbered(u[0], u[1], u[2], 3))
	}
	f.Add(warned)
	f.Fuzz(func(t *testing.T, text string) {
		set := load.Texts(map[string]string{"t/X.aidl": text, "t/Y.aidl": "package t; import t.X; parcelable Y { X x; int a = X.A; }"})
		p := New(set)
		for _, main := range set.Main {
			for _, o := range []Options{{}, {Structured: true, VINTF: true, Language: Rust, MinSDK: 30, Warnings: Warnings{Everything: true}}} {
				l := diag.List{All: p.Check(main, o)}
				rendered(t, l)
			}
		}
	})
}
