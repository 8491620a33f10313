package object

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestPace: a looper naps a few times after each call, while calls come neither often nor rarely.
func TestPace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now, calls := time.Unix(1, 0), uint64(0)
		p := pace{since: now}
		for range rapid.IntRange(1, 20).Draw(t, "looks") {
			come := rapid.Uint64Range(0, 100).Draw(t, "calls")
			gap := time.Duration(rapid.Int64Range(0, int64(2*longestNapGap)).Draw(t, "gap"))
			now, calls = now.Add(gap*time.Duration(max(come, 1))), calls+come
			p.look(now, calls)
			allowed := shortestNapGap < gap && gap < longestNapGap
			calls++ // the next one
			for sleep := range looperNaps + 2 {
				require.Equal(t, allowed && sleep < looperNaps, p.naps && p.nap(calls))
			}
			p.calls++ // that does not count for the next look
		}
	})
}
