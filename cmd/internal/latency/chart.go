package latency

import (
	"fmt"
	"math"
	"strings"
	"time"

	"ubinder/cmd/internal/console"
)

// row is one bar: the calls that took at least From and less than To.
type row struct {
	from, to time.Duration
	count    int64
}

// The edges of rows, in each power of ten; the coarser series is for wide distributions.
var (
	fine   = []float64{1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8}
	coarse = []float64{1, 2, 5}
)

const (
	maxRows  = 14
	barWidth = 40
)

// rows splits the calls at round durations. The last row takes the one percent that took longest.
func (r *Recorder) rows() []row {
	first, last := time.Duration(r.h.Min()), time.Duration(r.h.ValueAtQuantile(99))
	rows := emptyRows(fine, first, last)
	if len(rows) > maxRows {
		rows = emptyRows(coarse, first, last)
	}
	for _, bar := range r.h.Distribution() {
		for i := range rows {
			if time.Duration(bar.From) < rows[i].to {
				rows[i].count += bar.Count
				break
			}
		}
	}
	return rows
}

func emptyRows(series []float64, first, last time.Duration) []row {
	var rows []row
	edge := func(i int) time.Duration {
		scale := math.Pow10(i / len(series))
		return time.Duration(series[i%len(series)] * scale)
	}
	for i := 0; ; i++ {
		from, to := edge(i), edge(i+1)
		if to <= first {
			continue
		}
		if from > last {
			return append(rows, row{from, math.MaxInt64, 0})
		}
		rows = append(rows, row{from, to, 0})
	}
}

// Draw writes the distribution as bars, and the figures below.
func (r *Recorder) Draw(c *console.Console, indent string) {
	if r.h.TotalCount() == 0 {
		return
	}
	rows := r.rows()
	var most int64
	for _, row := range rows {
		most = max(most, row.count)
	}
	for _, row := range rows {
		label := "  " + Format(row.from)
		if row.to == math.MaxInt64 {
			label = "≥ " + Format(row.from)
		}
		line := fmt.Sprintf("%s%10s  %s", indent, label, c.Accent(bar(c, row.count, most)))
		fmt.Fprintf(c, "%s %s\n", strings.TrimRight(line, " "), c.Faint(share(row.count, r.h.TotalCount())))
	}
	s := r.Summary()
	fmt.Fprintf(c, "\n%sp50 %s   p90 %s   p99 %s   p99.9 %s   max %s\n", indent, c.Strong(Format(s.P50)),
		Format(s.P90), c.Strong(Format(s.P99)), Format(s.P999), Format(s.Max))
}

func share(n, of int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f%%", 100*float64(n)/float64(of))
}

// bar draws n of most; on a terminal to an eighth of a character.
func bar(c *console.Console, n, most int64) string {
	if !c.Terminal {
		return strings.Repeat("#", int((n*barWidth+most-1)/most))
	}
	eighths := int((n*barWidth*8 + most - 1) / most)
	s := strings.Repeat("█", eighths/8)
	if eighths%8 > 0 {
		s += string([]rune("▏▎▍▌▋▊▉")[eighths%8-1])
	}
	return s
}
