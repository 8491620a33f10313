package main

import (
	"fmt"
	"time"

	"ubinder/cmd/internal/console"
)

// progress shows on a terminal how far a long work is; elsewhere it shows nothing.
type progress struct {
	console *console.Console
	total   int // zero: nobody knows
	shown   time.Time
	drawn   bool
}

func newProgress(c *console.Console, total int) *progress {
	return &progress{console: c, total: total, shown: time.Now()}
}

const progressEvery = 100 * time.Millisecond

func (p *progress) at(n int) {
	if !p.console.Terminal || time.Since(p.shown) < progressEvery {
		return
	}
	p.shown, p.drawn = time.Now(), true
	if p.total > 0 {
		fmt.Fprintf(p.console, "\r\x1b[K%d of %d calls", n, p.total)
	} else {
		fmt.Fprintf(p.console, "\r\x1b[K%d calls; Ctrl-C ends", n)
	}
}

func (p *progress) end() {
	if p.drawn {
		fmt.Fprint(p.console, "\r\x1b[K")
	}
}
