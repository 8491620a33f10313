package gen_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestCodes(t *testing.T) {
	tests := map[string]struct {
		codes []int // of methods A, B, ...; -1 means that none is written
		want  []string
	}{
		"in order of declaration":              {[]int{-1, -1, -1}, []string{"1", "2", "3"}},
		"explicit ones stand apart":            {[]int{-1, 0x100, -1}, []string{"1", "256", "2"}},
		"writing codes down changes nothing":   {[]int{-1, 2, -1, 4, -1}, []string{"1", "2", "3", "4", "5"}},
		"all written":                          {[]int{3, 1, 2}, []string{"3", "1", "2"}},
		"limits":                               {[]int{0xffff9b, 1}, []string{"16777115", "1"}},
		"apart, then counted on":               {[]int{7, -1, -1, 3, -1}, []string{"7", "1", "2", "3", "4"}},
		"a counted code is not given again":    {[]int{1, -1}, []string{"1", "2"}},
		"a code ahead of the count is no jump": {[]int{-1, 3, -1}, []string{"1", "3", "2"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := codesOf(t, test.codes)
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

// TestCodesNeverMove checks the promise of the rule: a method's code does not depend on codes
// written on other methods; these may only make an error of it.
func TestCodesNeverMove(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		codes := rapid.SliceOfN(rapid.SampledFrom([]int{-1, -1, -1, 1, 2, 3, 4, 5, 100}), 1, 6).Draw(rt, "codes")
		before, err := codesOf(t, codes)
		if err != nil {
			rt.Skip("codes clash")
		}
		i := rapid.IntRange(0, len(codes)-1).Draw(rt, "method")
		written := append([]int(nil), codes...)
		_, _ = fmt.Sscan(before[i], &written[i])
		after, err := codesOf(t, written)
		require.NoError(rt, err)
		require.Equal(rt, before, after, "writing a method's own code down")
	})
}

var codeConstant = regexp.MustCompile(`(?m)^\s*SM\w+Code\s+uint32 = (\d+)$`)

// codesOf generates a service with a method for each code and returns the codes generated.
func codesOf(t *testing.T, codes []int) ([]string, error) {
	var b strings.Builder
	b.WriteString(header + "message M {}\nservice S {\n")
	for n, code := range codes {
		fmt.Fprintf(&b, "rpc M%d(M) returns (M) {", n)
		if code >= 0 {
			fmt.Fprintf(&b, "option (ubinder.code) = %d;", code)
		}
		b.WriteString("}\n")
	}
	b.WriteString("}\n")
	outputs, err := generate(t, map[string]string{"s.proto": b.String()})
	if err != nil {
		return nil, err
	}
	var got []string
	for _, m := range codeConstant.FindAllStringSubmatch(string(outputs[len(outputs)-1].Content), -1) {
		got = append(got, m[1])
	}
	return got, nil
}
