package check

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/aidl/diag"
	"ubinder/aidl/load"
)

// testCase is one file, and whether it is to be accepted.
type testCase struct {
	verdict, name, text string
}

var firstDeclared = regexp.MustCompile(`(?:interface|parcelable|enum|union) (\w+)`)

// testCases reads testdata/cases.txt.
func testCases(t testing.TB) []testCase {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "cases.txt"))
	require.NoError(t, err)
	var cases []testCase
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		verdict, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		name := "Empty"
		if m := firstDeclared.FindStringSubmatch(text); m != nil {
			name = m[1]
		}
		cases = append(cases, testCase{verdict, name, text})
	}
	return cases
}

func checkText(t testing.TB, path, text string, o Options) diag.List {
	t.Helper()
	set := load.Texts(map[string]string{path: text})
	return diag.List{All: New(set).Check(set.Main[0], o)}
}

func rendered(t testing.TB, l diag.List) string {
	t.Helper()
	var b strings.Builder
	for _, d := range l.All {
		require.NoError(t, diag.Render(&b, d, diag.Style{}))
	}
	return b.String()
}

func TestCasesAreJudgedAsTheCompilerJudgesThem(t *testing.T) {
	cases := testCases(t)
	require.Greater(t, len(cases), 100)
	for _, c := range cases {
		l := checkText(t, "t/"+c.name+".aidl", c.text, Options{})
		assert.Equal(t, c.verdict == "ok", l.Errors() == 0, "%s\n%s", c.text, rendered(t, l))
	}
}

// What is said of each case that is refused.
func TestMessages(t *testing.T) {
	var b strings.Builder
	for _, c := range testCases(t) {
		if c.verdict != "ok" {
			b.WriteString(rendered(t, checkText(t, "t/"+c.name+".aidl", c.text, Options{})))
		}
	}
	golden(t, "messages.txt", b.String())
}
