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

var layout = template.Must(template.New("page").Funcs(template.FuncMap{"add1": func(i int) int { return i + 1 }}).Parse(source))

// ErrEmpty says that there is nothing to draw.
var ErrEmpty = errors.New("there are no results")

// content is what the page shows.
type content struct {
	Runs     []report.Machine
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
	lines = slices.Clone(lines)
	runs := number(lines)
	return layout.Execute(w, content{runs, sections(lines), tables(lines)})
}

// number lists where and when the lines were measured, each run once, and numbers the lines by it if
// there are several.
func number(lines []Line) (runs []report.Machine) {
	for i := range lines {
		m := lines[i].Machine
		if !slices.Contains(runs, m) {
			runs = append(runs, m)
		}
		lines[i].run = 1 + slices.Index(runs, m)
	}
	for i := range lines {
		if len(runs) == 1 {
			lines[i].run = 0
		}
	}
	return runs
}

func tables(lines []Line) (list []table) {
	byTitle := make(map[string]int)
	for _, l := range lines {
		title, columns, row := l.row()
		title = l.of(title)
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
	shown := report.AllColumns
	if l.Fan != nil {
		shown = report.FanColumns
	}
	columns, row = []string{"stack"}, []string{l.Stack}
	for _, c := range shown {
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
