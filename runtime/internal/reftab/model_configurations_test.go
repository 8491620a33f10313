package reftab_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A configuration is written as a line of words, which is its name too:
//
//	processes=4      A to D; 3 if it is not said
//	nodes=CCA        C has two nodes, A one; C alone has one if it is not said
//	apart=AB,BC      have no lane yet; all others have
//	hostile=A        process A is hostile
//	only=MSG,CALL    what hostile processes post; everything if it is not said
//	deaf             hostile processes take nothing, so that credit towards them ends
//	root=C           C's first node is behind handle 0
//	credit=1         controls that a lane takes; 3 if it is not said
//	threads=2        messages that a process prepares at a time; 1 if it is not said
//	weak             hostile processes post what is about weak references and destroyed nodes too
//
// and how often a thing may happen: sends=2 passes=1 calls=1 and so on, as in budget.
func parse(line string) (c configuration, err error) {
	c = configuration{name: line, processes: 3, credit: 3, threads: 1}
	for _, word := range strings.Fields(line) {
		key, value, _ := strings.Cut(word, "=")
		if err := c.set(key, value); err != nil {
			return c, fmt.Errorf("configuration %q: %q: %w", line, word, err)
		}
	}
	if c.nodes == [maxProcesses + 1]int{} {
		c.nodes[3] = 1
	}
	return c, nil
}

func (c *configuration) set(key, value string) (err error) {
	switch key {
	case "processes":
		c.processes, err = strconv.Atoi(value)
	case "nodes":
		for _, p := range value {
			c.nodes[p-'A'+1]++
		}
	case "apart":
		for _, p := range strings.Split(value, ",") {
			c.apart = append(c.apart, pair{idOf(p[0]), idOf(p[1])})
		}
	case "hostile":
		for i := range value {
			c.hostile = append(c.hostile, idOf(value[i]))
		}
	case "only":
		names := strings.Split(value, ",")
		c.hangsUp = slices.Contains(names, "HANGUP")
		c.menu = func(m *message) bool { return slices.Contains(names, m.kindName()) }
	case "weak":
		c.weak = true
	case "deaf":
		c.deaf = true
	case "root":
		c.root = idOf(value[0])
	case "credit":
		c.credit, err = strconv.Atoi(value)
	case "threads":
		c.threads, err = strconv.Atoi(value)
	default:
		err = c.budget.set(key, value)
	}
	return err
}

func idOf(name byte) uint64 { return uint64(name-'A') + 1 }

func (b *budget) set(key, value string) error {
	counts := map[string]*uint8{
		"sends": &b.sends, "passes": &b.passes, "homes": &b.homes, "calls": &b.calls,
		"weaks": &b.weaks, "asks": &b.asks, "destroys": &b.destroys,
		"crashes": &b.crashes, "evil": &b.evil, "broker": &b.broker,
	}
	count := counts[key]
	if count == nil {
		return fmt.Errorf("there is no such word")
	}
	n, err := strconv.ParseUint(value, 10, 8)
	*count = uint8(n)
	return err
}

// Configurations by size: what plain go test explores, what every commit has to pass, and the rest,
// which takes half an hour.
var (
	smallConfigurations = []string{
		"sends=1 passes=1 calls=1 crashes=1",
		"sends=1 passes=2 homes=1",
		"nodes=CC credit=1 threads=2 sends=2 passes=1",
		"apart=AB,BC sends=1 passes=1 crashes=1 broker=1",
		"weaks=2 sends=1",
		"weaks=1 asks=1 destroys=1",
		"sends=1 passes=1 calls=1 destroys=1",
		"root=C calls=1 passes=1 destroys=1",
		"processes=4 nodes=D sends=1 passes=2",
		"hostile=A weak evil=1 sends=1 passes=1",
		"hostile=B evil=1 deaf sends=1 passes=1 crashes=1",
		"hostile=C nodes=CA weak evil=1 sends=1 passes=1",
	}
	mediumConfigurations = []string{
		"sends=2 passes=1 calls=1 crashes=1",
		"sends=1 passes=2 calls=1 crashes=1",
		"credit=1 sends=1 passes=2 calls=1",
		"threads=2 sends=1 passes=2 calls=1",
		"nodes=CC sends=2 passes=1 calls=1",
		"apart=AB,BC sends=1 passes=1 calls=1 crashes=1",
		"apart=AB,BC,AC sends=1 passes=1 crashes=2 broker=1",
		"sends=1 passes=1 homes=1 destroys=1 crashes=1",
		"weaks=1 sends=1 asks=1 crashes=1",
		"weaks=1 sends=1 passes=1 destroys=1",
		"processes=4 nodes=D sends=1 passes=2 crashes=1",
		"processes=4 nodes=D hostile=C evil=1 sends=1 passes=1",
		"hostile=A evil=1 sends=1 passes=1 calls=1 crashes=1",
		"hostile=A weak evil=1 weaks=1 sends=1",
		"hostile=AB evil=2 sends=1",
		"hostile=C nodes=CA evil=2 sends=1 passes=1",
	}
	largeConfigurations = []string{
		"sends=2 passes=2 calls=1 crashes=1",
		"nodes=CC sends=2 passes=2 calls=1 crashes=1",
		"nodes=AC sends=2 passes=2 calls=1",
		"threads=2 credit=1 sends=2 passes=2 calls=1 crashes=1",
		"sends=1 passes=2 homes=1 calls=1 destroys=1 crashes=1",
		"weaks=2 sends=1 passes=1 crashes=1",
		"weaks=1 sends=1 asks=2 destroys=1 crashes=1",
		"root=C apart=AC sends=1 passes=1 calls=1 asks=1 destroys=1 crashes=1",
		"apart=AB,BC sends=1 passes=2 calls=1 crashes=2 broker=1",
		"processes=4 nodes=D sends=1 passes=3",
		"processes=4 nodes=D sends=1 passes=2 calls=1 crashes=1",
		"processes=4 nodes=D apart=AB,BC,BD sends=1 passes=2 crashes=2 broker=1",
		"hostile=A evil=2 sends=1 passes=1 calls=1 crashes=1",
		"hostile=A evil=3 sends=1 passes=1 calls=1 only=GRANT,CLAIM,MSG,RELEASE",
		"hostile=A evil=3 sends=1 passes=1 crashes=1 only=GRANT,REVOKE,FENCED,HANGUP",
		"hostile=B deaf evil=2 sends=1 passes=1 calls=1",
		"hostile=AB evil=4 sends=1 only=GRANT,CLAIM,DROP,RELEASE",
		"hostile=C nodes=CA weak evil=2 sends=1 passes=1 calls=1",
		"hostile=A weak evil=2 weaks=1 sends=1",
		"processes=4 nodes=D hostile=AC evil=2 sends=1 passes=1",
	}
)
