package ubinder

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A block of README.md that the tests use follows a comment with its name.
var readmeBlock = regexp.MustCompile("(?ms)^<!-- readme:(\\S+) -->\n```\\w+\n(.*?)^```$")

func readmeBlocks(t *testing.T) map[string]string {
	t.Helper()
	blocks := make(map[string]string)
	for _, m := range readmeBlock.FindAllStringSubmatch(readFile(t, "README.md"), -1) {
		blocks[m[1]] = m[2]
	}
	return blocks
}

func TestServiceOfTheReadmeIsShort(t *testing.T) {
	lines := 0
	for name, text := range readmeBlocks(t) {
		if !strings.HasPrefix(name, "hello/") {
			continue
		}
		for line := range strings.Lines(text) {
			if strings.TrimSpace(line) != "" {
				lines++
			}
		}
	}
	assert.NotZero(t, lines)
	assert.Less(t, lines, 40)
}

// The service and the client of README.md, as its reader gets them: a module of its own beside the
// clone, with the commands that stand there.
func TestServiceOfTheReadmeRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a module")
	}
	blocks := readmeBlocks(t)
	dir := t.TempDir()
	root, err := filepath.Abs(".")
	require.NoError(t, err)
	require.NoError(t, os.Symlink(root, filepath.Join(dir, "ubinder")))
	for name, text := range blocks {
		if strings.HasPrefix(name, "hello/") {
			path := filepath.Join(dir, filepath.FromSlash(name))
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
			require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		}
	}
	shell := readmeShell{dir: dir, bus: filepath.Join(dir, "bus")}
	out, err := shell.command("set -e\n" + blocks["setup"]).CombinedOutput()
	require.NoError(t, err, "%s", out)

	shell.dir = filepath.Join(dir, "hello")
	terminals := strings.Split(strings.TrimSpace(blocks["terminals"]), "\n")
	require.Len(t, terminals, 3)
	up := shell.start(t, terminals[0])
	_, err = bufio.NewReader(up).ReadString('\n') // it says that the bus is up
	require.NoError(t, err)
	shell.start(t, terminals[1])
	out, err = shell.command(terminals[2]).CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Equal(t, blocks["output"], string(out))
}

// readmeShell runs lines of README.md.
type readmeShell struct{ dir, bus string }

func (s readmeShell) command(script string) *exec.Cmd {
	c := exec.Command("bash", "-c", script)
	c.Dir = s.dir
	c.Env = append(os.Environ(), "UBINDER_BUS="+s.bus, "GOFLAGS=", "GOWORK=off")
	return c
}

// start runs a line until the test ends, and returns what it prints.
func (s readmeShell) start(t *testing.T, line string) io.Reader {
	t.Helper()
	c := s.command(line)
	c.Stderr = os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	t.Cleanup(func() {
		syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // the go command's child too
		c.Wait()
	})
	return out
}
