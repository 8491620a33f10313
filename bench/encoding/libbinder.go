package encoding

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// libbinder is the program that runtime/parcel/testdata/libbinder/build.sh makes: Android's own
// parcels, in C++. It makes a new Parcel for each write and read, as its callers do.
type libbinder struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// startLibbinder starts the program that UBINDER_LIBBINDER names; nil if it names none.
func startLibbinder() (*libbinder, error) {
	path := os.Getenv("UBINDER_LIBBINDER")
	if path == "" {
		return nil, nil
	}
	l := &libbinder{cmd: exec.Command(path)}
	var err error
	if l.in, err = l.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	l.out = bufio.NewReader(out)
	if err := l.cmd.Start(); err != nil {
		return nil, fmt.Errorf("UBINDER_LIBBINDER: %w", err)
	}
	_, err = l.out.ReadString('\n')
	return l, err
}

func (l *libbinder) end() {
	if l != nil {
		l.in.Close()
		l.cmd.Wait()
	}
}

// text is how the program is told a text.
func (l *libbinder) text(s string) string { return "x" + hex.EncodeToString([]byte(s)) }

// add puts the program beside the other encodings of the fields that it knows.
func (l *libbinder) add(list [][]task, ops map[string]string) {
	for i, f := range list {
		if op := ops[f[0].field]; op != "" {
			list[i] = append(f, l.task(f[0].field, "write", op), l.task(f[0].field, "read", op))
		}
	}
}

func (l *libbinder) task(field, direction, op string) task {
	return task{field: field, encoding: "libbinder", op: direction, other: func(d time.Duration) (ns, allocs float64, bytes int, err error) {
		answer, err := l.ask(fmt.Sprintf("bench %d %s", max(1, d.Milliseconds()), op))
		if err != nil {
			return 0, 0, 0, err
		}
		if direction == "read" {
			copy(answer, answer[2:4])
		}
		ns, _ = strconv.ParseFloat(answer[0], 64)
		allocs, _ = strconv.ParseFloat(answer[1], 64)
		bytes, err = strconv.Atoi(answer[4])
		return ns, allocs, bytes, err
	}}
}

func (l *libbinder) ask(command string) ([]string, error) {
	if _, err := io.WriteString(l.in, command+"\n"); err != nil {
		return nil, err
	}
	line, err := l.out.ReadString('\n')
	if err != nil {
		return nil, err
	}
	answer := strings.Fields(strings.TrimPrefix(line, "> "))
	if len(answer) != 5 {
		return nil, fmt.Errorf("libbinder answers %q to %q", line, command)
	}
	return answer, nil
}
