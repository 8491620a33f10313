package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"ubinder/bench/cases"
	"ubinder/bench/crowd"
	"ubinder/bench/encoding"
	"ubinder/bench/report"
	"ubinder/bench/run"
	"ubinder/bench/stack"
)

// options is the command line.
type options struct {
	plan   run.Plan
	parcel bool // the case that is not of the plan: it has neither stacks nor processes
	crowds []crowd.Case
	json   bool

	machine report.Machine
	report  string   // file of the page; empty: none
	from    []string // files whose results it shows; none: those of this run
	lines   bytes.Buffer
}

const minDuration = 10 * time.Millisecond

// parse reads the arguments; flag.ErrHelp asks for the help text.
func parse(args []string, stacks []stack.Stack) (*options, error) {
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	caseNames := set.String("cases", "sync,oneway", "")
	stackNames := set.String("stacks", joined(stacks, stack.Stack.Name), "")
	sizes := set.String("sizes", "128,4096,65536,1048576", "")
	conc := set.String("conc", "1,16", "")
	scale := set.String("scale", "", "")
	pin := set.String("pin", run.PinNone, "")
	duration := set.Duration("d", 2*time.Second, "")
	asJSON := set.Bool("json", false, "")
	page := set.String("report", "", "")
	from := set.String("from", "", "")
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	if set.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", set.Arg(0))
	}
	o := &options{json: *asJSON, machine: report.ThisMachine(), report: *page, plan: run.Plan{Pin: *pin, Duration: *duration}}
	return o, errors.Join(
		o.pickCases(*caseNames),
		pick("-stacks", *stackNames, stacks, stack.Stack.Name, &o.plan.Stacks),
		numbers("-sizes", *sizes, stack.MinSize, 1<<30, &o.plan.Sizes),
		numbers("-conc", *conc, 1, 1024, &o.plan.Conc),
		o.pickScale(*scale),
		oneOf("-pin", *pin, run.PinNone, run.PinOne),
		atLeast("-d", *duration, minDuration),
		o.pickFiles(*from),
	)
}

func caseName(c cases.Case) string { return c.Name }

func crowdName(c crowd.Case) string { return c.Name }

func joined[T any](all []T, name func(T) string) string {
	names := make([]string, len(all))
	for i, v := range all {
		names[i] = name(v)
	}
	return strings.Join(names, ",")
}

// pick selects by a list of names, in the order of the list.
func pick[T any](flagName, list string, all []T, name func(T) string, into *[]T) error {
	for _, want := range strings.Split(list, ",") {
		i := slices.IndexFunc(all, func(v T) bool { return name(v) == want })
		if i < 0 {
			return fmt.Errorf("%s: no %q among %s", flagName, want, joined(all, name))
		}
		*into = append(*into, all[i])
	}
	return nil
}

// pickCases selects cases by their names, or all those below a name, and those of packages encoding and crowd.
func (o *options) pickCases(list string) error {
	for _, want := range strings.Split(list, ",") {
		found := want == encoding.Name
		o.parcel = o.parcel || found
		for _, c := range cases.All() {
			if c.Name == want || strings.HasPrefix(c.Name, want+"/") {
				o.plan.Cases = append(o.plan.Cases, c)
				found = true
			}
		}
		for _, c := range crowd.All() {
			if c.Name == want || strings.HasPrefix(c.Name, want+"/") {
				o.crowds = append(o.crowds, c)
				found = true
			}
		}
		if !found {
			return fmt.Errorf("-cases: no %q among %s,%s,%s", want, joined(cases.All(), caseName), joined(crowd.All(), crowdName), encoding.Name)
		}
	}
	return nil
}

func (o *options) pickFiles(from string) error {
	if from == "" {
		return nil
	}
	if o.report == "" {
		return errors.New("-from: say with -report where the page goes")
	}
	o.from = strings.Split(from, ",")
	return nil
}

// pickScale selects among the values of the cases that were picked. Each value is one of some case.
func (o *options) pickScale(list string) error {
	if list == "" {
		return nil
	}
	if err := numbers("-scale", list, 1, 1<<20, &o.plan.Scale); err != nil {
		return err
	}
	var all []int
	var have []string
	for name, values := range o.scales() {
		all = append(all, values...)
		have = append(have, fmt.Sprintf("%s %s", name, joined(values, strconv.Itoa)))
	}
	for _, n := range o.plan.Scale {
		switch {
		case len(have) == 0:
			return errors.New("-scale: none of the cases has a scale")
		case !slices.Contains(all, n):
			return fmt.Errorf("-scale: none of the cases has %d: allowed are, of %s", n, strings.Join(have, "; of "))
		}
	}
	return nil
}

// scales are the cases that have one, and its values.
func (o *options) scales() iter.Seq2[string, []int] {
	return func(yield func(string, []int) bool) {
		for _, c := range o.plan.Cases {
			if c.Scale != nil && !yield(c.Name, c.Scale.Values) {
				return
			}
		}
		for _, c := range o.crowds {
			if c.Scale != nil && !yield(c.Name, c.Scale) {
				return
			}
		}
	}
}

func numbers(flagName, list string, low, high int, into *[]int) error {
	for _, text := range strings.Split(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < low || n > high {
			return fmt.Errorf("%s: %q is not a number from %d to %d", flagName, text, low, high)
		}
		*into = append(*into, n)
	}
	return nil
}

func oneOf(flagName, value string, allowed ...string) error {
	if !slices.Contains(allowed, value) {
		return fmt.Errorf("%s: %q is not one of %s", flagName, value, strings.Join(allowed, ", "))
	}
	return nil
}

func atLeast(flagName string, value, low time.Duration) error {
	if value < low {
		return fmt.Errorf("%s: %v is less than %v", flagName, value, low)
	}
	return nil
}
