package page

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/bench/report"
)

var machine = report.Machine{Processor: "EPYC <9>, 2 CPUs", Kernel: "Linux 6.1", Go: "go1.26", Date: "2026-11-22"}

// saved is what runs of all kinds of cases write.
func saved(t *testing.T) string {
	var results []report.Result
	for i, stack := range []string{"ubinder", "futex", "a&b"} {
		for _, size := range []int{128, 4096} {
			p50 := int64(1000 * (i + 1) * size)
			results = append(results, report.Result{Case: "sync", Size: size, Conc: 1, Pin: "one", Stack: stack, P50: p50, Max: 9 * p50,
				OpsPerSec: 100, BytesPerSec: 100 * float64(size),
				Curve: []report.Point{{0, float64(p50) / 2}, {50, float64(p50)}, {75, float64(p50) * 2}, {100, 9 * float64(p50)}}})
		}
		for _, rate := range []int{10, 100} {
			results = append(results, report.Result{Case: "paced", Size: rate, Unit: "calls/s", Conc: 1, Pin: "one", Stack: stack, P50: int64(1e6 / rate), OpsPerSec: float64(rate)})
		}
	}
	results = append(results, report.Result{Case: "fanin", Size: 64, Unit: "clients", Conc: 64, Pin: "one", Stack: "futex", P50: 1000, OpsPerSec: 1234,
		Fan: &report.Fan{Peak: 2468, PeakConc: 16, Ratio: 0.5, Slowest: 1, Fastest: 4, Fairness: 0.25}})
	var out bytes.Buffer
	require.NoError(t, report.Lines(&out, machine, results))
	var others []json.RawMessage
	for _, n := range []int{1, 1000} {
		others = append(others, json.RawMessage(fmt.Sprintf(`{"case":"scale","size":%d,"unit":"processes","stack":"ubinder-raw","hello_p50_ns":%d,"call_p50_ns":9000,"idle":{"cpu_ns":0},"server_lanes":{"alone":{"p50_ns":8000,"ratio":1},"used":{"p50_ns":%d}}}`, n, 100*n, 8000+n)))
	}
	others = append(others, json.RawMessage(`{"case":"parcel","field":"int32","encoding":"parcel","op":"write","ns_per_op":3.5}`))
	require.NoError(t, report.Lines(&out, machine, others))
	return out.String() + "\n"
}

func drawn(t *testing.T, text string) string {
	lines, err := Read(strings.NewReader(text))
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, Write(&out, lines))
	return out.String()
}

// has does not print the page.
func has(t *testing.T, page, text string) {
	t.Helper()
	assert.True(t, strings.Contains(page, text), text)
}

func TestThePageIsWellFormed(t *testing.T) {
	d := xml.NewDecoder(strings.NewReader(drawn(t, saved(t))))
	for {
		_, err := d.Token()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
	}
}

func TestThePageNeedsNothingElse(t *testing.T) {
	page := drawn(t, saved(t))
	for _, what := range []string{"http:", "https:", "//", "<script", "<link", "<iframe", "@import", "@font-face", "url(", "src=", "ZgotmplZ"} {
		assert.False(t, strings.Contains(page, what), what)
	}
	for _, m := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		has(t, page, `id="`+strings.TrimPrefix(m[1], "#")+`"`)
	}
}

func TestEverySeriesIsThere(t *testing.T) {
	lines, err := Read(strings.NewReader(saved(t)))
	require.NoError(t, err)
	names := make(map[string][]string)
	for _, s := range sections(lines) {
		for _, f := range s.Figures {
			for _, one := range f.Series {
				assert.Greater(t, len(one.points), 1, f.Title)
				names[s.ID+": "+f.Title] = append(names[s.ID+": "+f.Title], one.Name)
			}
		}
	}
	three := []string{"ubinder", "futex", "a&b"}
	assert.Equal(t, map[string][]string{
		"distribution: sync, 128 bytes, 1 concurrent, pin one":  three,
		"distribution: sync, 4096 bytes, 1 concurrent, pin one": three,
		"size: sync, 1 concurrent, pin one: time":               three,
		"size: sync, 1 concurrent, pin one: bytes a second":     three,
		"scale: paced, pin one":                                 three,
		"scale: scale":                                          {"ubinder-raw: call", "ubinder-raw: hello"},
		"scale: scale: server lanes":                            {"ubinder-raw: alone", "ubinder-raw: used"},
	}, names)
	page := drawn(t, saved(t))
	assert.Equal(t, 7, strings.Count(page, "<svg"))
	assert.Equal(t, 5*3+4, strings.Count(page, "--stroke:"), "the legends")
	assert.Equal(t, 5*3+4, strings.Count(page, "stroke-width:1.6"), "the lines")
	has(t, page, ">4 KiB</text>")
	has(t, page, ">90</text>")
}

func TestEveryResultIsInATable(t *testing.T) {
	page := drawn(t, saved(t))
	has(t, page, "EPYC &lt;9&gt;, 2 CPUs")
	assert.Equal(t, 1, strings.Count(page, "<dt>machine</dt>"))
	_, tables, _ := strings.Cut(page, `id="results"`)
	assert.Equal(t, 3*4+1+2+1+strings.Count(tables, "<table>"), strings.Count(tables, "<tr>"), "a head for each table")
	for _, text := range []string{"<td>a&amp;b</td>", "<th>call p50</th>", "<td>9 µs</td>", "<th>idle cpu</th>", "<td>int32</td>", "<td>3.5</td>", "<th>fairness</th>", "<td>0.25</td>"} {
		has(t, tables, text)
	}
}

func TestALaterLineReplacesAnEarlierOneInFigures(t *testing.T) {
	text := saved(t)
	again := strings.ReplaceAll(text, `"p50_ns":128000`, `"p50_ns":777000`)
	lines, err := Read(strings.NewReader(text + again))
	require.NoError(t, err)
	for _, f := range sizes(lines) {
		assert.Len(t, f.Series[0].points, 2, f.Title)
	}
	assert.EqualValues(t, 777_000, sizes(lines)[0].Series[0].points[0].Y)
}

func TestRunsShareNoFigure(t *testing.T) {
	text := saved(t)
	page := drawn(t, text+strings.ReplaceAll(text, "2026-11-22", "2026-11-23"))
	assert.Equal(t, 2*7, strings.Count(page, "<svg"))
	assert.Equal(t, 2, strings.Count(page, "<dt>run</dt>"))
	for _, title := range []string{"sync, 128 bytes, 1 concurrent, pin one, run 2", "paced, pin one, run 1", "parcel, run 2"} {
		has(t, page, "<h3>"+title+"</h3>")
	}
}

func TestReadTellsTheLine(t *testing.T) {
	_, err := Read(strings.NewReader("{\"case\":\"sync\"}\n\n{\"case\":"))
	assert.ErrorContains(t, err, "line 3")
	_, err = Read(strings.NewReader("{\"stack\":\"futex\"}"))
	assert.ErrorContains(t, err, "line 1: it names no case")
	assert.ErrorIs(t, Write(io.Discard, nil), ErrEmpty)
}

func TestUnits(t *testing.T) {
	assert.Equal(t, "1 µs", seconds(1000))
	assert.Equal(t, "250 ms", seconds(250e6))
	assert.Equal(t, "64 KiB", payload.text(65536))
	assert.Equal(t, "99.99", percentile(10000))
	low, high := times.around(1000, 1000)
	assert.InDelta(t, 1000, low, 1e-6)
	assert.InDelta(t, 10000, high, 1e-6)
}
