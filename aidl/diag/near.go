package diag

import "strings"

// Near returns the candidate that a misspelt name most likely means, "" when none is close.
func Near(name string, candidates []string) string {
	best, at := "", max(len(name)/3, 1)+1
	for _, c := range candidates {
		if d := distance(name, c, at); d < at {
			best, at = c, d
		}
	}
	return best
}

// distance is the number of letters to insert, delete or replace, case aside; limit when it is that
// or more.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit || len(a) > 64 {
		return limit
	}
	a, b = strings.ToLower(a), strings.ToLower(b)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := corner
			if a[i] != b[j] {
				cost++
			}
			corner = row[j+1]
			row[j+1] = min(cost, row[j]+1, corner+1)
		}
	}
	return min(row[len(b)], limit)
}
