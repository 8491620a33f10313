package parcel

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// oracle is another implementation of the format, in a process of its own: libgbinder or libbinder.
// The folders of testdata say how.
type oracle struct {
	in  *bufio.Writer
	out *bufio.Scanner
}

// startOracle starts the oracle of a folder of testdata, if there is one.
func startOracle(t *testing.T, folder string, args ...string) *oracle {
	variable := "UBINDER_" + strings.ToUpper(folder)
	path := os.Getenv(variable)
	if path == "" {
		t.Skipf("%s names no oracle; runtime/parcel/testdata/%s/build.sh makes one", variable, folder)
	}
	cmd := exec.Command(path, args...)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		in.Close()
		assert.NoError(t, cmd.Wait())
	})
	o := &oracle{bufio.NewWriter(in), bufio.NewScanner(out)}
	o.out.Buffer(nil, 1<<22)
	require.Equal(t, "ready", o.line(t))
	return o
}

func (o *oracle) line(t require.TestingT) string {
	for o.out.Scan() {
		if answer, ok := strings.CutPrefix(o.out.Text(), "> "); ok {
			return answer
		}
	}
	require.Fail(t, "the oracle ended")
	return ""
}

func (o *oracle) ask(t require.TestingT, format string, args ...any) string {
	fmt.Fprintf(o.in, format+"\n", args...)
	require.NoError(t, o.in.Flush())
	return o.line(t)
}

// op is a value as the oracle has it, and how this package writes and reads the same.
type op struct {
	name  string
	value *rapid.Generator[string] // nil: it has none
	write func(w *Writer, value string)
	read  func(r *Reader) string
}

func bytesOf(value string) []byte { b, _ := hex.DecodeString(value); return b }
func number[T any](n T) string    { return fmt.Sprint(n) }

// said is an op as the oracle is told it and tells it.
func (o *op) said(value string) string {
	if o.value == nil {
		return o.name
	}
	return o.name + "=" + value
}

// program is ops with values, written by this package and told as an oracle is told them.
type program struct {
	w            *Writer
	used         []*op
	values, told []string
	starts       []int // where each op begins
}

func drawProgram(t *rapid.T, ops []op, f Format) *program {
	p := &program{w: dirtyWriter(f)}
	for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(ops)-1), 1, 12).Draw(t, "program") {
		u, value := &ops[i], ""
		if u.value != nil {
			value = u.value.Draw(t, u.name)
		}
		p.starts = append(p.starts, p.w.Size())
		u.write(p.w, value)
		p.used, p.values, p.told = append(p.used, u), append(p.values, value), append(p.told, u.said(value))
	}
	require.NoError(t, p.w.Err())
	return p
}

// dirtyWriter has memory that held something else, which may not be seen in a parcel.
func dirtyWriter(f Format) *Writer {
	w := &Writer{buf: bytes.Repeat([]byte{0xa5}, 1<<12)}
	w.Reset(f)
	return w
}

// readBack reads what an oracle wrote for the program.
func (p *program) readBack(t *rapid.T, r *Reader) {
	for i, u := range p.used {
		assert.Equal(t, p.values[i], u.read(r), "what they wrote: %s", u.name)
	}
	require.NoError(t, r.Finish())
}

// drawWords draws bytes that are not seldom a parcel.
func drawWords(t *rapid.T) []byte {
	var b []byte
	for _, word := range rapid.SliceOfN(rapid.OneOf(rapid.Uint32Range(0, 6), rapid.Uint32()), 1, 30).Draw(t, "words") {
		b = binary.LittleEndian.AppendUint32(b, word)
	}
	return b
}
