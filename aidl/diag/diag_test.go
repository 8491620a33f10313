package diag

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPositions(t *testing.T) {
	s := NewSource("x", "ab\r\n\ncd")
	for offset, want := range map[int32][2]int{0: {1, 1}, 2: {1, 3}, 4: {2, 1}, 5: {3, 1}, 7: {3, 3}} {
		line, column := s.Position(offset)
		assert.Equal(t, want, [2]int{line, column}, offset)
	}
	assert.Equal(t, []string{"ab", "", "cd"}, []string{s.Line(1), s.Line(2), s.Line(3)})
	line, column := NewSource("x", "").Position(0)
	assert.Equal(t, [2]int{1, 1}, [2]int{line, column})
}

func TestRender(t *testing.T) {
	s := NewSource("x.aidl", "one\n\ttwö three\n")
	var l List
	l.Errorf(s, Span{5, 9}, "no %s", "good").Labelled("here").Noted("know").See(s, Span{0, 3}, "first").Helped("do\nit")
	l.Add(&Diagnostic{Severity: Warning, Source: s, Span: Span{10, 15}, Message: "hm", Name: "w"})
	l.Add(&Diagnostic{Message: "nowhere"})
	var b strings.Builder
	for _, d := range l.All {
		require.NoError(t, Render(&b, d, Style{Error: strings.ToUpper}))
	}
	assert.Equal(t, `x.aidl:2:2: ERROR: no good
    2 | 	twö three
      | 	^^^ here
      = note: know
x.aidl:1:1: note: first
    1 | one
      | ^^^
      = help: do
        it
x.aidl:2:7: warning: hm [-Ww]
    2 | 	twö three
      | 	    ^^^^^
ERROR: nowhere
`, b.String())
	assert.Equal(t, 2, l.Errors())
	assert.EqualError(t, l.Err(), "x.aidl:2:2: error: no good\nx.aidl:2:7: warning: hm [-Ww]\nerror: nowhere")
}

func TestALineThatIsTooLongIsNotShown(t *testing.T) {
	s := NewSource("x", strings.Repeat("a", 1000))
	var b strings.Builder
	var l List
	require.NoError(t, Render(&b, l.Errorf(s, Span{10, 12}, "no"), Style{}))
	assert.Equal(t, "x:1:11: error: no\n", b.String())
}

func TestNear(t *testing.T) {
	names := []string{"Bundle", "Binder", "String", "int"}
	for name, want := range map[string]string{"Bundel": "Bundle", "string": "String", "Strng": "String", "Intt": "int", "Window": "", strings.Repeat("x", 100): ""} {
		assert.Equal(t, want, Near(name, names), name)
	}
	assert.Empty(t, Near("x", nil))
}
