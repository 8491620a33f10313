package aidl

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ubinder/aidl/check"
	"ubinder/aidl/diag"
	"ubinder/aidl/load"
	"ubinder/cmd/internal/console"
	"ubinder/cmd/internal/exit"
)

const checkLong = `Check judges .aidl files by the rules of AOSP's compiler, and prints what is wrong and, last, how many
files were accepted. It fails when one was rejected.

Types marked @VintfStability are judged by the rules for them with --structured --stability=vintf;
without both, nothing is said of how they are built, and they are accepted.`

const checkExample = `  # a whole tree, whose files find each other
  ubinder aidl check hardware/interfaces

  # a file, with what it imports
  ubinder aidl check -I aidl -I ../common/aidl aidl/android/demo/IRoom.aidl

  # whether files can be read, without a look at what they import
  ubinder aidl check --parse-only --json frameworks/base`

// checkRun is a run of "aidl check".
type checkRun struct {
	flags
	parseOnly bool
	json      bool
	dep       string
	ninja     bool
}

func newCheckCommand() *cobra.Command {
	var run checkRun
	cmd := &cobra.Command{
		Use: "check [flags] FILE.aidl|DIR...", Short: "Say what is wrong in .aidl files", Long: checkLong, Example: checkExample,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: complete,
		RunE: func(cmd *cobra.Command, args []string) error { return run.run(cmd, args) },
	}
	f := cmd.Flags()
	run.register(f)
	f.BoolVar(&run.parseOnly, "parse-only", false, "look at the syntax alone")
	f.BoolVar(&run.json, "json", false, "print lines of JSON: what is wrong, and last files, accepted, rejected and seconds")
	f.StringVarP(&run.dep, "dep", "d", "", "write the files that the one given needs to this file, for make; the target is its name without .d")
	f.BoolVar(&run.ninja, "ninja", false, "write the --dep file as ninja wants it")
	return cmd
}

func (r *checkRun) run(cmd *cobra.Command, args []string) error {
	if err := r.options(cmd); err != nil {
		return err
	}
	if r.dep != "" && (len(args) != 1 || isFolder(args[0])) {
		return exit.WrongUsage(cmd, fmt.Errorf("--dep is for one file"))
	}
	if r.dep != "" && r.parseOnly {
		return exit.WrongUsage(cmd, fmt.Errorf("--dep cannot be with --parse-only, which looks at no other file"))
	}
	start := time.Now()
	results, p, err := r.judge(args)
	if err != nil {
		return err
	}
	if r.dep != "" && results[0].Errors() == 0 {
		if err := r.writeDep(p); err != nil {
			return err
		}
	}
	return r.print(cmd, results, time.Since(start))
}

// judge is what is wrong with each file.
func (r *checkRun) judge(args []string) ([]diag.List, *check.Program, error) {
	if r.parseOnly {
		results, err := r.parse(args)
		return results, nil, err
	}
	p, err := r.program(args)
	if err != nil {
		return nil, nil, err
	}
	results := make([]diag.List, len(p.Files()))
	load.Each(len(results), func(i int) { results[i].All = p.Check(p.Files()[i], r.check) })
	return results, p, nil
}

func (r *checkRun) parse(args []string) ([]diag.List, error) {
	files, err := load.Find(args)
	if err != nil {
		return nil, err
	}
	set, err := load.Files(files, load.Options{})
	if err != nil {
		return nil, err
	}
	results := make([]diag.List, len(set.Main))
	for i, f := range set.Main {
		results[i].All = f.Wrong
	}
	return results, nil
}

// summary is the last line with --json.
type summary struct {
	Files    int     `json:"files"`
	Accepted int     `json:"accepted"`
	Rejected int     `json:"rejected"`
	Seconds  float64 `json:"seconds"`
}

func (r *checkRun) print(cmd *cobra.Command, results []diag.List, took time.Duration) error {
	s := summary{Files: len(results), Seconds: took.Seconds()}
	out, errs := console.New(cmd.OutOrStdout()), console.New(cmd.ErrOrStderr())
	for i := range results {
		if results[i].Errors() > 0 {
			s.Rejected++
		} else {
			s.Accepted++
		}
		if err := r.printList(out, errs, results[i].All); err != nil {
			return err
		}
	}
	if err := r.printSummary(out, s); err != nil {
		return err
	}
	if s.Rejected > 0 {
		return fmt.Errorf("%d of %d .aidl files rejected", s.Rejected, s.Files)
	}
	return nil
}

func (r *checkRun) printList(out, errs *console.Console, list []*diag.Diagnostic) error {
	for _, d := range list {
		if r.json {
			if err := json.NewEncoder(out).Encode(jsonDiagnostic(d)); err != nil {
				return err
			}
		} else if err := diag.Render(errs, d, style(errs)); err != nil {
			return err
		}
	}
	return nil
}

func (r *checkRun) printSummary(out *console.Console, s summary) error {
	if r.json {
		return json.NewEncoder(out).Encode(s)
	}
	rejected := fmt.Sprintf("%d rejected", s.Rejected)
	if s.Rejected > 0 {
		rejected = out.Bad(rejected)
	}
	_, err := fmt.Fprintf(out, "%s: %s, %s, in %.2f s\n", count(s.Files), out.Good(fmt.Sprintf("%d accepted", s.Accepted)), rejected, s.Seconds)
	return err
}

func count(files int) string {
	if files == 1 {
		return "1 file"
	}
	return fmt.Sprintf("%d files", files)
}

// lineOfJSON is a diagnostic as a line of JSON.
type lineOfJSON struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Column   int      `json:"column"`
	Severity string   `json:"severity"`
	Message  string   `json:"message"`
	Warning  string   `json:"warning,omitempty"`
	Label    string   `json:"label,omitempty"`
	Notes    []string `json:"notes,omitempty"`
	Help     string   `json:"help,omitempty"`
}

func jsonDiagnostic(d *diag.Diagnostic) lineOfJSON {
	out := lineOfJSON{Severity: d.Severity.String(), Message: d.Message, Warning: d.Name, Label: d.Label, Help: d.Help}
	if d.Source != nil {
		out.File = d.Source.Path
		out.Line, out.Column = d.Source.Position(d.Span.Start)
	}
	for _, n := range d.Notes {
		text := n.Text
		if n.Source != nil {
			line, column := n.Source.Position(n.Span.Start)
			text = fmt.Sprintf("%s:%d:%d: %s", n.Source.Path, line, column, text)
		}
		out.Notes = append(out.Notes, text)
	}
	return out
}

// writeDep writes the rule that the target needs the file and all that that needs. For make, every
// file is a target too, so that one that is gone does not stop the build.
func (r *checkRun) writeDep(p *check.Program) error {
	f := p.Files()[0]
	needed := []string{f.Path}
	for _, d := range p.Dependencies(f) {
		needed = append(needed, d.Path)
	}
	out, err := os.Create(r.dep)
	if err != nil {
		return err
	}
	writeRule(out, strings.TrimSuffix(r.dep, ".d"), needed, r.ninja)
	return out.Close()
}

func writeRule(w io.Writer, target string, needed []string, ninja bool) {
	fmt.Fprintf(w, "%s : \\\n  %s\n", target, strings.Join(needed, " \\\n  "))
	if ninja {
		return
	}
	fmt.Fprintln(w)
	for _, path := range needed {
		fmt.Fprintf(w, "%s :\n", path)
	}
}
