package page

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// axis is a logarithmic one.
type axis struct {
	label string
	text  func(float64) string
	base  float64   // of the steps that have a number
	at    []float64 // the only ones that have; nil: see base
}

var (
	times       = axis{"", seconds, 10, nil}
	rates       = axis{"", func(v float64) string { return unit(v, 1000, "B/s", "kB/s", "MB/s", "GB/s", "TB/s") }, 10, nil}
	payload     = axis{"payload", func(v float64) string { return unit(v, 1024, "B", "KiB", "MiB", "GiB") }, 4, nil}
	percentiles = axis{"percentile", percentile, 10, nil}
)

func counted(unit string) axis {
	return axis{unit, func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }, 10, nil}
}

func seconds(ns float64) string { return unit(ns, 1000, "ns", "µs", "ms", "s") }

func unit(v, step float64, names ...string) string {
	i := 0
	for ; v >= step && i < len(names)-1; i++ {
		v /= step
	}
	return fmt.Sprintf("%.3g %s", v, names[i])
}

// percentile names where one operation of so many took longer.
func percentile(of float64) string {
	if of <= 1 {
		return "0"
	}
	return strconv.FormatFloat(100-100/of, 'g', 10, 64)
}

// Ticks implements plot.Ticker.
func (a axis) Ticks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for _, v := range a.at {
		ticks = append(ticks, plot.Tick{Value: v, Label: a.text(v)})
	}
	if a.at != nil {
		return ticks
	}
	first := math.Floor(math.Log(low)/math.Log(a.base) + 1e-9)
	for v := math.Pow(a.base, first); v <= high*1.0001; v *= a.base {
		if v >= low*0.9999 {
			ticks = append(ticks, plot.Tick{Value: v, Label: a.text(v)})
		}
		for i := 2.0; a.base == 10 && i < 10; i++ {
			if minor := i * v; minor >= low && minor <= high {
				ticks = append(ticks, plot.Tick{Value: minor})
			}
		}
	}
	return ticks
}

// around widens a range to whole steps, so that it always has two numbers.
func (a axis) around(low, high float64) (float64, float64) {
	step := math.Log(a.base)
	low = math.Pow(a.base, math.Floor(math.Log(low)/step+1e-9))
	high = math.Pow(a.base, math.Ceil(math.Log(high)/step-1e-9))
	if high <= low {
		high = low * a.base
	}
	return low, high
}
