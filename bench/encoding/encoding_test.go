package encoding

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/bench/report"
)

func TestEveryFieldIsMeasuredInBothDirections(t *testing.T) {
	var results []Result
	err := Run(context.Background(), 5*time.Millisecond, func(string) {}, func(r []Result) { results = append(results, r...) })
	require.NoError(t, err)
	assert.Len(t, fields(nil), len(results)/2-countEncoding(results, "protobuf")/2)
	for _, r := range results {
		assert.Positive(t, r.NsPerOp, r)
		assert.Positive(t, r.Bytes+countZero(r), r)
	}
	var out bytes.Buffer
	require.NoError(t, Table(&out, results))
	assert.Equal(t, len(results)/2+3, strings.Count(out.String(), "\n"), "a line for each, and a head of three")

	out.Reset()
	require.NoError(t, report.Lines(&out, report.ThisMachine(), results[:1]))
	var back Result
	require.NoError(t, json.Unmarshal(out.Bytes(), &back))
	assert.Equal(t, results[0], back)
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	assert.ErrorIs(t, Run(ctx, time.Hour, func(string) {}, func([]Result) {}), context.Canceled)
}

func countEncoding(results []Result, encoding string) (n int) {
	for _, r := range results {
		if r.Encoding == encoding {
			n++
		}
	}
	return n
}

// countZero is 1 for protobuf's empty message, which takes no bytes.
func countZero(r Result) int {
	if r.Encoding == "protobuf" && r.Field == "nullable, null" {
		return 1
	}
	return 0
}
