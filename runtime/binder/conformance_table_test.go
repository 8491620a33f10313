package binder_test

import (
	"fmt"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
)

// table is the file that says how each case went.
const table = "CONFORMANCE.md"

// findings is how each case went, by the name of its test.
type findings map[string]string

const tableHead = `# Conformance

What other binders and buses demand of objects and transactions, case by case, and how it stands here. Each case is a test of ours between
processes of their own, on a real bus with a broker and a service manager, by what the public packages offer; its name is that of the case it stands for. One case alone:

    go test ./runtime/binder -run 'TestConformance/binderLibTest/OnewayQueueing'

This file is written by ` + "`go test ./runtime/binder -run Conformance -update`" + `; without ` + "`-update`" + ` the test fails when the file is not what it found.

| suite | cases | pass | left out |
|---|---|---|---|
`

// table renders the file.
func (f findings) table() string {
	var b strings.Builder
	b.WriteString(tableHead)
	for _, s := range suites {
		left := 0
		for _, c := range s.cases {
			if c.left != "" {
				left++
			}
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d |\n", s.name, len(s.cases), len(s.cases)-left, left)
	}
	for _, s := range suites {
		f.suite(&b, &s)
	}
	return b.String()
}

func (f findings) suite(b *strings.Builder, s *suite) {
	fmt.Fprintf(b, "\n## %s\n\nFrom %s.\n\n| case | what it checks here | result | file |\n|---|---|---|---|\n", s.name, s.source)
	for _, c := range s.cases {
		result := f["TestConformance/"+s.name+"/"+c.name]
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", c.name, c.checks, result, c.file())
	}
}

// file names the file that the case stands in.
func (c *conformance) file() string {
	if c.run == nil {
		return ""
	}
	f := runtime.FuncForPC(reflect.ValueOf(c.run).Pointer())
	path, _ := f.FileLine(f.Entry())
	return filepath.Base(path)
}
