package page

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"math"
	"regexp"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// A plot's size in points; the page scales it.
const (
	plotWidth  = 440 * vg.Length(1)
	plotHeight = 290 * vg.Length(1)
)

// SVG draws the figure. What is black has the colour of the text around it, which light and dark
// pages set; its background is theirs.
func (f *figure) SVG() (template.HTML, error) {
	p, err := f.plot()
	if err != nil {
		return "", fmt.Errorf("%s: %w", f.Title, err)
	}
	canvas := vgsvg.New(plotWidth, plotHeight)
	p.Draw(draw.New(canvas))
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return "", err
	}
	return template.HTML(adopt(out.Bytes(), f.Title)), nil
}

var (
	svgSize  = regexp.MustCompile(`<svg width="[^"]*" height="[^"]*"`)
	svgNames = regexp.MustCompile(`\s+xmlns[:a-z]*="[^"]*"`) // HTML knows what an SVG is
	svgFont  = regexp.MustCompile(`font-family:[^;"]*`)
	svgBlack = regexp.MustCompile(`#000000`)
)

// adopt makes a file of its own a part of the page.
func adopt(svg []byte, title string) []byte {
	svg = svg[bytes.Index(svg, []byte("<svg")):]
	label := fmt.Sprintf(`<svg role="img" aria-label="%s"`, template.HTMLEscapeString(title))
	svg = svgSize.ReplaceAll(svg, []byte(label))
	svg = svgNames.ReplaceAll(svg, nil)
	svg = svgFont.ReplaceAll(svg, []byte("font-family:inherit"))
	return svgBlack.ReplaceAll(svg, []byte("currentColor"))
}

func (f *figure) plot() (*plot.Plot, error) {
	p := plot.New()
	p.BackgroundColor = nil
	f.scale(p)
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = gridColor, gridColor
	grid.Vertical.Width, grid.Horizontal.Width = vg.Points(0.6), vg.Points(0.6)
	p.Add(grid)
	for _, s := range f.Series {
		if len(s.points) == 0 {
			continue
		}
		line, dots, err := plotter.NewLinePoints(s.points)
		if err != nil {
			return nil, err
		}
		line.Color, line.Width, line.Dashes = s.style.color, vg.Points(1.6), s.style.dashes
		dots.Color, dots.Radius, dots.Shape = s.style.color, vg.Points(1.8), draw.CircleGlyph{}
		p.Add(line)
		if f.x.label != percentiles.label {
			p.Add(dots)
		}
	}
	return p, nil
}

var gridColor = color.NRGBA{R: 0x80, G: 0x80, B: 0x80, A: 0x50}

func (f *figure) scale(p *plot.Plot) {
	low, high := plotter.XY{X: math.Inf(1), Y: math.Inf(1)}, plotter.XY{}
	for _, s := range f.Series {
		for _, q := range s.points {
			low = plotter.XY{X: min(low.X, q.X), Y: min(low.Y, q.Y)}
			high = plotter.XY{X: max(high.X, q.X), Y: max(high.Y, q.Y)}
		}
	}
	x := f.x
	if p.X.Min, p.X.Max = low.X, high.X; x.label != percentiles.label {
		x.at = f.xs()
	} else if high.X < x.base*low.X { // it might have no number
		p.X.Min, p.X.Max = x.around(low.X, high.X)
	}
	p.Y.Min, p.Y.Max = f.y.around(low.Y, high.Y)
	for _, a := range []struct {
		of *plot.Axis
		as axis
	}{{&p.X, x}, {&p.Y, f.y}} {
		a.of.Scale, a.of.Tick.Marker = plot.LogScale{}, a.as
		a.of.Label.Text = a.as.label
		a.of.Tick.Label.Font = font.From(sans, 10)
		a.of.Label.TextStyle.Font = font.From(sans, 11)
	}
}

// xs are the values at which there are points.
func (f *figure) xs() (list []float64) {
	for _, s := range f.Series {
		for _, q := range s.points {
			list = append(list, q.X)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// sans has the metrics of what browsers take for Arial.
var sans = font.Font{Typeface: "Liberation", Variant: "Sans"}

// style tells a series from the others on all figures of a page.
type style struct {
	color  color.RGBA
	dashes []vg.Length
}

// Colours that show on white and on black.
var colors = []color.RGBA{
	{0xe6, 0x3c, 0x3c, 255}, {0x2f, 0x7e, 0xd8, 255}, {0x2c, 0xa0, 0x4c, 255}, {0xf0, 0x8a, 0x1d, 255}, {0x9a, 0x5f, 0xd0, 255},
	{0x1f, 0xa5, 0xa5, 255}, {0xd8, 0x55, 0xa4, 255}, {0x9c, 0x75, 0x4f, 255}, {0x80, 0x8c, 0x98, 255},
}

var dashes = [][]vg.Length{nil, {6, 3}, {2, 2}, {8, 3, 2, 3}}

type styles map[string]style

func newStyles() styles { return make(styles) }

func (s styles) of(name string) style {
	if _, ok := s[name]; !ok {
		n := len(s)
		s[name] = style{colors[n%len(colors)], dashes[n/len(colors)%len(dashes)]}
	}
	return s[name]
}

// Color is how CSS writes it.
func (s *series) Color() template.CSS {
	c := s.style.color
	return template.CSS(fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B))
}

// Line is how the legend draws it.
func (s *series) Line() template.CSS {
	switch d := s.style.dashes; {
	case d == nil:
		return "solid"
	case d[0] == d[1]:
		return "dotted"
	}
	return "dashed"
}
