package demo

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"ubinder/cmd/internal/console"
	"ubinder/cmd/internal/latency"
)

// Person is the audience that reads.
type Person struct{ Console *console.Console }

// Cast implements Audience.
func (p Person) Cast(bus string, cast []Role) {
	c := p.Console
	fmt.Fprintf(c, "%s\n%s\n\n", c.Strong("Five processes on a bus of their own"), c.Faint("  "+bus))
	for _, r := range cast {
		fmt.Fprintf(c, "  %-16s %s  %s\n", r.Name, c.Accent(fmt.Sprintf("pid %-7d", r.PID)), c.Faint(r.Does))
	}
	fmt.Fprintln(c)
}

// Begin implements Audience.
func (p Person) Begin(title string) {
	if p.Console.Terminal {
		fmt.Fprintf(p.Console, "  … %s", title)
	}
}

// End implements Audience.
func (p Person) End(s Step) {
	c := p.Console
	if c.Terminal {
		fmt.Fprint(c, "\r\x1b[K")
	}
	lines := s.Says
	if s.Error != "" {
		lines = append(lines, c.Bad(s.Error))
	}
	for i, line := range lines {
		if i == 0 {
			fmt.Fprintf(c, "  %s %s  %s\n", c.Mark(s.Error == ""), c.Strong(fmt.Sprintf("%-16s", s.Title)), line)
		} else {
			fmt.Fprintf(c, "%*s%s\n", p.indent(), "", line)
		}
	}
	if s.calls != nil {
		fmt.Fprintln(c)
		s.calls.Draw(c, strings.Repeat(" ", p.indent()))
		fmt.Fprintln(c)
	}
}

// indent is where what a step says begins.
func (p Person) indent() int {
	if p.Console.Terminal {
		return 22
	}
	return 25
}

// Finish implements Audience.
func (p Person) Finish(steps int, took time.Duration) {
	fmt.Fprintf(p.Console, "\n%s\n", p.Console.Good(fmt.Sprintf("All %d steps did what they say, by the word of the process at the other end. It took %s.", steps, latency.Format(took))))
}

// Program is the audience that parses: it gets a line of JSON for each thing.
type Program struct{ out *json.Encoder }

// NewProgram writes to w.
func NewProgram(w io.Writer) Program { return Program{json.NewEncoder(w)} }

// Cast implements Audience.
func (p Program) Cast(bus string, cast []Role) {
	p.out.Encode(map[string]any{"bus": bus, "processes": cast})
}

// Begin implements Audience.
func (p Program) Begin(string) {}

// End implements Audience.
func (p Program) End(s Step) { p.out.Encode(s) }

// Finish implements Audience.
func (p Program) Finish(steps int, took time.Duration) {
	p.out.Encode(map[string]any{"steps": steps, "ok": true, "took_ns": took})
}
