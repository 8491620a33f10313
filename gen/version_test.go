package gen_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/gen"
	"ubinder/runtime/stub"
)

func TestVersionIsTheRuntimes(t *testing.T) {
	assert.Equal(t, stub.Version, gen.Version)
}

// TestVersionCheck compiles generated code that says it is of another version. The overlay puts it
// in the place of a golden file for one build.
func TestVersionCheck(t *testing.T) {
	const golden = "internal/golden/listener/listener.ubinder.go"
	source, err := os.ReadFile(golden)
	require.NoError(t, err)
	for name, test := range map[string]struct {
		version string
		fails   bool
	}{
		"the same": {"2", false}, "too old": {"1", true}, "too new": {"3", true},
	} {
		t.Run(name, func(t *testing.T) {
			other := strings.NewReplacer("EnforceVersion(2 -", "EnforceVersion("+test.version+" -", "Version - 2)", "Version - "+test.version+")").Replace(string(source))
			out, err := buildInstead(t, golden, other)
			if !test.fails {
				require.NoError(t, err, out)
				return
			}
			require.Error(t, err)
			assert.Contains(t, out, "EnforceVersion", "the message must lead to the reason")
			assert.Contains(t, out, "overflows")
		})
	}
}

func buildInstead(t *testing.T, file, content string) (string, error) {
	list := overlay(t, map[string]string{file: content})
	out, err := exec.Command("go", "build", "-overlay", list, "./"+filepath.Dir(file)).CombinedOutput()
	return string(out), err
}

// overlay returns what makes the go command see other content of files, or files that are not there.
func overlay(t *testing.T, files map[string]string) (list string) {
	dir := t.TempDir()
	replace := make(map[string]string)
	for file, content := range files {
		abs, err := filepath.Abs(file)
		require.NoError(t, err)
		instead := filepath.Join(dir, fmt.Sprint(len(replace), ".go"))
		require.NoError(t, os.WriteFile(instead, []byte(content), 0o666))
		replace[abs] = instead
	}
	b, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	list = filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(list, b, 0o666))
	return list
}
