package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var two = 2.0

var results = []Result{
	{Case: "sync", Size: 128, Conc: 1, Pin: "none", Stack: "futex", P50: 6_700, P90: 8_000, Mean: 7_000, P99: 20_000, P999: 90_000,
		OpsPerSec: 140_000, BytesPerSec: 17_920_000, CPUPerOp: 9_000, Max: 100_000, SwitchesPerOp: 2.5, WakeupsPerOp: &two,
		Curve: []Point{{0, 5_000}, {50, 6_700}, {100, 100_000}}},
	{Case: "sync", Size: 128, Conc: 1, Pin: "none", Stack: "ubinder", P50: 13_400},
}

var p50 = Cost{Name: "p50", Of: func(r Result) float64 { return float64(r.P50) }}

func TestLineHasExactlyTheFields(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, Lines(&out, Machine{"EPYC", "Linux", "go1", "today"}, results))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 2)
	assert.Equal(t, `{"case":"sync","size":128,"conc":1,"pin":"none","stack":"futex","p50_ns":6700,"p90_ns":8000,"mean_ns":7000,`+
		`"p99_ns":20000,"p999_ns":90000,"max_ns":100000,"ops_per_s":140000,"bytes_per_s":17920000,"cpu_ns_per_op":9000,`+
		`"context_switches_per_op":2.5,"wakeups_per_op":2,"curve_ns":[[0,5000],[50,6700],[100,100000]],`+
		`"machine":"EPYC","kernel":"Linux","go":"go1","date":"today"}`, lines[0])
	var back Result
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &back))
	assert.Equal(t, results[0], back)
}

func TestTableComparesWithUbinder(t *testing.T) {
	assert.Contains(t, table(t, results), "p50 / ubinder")
	assert.Regexp(t, `(?m)^ *futex +6\.70 .* 0\.50$`, table(t, results))
}

func TestTableComparesWithTheFirstOtherwise(t *testing.T) {
	only := []Result{results[0], {Stack: "uds", P50: 20_100}}
	assert.Contains(t, table(t, only), "p50 / futex")
	assert.Regexp(t, `(?m)^ *uds .* 3\.00$`, table(t, only))
	assert.Empty(t, table(t, nil))
}

func TestTableOfAFan(t *testing.T) {
	fans := []Result{
		{Case: "fanin", Size: 64, Unit: "clients", Stack: "ubinder", OpsPerSec: 50, Fan: &Fan{Peak: 100, PeakConc: 16, Ratio: 0.5, Fairness: 0.25}},
		{Case: "fanout", Size: 64, Unit: "servers", Stack: "uds", OpsPerSec: 25, Fan: &Fan{Peak: 100, PeakConc: 4, Ratio: 0.25}},
	}
	var out bytes.Buffer
	require.NoError(t, Table(&out, fans, Cost{Name: "time/op", Of: func(r Result) float64 { return 1 / r.OpsPerSec }, Columns: FanColumns}))
	assert.Regexp(t, `(?m)^ *ubinder .* 50 +100 +16 +0\.50 +0\.25 .* 1\.00$`, out.String())
	assert.Regexp(t, `(?m)^ *uds .* 25 +100 +4 +0\.25 +- .* 2\.00$`, out.String())
	out.Reset()
	require.NoError(t, Lines(&out, Machine{}, fans[1:]))
	assert.Contains(t, out.String(), `"peak_ops_per_s":100,"peak_conc":4,"ratio":0.25,"peak_cpu_ns_per_op":0,"peak_context_switches_per_op":0,"machine"`)
}

func table(t *testing.T, results []Result) string {
	var out bytes.Buffer
	require.NoError(t, Table(&out, results, p50))
	return out.String()
}

func TestHeaderNamesTheSurroundings(t *testing.T) {
	var out bytes.Buffer
	ThisMachine().Header(&out)
	for _, word := range []string{"machine", "kernel", "go  ", "date"} {
		assert.Contains(t, out.String(), word)
	}
}
