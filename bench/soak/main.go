// Command soak runs a bus under a mixed load for a long time, kills processes at random, and shows
// that those which live keep nothing of those which died: their files, mappings, goroutines and
// memory stay flat, and every call ends.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"
)

// config is how a soak runs.
type config struct {
	duration  time.Duration
	every     time.Duration // between two looks
	kills     time.Duration // mean time between two kills
	survivors int
	mortals   int
	json      bool
}

func main() {
	var c config
	flag.DurationVar(&c.duration, "d", 5*time.Minute, "how long")
	flag.DurationVar(&c.every, "every", 10*time.Second, "time between two looks; at most a twelfth of the duration")
	flag.DurationVar(&c.kills, "kills", 300*time.Millisecond, "mean time between two kills")
	flag.IntVar(&c.survivors, "survivors", 2, "processes that are measured")
	flag.IntVar(&c.mortals, "mortals", 3, "processes that are killed and started again")
	flag.BoolVar(&c.json, "json", false, "print the report as JSON")
	flag.Parse()
	c.every = min(c.every, c.duration/12)
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(serveRole(role, os.Getenv(nameVariable)))
	}
	r, err := run(&c)
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
	if c.json {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		out.Encode(r)
	} else {
		r.print()
	}
	if len(r.Problems) > 0 {
		os.Exit(1)
	}
}
