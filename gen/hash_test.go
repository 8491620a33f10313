package gen_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
)

const hashed = header + `
service S {
  rpc A(M) returns (N) { option (ubinder.code) = 1; }
  rpc B(N) returns (google.protobuf.Empty) { option (ubinder.code) = 2; option (ubinder.oneway) = true; }
}
message M { int32 a = 1; repeated P b = 2; map<string, E> c = 3; oneof d { string e = 4; M f = 5; } }
message N { ubinder.Object o = 1 [(ubinder.interface) = "S"]; ubinder.File g = 2; }
message P { bytes h = 1; }
enum E { NONE = 0; SOME = 1; }
`

var hashLiteral = regexp.MustCompile(`stub\.NewInterface\(SDescriptor, \d+, "([0-9a-f]{64})"\)`)

func hashOf(t *testing.T, source string) string {
	t.Helper()
	outputs, err := generate(t, map[string]string{"s.proto": source})
	require.NoError(t, err)
	m := hashLiteral.FindSubmatch(outputs[len(outputs)-1].Content)
	require.NotNil(t, m)
	return string(m[1])
}

func TestHashIsOfTheDefinition(t *testing.T) {
	want := hashOf(t, hashed)
	same := map[string][]string{
		"a comment":                 {"message M {", "// Of M.\nmessage M {"},
		"the order of fields":       {"int32 a = 1; repeated P b = 2;", "repeated P b = 2; int32 a = 1;"},
		"a message that has no use": {"enum E", "message Unused { int32 x = 1; }\nenum E"},
		"another Go package":        {"example.com/test", "example.com/test;other"},
		"a deprecation":             {"(ubinder.code) = 1;", "(ubinder.code) = 1; option deprecated = true;"},
	}
	for name, change := range same {
		require.Contains(t, hashed, change[0])
		assert.Equal(t, want, hashOf(t, strings.Replace(hashed, change[0], change[1], 1)), name)
	}
	others := map[string][]string{
		"a method's code":      {"(ubinder.code) = 2;", "(ubinder.code) = 3;"},
		"a method's name":      {"rpc A", "rpc C"},
		"oneway":               {"option (ubinder.oneway) = true;", ""},
		"a field's number":     {"int32 a = 1;", "int32 a = 6;"},
		"a field's type":       {"int32 a", "sint32 a"},
		"a field's name":       {"int32 a", "int32 z"},
		"a repeated field":     {"int32 a", "repeated int32 a"},
		"a new field":          {"int32 a = 1;", "int32 a = 1; int32 n = 9;"},
		"an enum's value":      {"SOME = 1", "SOME = 2"},
		"a map's key":          {"map<string", "map<int32"},
		"a oneof":              {"oneof d { string e = 4; M f = 5; }", "string e = 4; M f = 5;"},
		"an object's type":     {` [(ubinder.interface) = "S"]`, ""},
		"the version":          {"service S {", "service S { option (ubinder.version) = 2;"},
		"the descriptor":       {"service S {", `service S { option (ubinder.descriptor) = "x";`},
		"a map's value":        {"map<string, E>", "map<string, P>"},
		"a message inside one": {"bytes h", "string h"},
	}
	seen := map[string]string{want: "nothing"}
	for name, change := range others {
		require.Contains(t, hashed, change[0])
		source := strings.Replace(hashed, change[0], change[1], 1)
		hash := hashOf(t, source)
		assert.Empty(t, seen[hash], name)
		seen[hash] = name
	}
}

func TestReservedCodesAreTheRuntimes(t *testing.T) {
	_, err := codesOf(t, []int{int(binder.LastCode)})
	require.NoError(t, err)
	_, err = codesOf(t, []int{int(binder.LastCode) + 1})
	require.Error(t, err)
	_, err = codesOf(t, []int{int(binder.FirstCode) - 1})
	require.Error(t, err)
}
