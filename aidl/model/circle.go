package model

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Circle is AIDL packages, in order of their names, that use each other, directly or not; or one package
// that is in no circle. Where a language forbids circles, they become one package, the first's.
type Circle []string

// Circles groups the packages of a graph that says which each of them uses. They are its strongly
// connected components (R. Tarjan, "Depth-first search and linear graph algorithms", 1972).
func Circles(uses map[string]map[string]bool) []Circle {
	c := connector{uses: uses, index: make(map[string]int), low: make(map[string]int), onStack: make(map[string]bool)}
	for _, pkg := range slices.Sorted(maps.Keys(uses)) {
		if c.index[pkg] == 0 {
			c.visit(pkg)
		}
	}
	return c.circles
}

// First is the package with the shortest name.
func (c Circle) First() string {
	return slices.MinFunc(c, func(x, y string) int { return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)) })
}

// Prefix tells the types of a package of the circle from those of the others: its last part, or all of it
// where another has the same, and an underscore. The first's have none.
func (c Circle) Prefix(pkg string) string {
	if pkg == c.First() {
		return ""
	}
	last := func(s string) string { return s[strings.LastIndexByte(s, '.')+1:] }
	for _, other := range c {
		if other != pkg && last(other) == last(pkg) {
			return strings.ReplaceAll(pkg, ".", "_") + "_"
		}
	}
	return last(pkg) + "_"
}

type connector struct {
	uses       map[string]map[string]bool
	index, low map[string]int
	stack      []string
	onStack    map[string]bool
	circles    []Circle
}

func (c *connector) visit(pkg string) {
	c.index[pkg] = len(c.index) + 1
	c.low[pkg] = c.index[pkg]
	c.stack = append(c.stack, pkg)
	c.onStack[pkg] = true
	for _, next := range slices.Sorted(maps.Keys(c.uses[pkg])) {
		if c.index[next] == 0 {
			c.visit(next)
			c.low[pkg] = min(c.low[pkg], c.low[next])
		} else if c.onStack[next] {
			c.low[pkg] = min(c.low[pkg], c.index[next])
		}
	}
	if c.low[pkg] != c.index[pkg] {
		return
	}
	at := slices.Index(c.stack, pkg)
	circle := Circle(slices.Sorted(slices.Values(c.stack[at:])))
	c.stack = c.stack[:at]
	for _, member := range circle {
		c.onStack[member] = false
	}
	c.circles = append(c.circles, circle)
}
