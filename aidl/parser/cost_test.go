package parser

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"ubinder/aidl/diag"
)

// unpleasant texts: each is repeated to any length.
var unpleasant = map[string][2]string{ // what begins it, what is repeated
	"methods":          {"interface I {", "void m(in @nullable List<Map<String, int[]>> a, int b);\n"},
	"fields":           {"parcelable P {", "int[3][2] f = {{1, 2}, {3, 4 + 5 * 6}};\n"},
	"enumerators":      {"enum E {", "A, B = 2,\n"},
	"braces":           {"", "{"},
	"closing braces":   {"interface I {", "}"},
	"parentheses":      {"interface I { void f", "("},
	"angles":           {"parcelable P { ", "A<"},
	"annotations":      {"", "@A(b=1) "},
	"parameters":       {"@A(", "a=1,"},
	"signs":            {"interface I { const int A = ", "+ - * "},
	"sum":              {"interface I { const int A = ", "1 + "},
	"digits":           {"interface I { const int A = ", "1"},
	"words":            {"", "interface "},
	"names":            {"import ", "a."},
	"quotes":           {"interface I {", "\"\n"},
	"backslash quotes": {"interface I { const String S = \"", "\\\""},
	"comments":         {"", "/**/ // \n"},
	"open comments":    {"", "/* "},
	"garbage":          {"", "#\x80\xff$ "},
	"semicolons":       {"interface I {", ";"},
	"commas":           {"enum E {", ","},
	"nested":           {"", "parcelable P { int a; "},
	"dimensions":       {"parcelable P { int", "[1]"},
	"imports":          {"interface I {}", "import a;"},
}

func stepsFor(begin, repeated string, length int) int {
	var wrong diag.List
	text := begin + strings.Repeat(repeated, length/len(repeated))
	p := newParser(diag.NewSource("x.aidl", text), &wrong)
	p.document()
	return p.steps
}

// A text ten times as long must take about ten times as many steps.
func TestParsingTakesStepsInProportion(t *testing.T) {
	for name, u := range unpleasant {
		short, long := stepsFor(u[0], u[1], 10_000), stepsFor(u[0], u[1], 100_000)
		assert.Less(t, float64(long), 12*float64(short), name)
		assert.Less(t, long, 40*100_000, name)
	}
}

func BenchmarkParseMegabyte(b *testing.B) {
	u := unpleasant["methods"]
	text := u[0] + strings.Repeat(u[1], 1<<20/len(u[1])) + "}"
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		var wrong diag.List
		Parse(diag.NewSource("x.aidl", text), &wrong)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"everything.aidl", "broken.aidl"} {
		f.Add(read(f, name).Text)
	}
	for _, u := range unpleasant {
		f.Add(u[0] + u[1] + u[1])
	}
	f.Fuzz(func(t *testing.T, text string) {
		var wrong diag.List
		source := diag.NewSource("fuzz.aidl", text)
		file := Parse(source, &wrong)
		if wrong.Errors() == 0 && len(file.Decls) == 0 {
			t.Fatal("accepted without a declaration")
		}
		outline(file)
		rendered(t, &wrong)
	})
}
