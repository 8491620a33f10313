package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"ubinder/bench/vm/guest"
	"ubinder/bench/vm/machine"
)

func printLines(w io.Writer, counts *machine.Counts) {
	enc := json.NewEncoder(w)
	for _, c := range counts.List {
		enc.Encode(c)
	}
}

// printTable has a line for each stack and, beside each count, its ratio to the kernel's driver.
func printTable(w io.Writer, p guest.Plan, counts *machine.Counts) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(tw, "instructions per round trip\t")
	for _, size := range p.Sizes {
		fmt.Fprintf(tw, "%d B\t/ %s\t", size, guest.Driver)
	}
	fmt.Fprintln(tw)
	for _, s := range p.Stacks {
		fmt.Fprintf(tw, "%s\t", s)
		for _, size := range p.Sizes {
			n := counts.Of(s, size)
			fmt.Fprintf(tw, "%d\t%s\t", n, ratio(n, counts.Of(guest.Driver, size)))
		}
		fmt.Fprintln(tw)
	}
	tw.Flush()
}

func ratio(n, base int64) string {
	if base == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", float64(n)/float64(base))
}
