package reftab_test

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A model that finds nothing may be blind. So each rule is taken out of the code in turn, by a change
// of its text that the compiler is given in place of the file, and the model has to find what then
// goes wrong, in the smallest configuration where it can.

var mutations = flag.Bool("model.mutations", false, "run TestEveryRuleIsNeeded")

// mutation leaves one rule out.
type mutation struct {
	name          string // the rule, with its tag in PROTOCOL.md
	configuration string
	changes       []change
}

// change replaces a text that stands once in a file.
type change struct{ file, old, new string }

func TestEveryRuleIsNeeded(t *testing.T) {
	if !*mutations {
		t.Skip("without -model.mutations")
	}
	dir := t.TempDir()
	for i, m := range everyMutation {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			binary := filepath.Join(dir, "mutant"+string(rune('a'+i/26))+string(rune('a'+i%26)))
			build(t, binary, m.changes)
			out, err := exec.Command(binary, "-test.run=^TestModel$", "-test.timeout=2m", "-model.one="+m.configuration).CombinedOutput()
			require.Error(t, err, "nothing goes wrong without this rule:\n%s", out)
			_, found, _ := strings.Cut(string(out), "COUNTER-EXAMPLE")
			require.NotEmpty(t, found, "%s", out)
			t.Log(found)
		})
	}
}

// build compiles the tests with files changed.
func build(t *testing.T, binary string, changes []change) {
	changed := map[string]string{}
	here, err := os.Getwd()
	require.NoError(t, err)
	for _, c := range changes {
		name := filepath.Join(here, c.file)
		if changed[name] == "" {
			changed[name] = readFile(t, name)
		}
		require.Equal(t, 1, strings.Count(changed[name], c.old), "how often %s has: %s", c.file, c.old)
		changed[name] = strings.Replace(changed[name], c.old, c.new, 1)
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for name, text := range changed {
		file := binary + "." + filepath.Base(name)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		overlay.Replace[name] = file
	}
	list, err := json.Marshal(overlay)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(binary+".json", list, 0o600))
	out, err := exec.Command("go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay", binary+".json", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func readFile(t *testing.T, name string) string {
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}
