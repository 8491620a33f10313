package binder_test

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write CONFORMANCE.md by what TestConformance finds")

// suite is the cases of another binder or bus, by topic.
type suite struct {
	name   string
	source string // where the list is from
	cases  []conformance
}

// conformance is one case: what another implementation's test, or its documentation, demands, and
// how that is shown here, between processes on a real bus.
type conformance struct {
	name   string // as it is called there
	checks string // what it demands, in our words
	run    func(*stage)
	left   string // why there is nothing to run
	root   bool   // it needs privileges; without them it is skipped
}

var suites = []suite{
	{"binderLibTest", "AOSP, frameworks/native, libs/binder/tests/binderLibTest.cpp",
		join(libCalls, libObjects, libDeaths, libFreeze, libFiles, libLoopers, libNice, libProcess, libSources, libNames, libElsewhere)},
	{"binderDriverInterfaceTest", "AOSP, frameworks/native, libs/binder/tests/binderDriverInterfaceTest.cpp", driver},
	{"binderRpcTest", "AOSP, frameworks/native, libs/binder/tests/binderRpcUniversalTests.cpp: what it says of objects, and the limits of binder over sockets, which do not hold here", rpc},
	{"bus1", "bus1, Documentation/bus1/bus1.xml and tools/testing/selftests/bus1: what it says of nodes, handles and order", bus1},
	{"kbus", "kbus, docs/specification.txt and its tests: what it promises of requests and order", kbus},
}

func join(groups ...[]conformance) []conformance {
	var all []conformance
	for _, g := range groups {
		all = append(all, g...)
	}
	return all
}

// TestConformance runs every case, and compares what it found with the table.
func TestConformance(t *testing.T) {
	bus := busWithManager(t)
	found := make(findings)
	total := 0
	for _, s := range suites {
		total += len(s.cases)
		t.Run(s.name, func(t *testing.T) {
			for _, c := range s.cases {
				t.Run(c.name, func(t *testing.T) { c.play(t, bus, found) })
			}
		})
	}
	if len(found) < total || t.Failed() && !*update {
		return // only some were asked for; or what is wrong is said
	}
	if *update {
		require.NoError(t, os.WriteFile(table, []byte(found.table()), 0o644))
	}
	now, err := os.ReadFile(table)
	require.NoError(t, err)
	if found.table() != string(now) {
		t.Errorf("%s is not what was found: again with -update, to write it", table)
	}
}

// play runs the case and notes what it found.
func (c *conformance) play(t *testing.T, bus string, found findings) {
	found[t.Name()] = "**FAILS**"
	switch {
	case c.left != "":
		found[t.Name()] = "left out: " + c.left
		t.Skip(c.left)
	case c.root && os.Geteuid() != 0:
		found[t.Name()] = c.passes()
		t.Skip("it needs root")
	}
	c.run(newStage(t, bus))
	if !t.Failed() {
		found[t.Name()] = c.passes()
	}
}

func (c *conformance) passes() string {
	if c.root {
		return "passes, as root"
	}
	return "passes"
}
