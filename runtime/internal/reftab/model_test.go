package reftab_test

import (
	"flag"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The model drives real tables through every order of what can happen to a few processes. MODEL.md
// says what it covers.

var (
	modelSize = flag.String("model.size", "small", "which configurations TestModel explores: small, medium or large")
	modelOne  = flag.String("model.one", "", "explore this configuration, in place of those of a size")
)

func TestModel(t *testing.T) {
	lists := map[string][]string{"small": smallConfigurations, "medium": mediumConfigurations, "large": largeConfigurations}
	list := lists[*modelSize]
	if *modelOne != "" {
		list = []string{*modelOne}
	}
	require.NotEmpty(t, list, "there is no size %q", *modelSize)
	var states, transitions atomic.Int64
	ok := t.Run("", func(t *testing.T) {
		for _, line := range list {
			t.Run(line, func(t *testing.T) {
				t.Parallel()
				c, err := parse(line)
				require.NoError(t, err)
				e := explore(t, c)
				states.Add(int64(e.states))
				transitions.Add(int64(e.transitions))
			})
		}
	})
	if ok {
		t.Logf("%d configurations, %d states, %d transitions: no violation", len(list), states.Load(), transitions.Load())
	}
}

func explore(t *testing.T, c configuration) *explorer {
	e := newExplorer(c)
	last := time.Now()
	e.log = func(format string, args ...any) {
		if time.Since(last) > 10*time.Second {
			last = time.Now()
			t.Logf(format, args...)
		}
	}
	start := time.Now()
	trace, wrong := e.explore()
	if wrong != "" {
		t.Fatalf("%s\n\nCOUNTER-EXAMPLE in %s:\n%s\n     %s", e.speed(start), c.name, strings.Join(trace, "\n"), wrong)
	}
	t.Log(e.speed(start))
	return e
}
