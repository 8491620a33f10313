package page

import (
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"

	"ubinder/bench/report"
)

//go:embed page.html
var source string

var layout = template.Must(template.New("page").Parse(source))

// ErrEmpty says that there is nothing to draw.
var ErrEmpty = errors.New("there are no results")

// content is what the page shows.
type content struct {
	Machines []report.Machine
	Sections []section
	Tables   []table
}

type table struct {
	Title   string
	Columns []string
	Rows    [][]string
}

// Write draws the page of the lines: distributions, curves against size and scale, and all results in
// tables. It has no script, and takes nothing from elsewhere.
func Write(w io.Writer, lines []Line) error {
	if len(lines) == 0 {
		return ErrEmpty
	}
	return layout.Execute(w, content{machines(lines), sections(lines), tables(lines)})
}

// machines lists where and when the lines were measured, each once; what a run has not said is left out.
func machines(lines []Line) (list []report.Machine) {
	for _, l := range lines {
		if l.Machine != (report.Machine{}) && !slices.Contains(list, l.Machine) {
			list = append(list, l.Machine)
		}
	}
	return list
}

func tables(lines []Line) (list []table) {
	byTitle := make(map[string]int)
	for _, l := range lines {
		title, columns, row := l.row()
		i, ok := byTitle[title]
		if !ok {
			i = len(list)
			byTitle[title] = i
			list = append(list, table{Title: title, Columns: columns})
		}
		list[i].Rows = append(list[i].Rows, row)
	}
	return list
}

// row is a line in the table of that title.
func (l *Line) row() (title string, columns, row []string) {
	if !l.usual() || len(l.Others) > 0 {
		return l.otherRow()
	}
	columns, row = []string{"stack"}, []string{l.Stack}
	for _, c := range report.AllColumns {
		columns, row = append(columns, c.Name), append(row, c.Text(l.Result))
	}
	return report.Title(l.Result), columns, row
}

func (l *Line) otherRow() (title string, columns, row []string) {
	put := func(name, text string) { columns, row = append(columns, name), append(row, text) }
	if l.Stack != "" {
		put("stack", l.Stack)
		put(l.Unit, fmt.Sprint(l.Size))
	}
	for _, name := range slices.Sorted(maps.Keys(l.Words)) {
		put(name, l.Words[name])
	}
	if l.usual() {
		put("p50", seconds(float64(l.P50)))
		put("p99", seconds(float64(l.P99)))
		put("ops/s", fmt.Sprintf("%.0f", l.OpsPerSec))
	}
	for _, name := range slices.Sorted(maps.Keys(l.Others)) {
		if of, ok := strings.CutSuffix(name, "_ns"); ok {
			put(strings.ReplaceAll(of, "_", " "), seconds(l.Others[name]))
		} else {
			put(strings.ReplaceAll(name, "_", " "), fmt.Sprintf("%.4g", l.Others[name]))
		}
	}
	return l.Case, columns, row
}
