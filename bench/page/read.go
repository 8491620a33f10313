// Package page draws results as one HTML page that needs nothing besides itself.
package page

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"ubinder/bench/report"
)

// Line is one line of what bench -json writes.
type Line struct {
	report.Result
	report.Machine
	// Others are the numbers that Result does not know, by name: those of a case of another kind.
	Others map[string]float64
	// Words are its texts that Result does not know.
	Words map[string]string

	run int // where it was measured, among several runs on one page, from 1; 0: there is one
}

// of says what a figure or table is about. No two runs share one: other things happened meanwhile.
func (l *Line) of(what string) string {
	if l.run == 0 {
		return what
	}
	return fmt.Sprintf("%s, run %d", what, l.run)
}

// maxLine is more than any line has.
const maxLine = 1 << 20

// Read reads the lines. An error says which line it is about.
func Read(r io.Reader) ([]Line, error) {
	var lines []Line
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxLine)
	for n := 1; s.Scan(); n++ {
		if len(bytes.TrimSpace(s.Bytes())) == 0 {
			continue
		}
		l, err := readLine(s.Bytes())
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		lines = append(lines, l)
	}
	return lines, s.Err()
}

func readLine(b []byte) (l Line, err error) {
	var all map[string]any
	if err = json.Unmarshal(b, &all); err != nil {
		return l, err
	}
	if err = errors.Join(json.Unmarshal(b, &l.Result), json.Unmarshal(b, &l.Machine)); err != nil {
		return l, err
	}
	if l.Case == "" {
		return l, fmt.Errorf("it names no case")
	}
	l.Others, l.Words = make(map[string]float64), make(map[string]string)
	l.addOthers("", all, known)
	return l, nil
}

// known are the names in the JSON of Result and Machine.
var known = namesOf(reflect.TypeFor[report.Result](), reflect.TypeFor[report.Machine]())

func namesOf(types ...reflect.Type) map[string]bool {
	names := make(map[string]bool)
	for _, t := range types {
		for _, field := range reflect.VisibleFields(t) { // those of what is embedded by a pointer, too
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			names[name] = true
		}
	}
	return names
}

func (l *Line) addOthers(prefix string, all map[string]any, known map[string]bool) {
	for name, v := range all {
		if known[name] {
			continue
		}
		switch v := v.(type) {
		case float64:
			l.Others[prefix+name] = v
		case string:
			l.Words[prefix+name] = v
		case map[string]any:
			l.addOthers(prefix+name+" ", v, nil)
		}
	}
}

// usual reports whether the line is a Result that a stack has in a case.
func (l *Line) usual() bool { return l.OpsPerSec > 0 }

// medians are those among the numbers of another kind, by what they are of: "group what" in a group.
func (l *Line) medians() map[string]float64 {
	found := make(map[string]float64)
	for name, v := range l.Others {
		of, ok := strings.CutSuffix(name, "_p50_ns")
		if !ok {
			of, ok = strings.CutSuffix(name, " p50_ns")
		}
		if ok {
			found[of] = v
		}
	}
	return found
}
