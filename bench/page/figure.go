package page

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gonum.org/v1/plot/plotter"

	"ubinder/bench/report"
)

// figure is one plot: a line for each series.
type figure struct {
	Title  string
	x, y   axis
	Series []*series
}

type series struct {
	Name   string
	points plotter.XYs
	style  style
}

// section is the figures that answer one question.
type section struct {
	ID, Title, About string
	Figures          []*figure
}

// sections draws what the lines have.
func sections(lines []Line) []section {
	all := []section{
		{"distribution", "Latency distributions", "How many of a hundred operations took no longer. Both axes are logarithmic: each step to the right is a tenth of the operations that are left.", distributions(lines)},
		{"size", "Against the size of the payload", "Median time, and payload a second in one direction.", sizes(lines)},
		{"scale", "Against the scale of the case", "Median time of what the case counts, against how many there are.", scales(lines)},
	}
	all = slices.DeleteFunc(all, func(s section) bool { return len(s.Figures) == 0 })
	styles := newStyles()
	for _, s := range all {
		for _, f := range s.Figures {
			for _, one := range f.Series {
				one.style = styles.of(one.Name)
			}
		}
	}
	return all
}

// drawing collects figures in the order in which they come.
type drawing struct {
	figures []*figure
	byTitle map[string]*figure
}

func (d *drawing) add(title string, x, y axis, name string, p plotter.XY) {
	f := d.byTitle[title]
	if f == nil {
		f = &figure{Title: title, x: x, y: y}
		if d.byTitle == nil {
			d.byTitle = make(map[string]*figure)
		}
		d.byTitle[title] = f
		d.figures = append(d.figures, f)
	}
	i := slices.IndexFunc(f.Series, func(s *series) bool { return s.Name == name })
	if i < 0 {
		i = len(f.Series)
		f.Series = append(f.Series, &series{Name: name})
	}
	if p.X > 0 && p.Y > 0 { // what the axes can show
		f.Series[i].put(p)
	}
}

// put keeps the points in the order of x. A later one replaces an earlier one.
func (s *series) put(p plotter.XY) {
	i, found := slices.BinarySearchFunc(s.points, p.X, func(q plotter.XY, x float64) int {
		switch {
		case q.X < x:
			return -1
		case q.X > x:
			return 1
		}
		return 0
	})
	if found {
		s.points[i] = p
		return
	}
	s.points = slices.Insert(s.points, i, p)
}

// curves leaves out figures of single points.
func (d *drawing) curves() []*figure {
	return slices.DeleteFunc(d.figures, func(f *figure) bool {
		return !slices.ContainsFunc(f.Series, func(s *series) bool { return len(s.points) > 1 })
	})
}

func distributions(lines []Line) []*figure {
	last := make(map[string]int) // a later curve replaces an earlier one as a whole
	for i, l := range lines {
		last[l.of(report.Title(l.Result))+" "+l.Stack] = i
	}
	var d drawing
	for i, l := range lines {
		title := l.of(report.Title(l.Result))
		if last[title+" "+l.Stack] != i {
			continue
		}
		for _, p := range tail(l.Curve) {
			d.add(title, percentiles, times, l.Stack, p)
		}
	}
	return d.curves()
}

// tail has a point's x say of how many operations one took longer. Nothing took longer than the
// maximum: it stands where the next point would.
func tail(curve []report.Point) plotter.XYs {
	var points plotter.XYs
	for _, p := range curve {
		x := 1.0
		switch n := len(points); {
		case p[0] < 100:
			x = 100 / (100 - p[0])
		case n > 0:
			x = 2 * points[n-1].X
		}
		points = append(points, plotter.XY{X: x, Y: p[1]})
	}
	return points
}

func sizes(lines []Line) []*figure {
	var d drawing
	for _, l := range lines {
		if l.Unit != "" || !l.usual() {
			continue
		}
		where := fmt.Sprintf("%s, %d concurrent, pin %s", l.Case, l.Conc, l.Pin)
		d.add(l.of(where+": time"), payload, times, l.Stack, plotter.XY{X: float64(l.Size), Y: float64(l.P50)})
		d.add(l.of(where+": bytes a second"), payload, rates, l.Stack, plotter.XY{X: float64(l.Size), Y: l.BytesPerSec})
	}
	return d.curves()
}

func scales(lines []Line) []*figure {
	var d drawing
	for _, l := range lines {
		if l.Unit == "" {
			continue
		}
		title := l.Case
		if l.Pin != "" {
			title += ", pin " + l.Pin
		}
		title = l.of(title)
		x := counted(l.Unit)
		if l.P50 > 0 {
			d.add(title, x, times, l.Stack, plotter.XY{X: float64(l.Size), Y: float64(l.P50)})
		}
		medians := l.medians()
		for _, of := range slices.Sorted(maps.Keys(medians)) {
			group, what, ok := strings.Cut(of, " ")
			if ok {
				group = ": " + strings.ReplaceAll(group, "_", " ")
			} else {
				group, what = "", of
			}
			d.add(title+group, x, times, l.Stack+": "+strings.ReplaceAll(what, "_", " "), plotter.XY{X: float64(l.Size), Y: medians[of]})
		}
	}
	return d.curves()
}
