package api

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// change is two versions of a type, and what is said of the newer: part of each message, and nothing
// when the change is harmless.
type change struct {
	name, older, newer string
	said               []string
}

// changes reads testdata/changes.txt.
func changes(t *testing.T) []change {
	t.Helper()
	var list []change
	for line := range strings.Lines(readFile(t, "testdata/changes.txt")) {
		parts := strings.Split(strings.TrimSpace(line), " |")
		if strings.HasPrefix(line, "#") {
			continue
		}
		require.GreaterOrEqual(t, len(parts), 3, line)
		c := change{name: parts[0], older: strings.TrimSpace(parts[1]), newer: strings.TrimSpace(parts[2])}
		if len(parts) > 3 {
			c.said = strings.Split(strings.TrimSpace(parts[3]), " ; ")
		}
		list = append(list, c)
	}
	require.NotEmpty(t, list)
	return list
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
	for _, c := range changes(t) {
		said := compare(t, c.older, c.newer, Compatible)
		assert.Len(t, said, len(c.said), "%s: %q", c.name, said)
		for i, want := range c.said {
			assert.Contains(t, strings.Join(said, "\n"), want, "%s: %d", c.name, i)
		}
	}
}

// Debian's compiler does not know the annotation, so this is none of testdata/changes.txt.
func TestAnInterfaceMaySayANewVersion(t *testing.T) {
	const older, newer = "@VersionSupport(version=1) interface T {}", "@VersionSupport(version=2) interface T { void f(); }"
	assert.Empty(t, compare(t, older, newer, Compatible))
	assert.Empty(t, compare(t, "interface T {}", newer, Compatible))
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
