// Package aidl is the command "ubinder aidl".
package aidl

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ubinder/aidl/check"
	"ubinder/aidl/diag"
	"ubinder/aidl/load"
	"ubinder/cmd/internal/console"
	"ubinder/cmd/internal/exit"
)

const long = `Aidl works with the files in which Android's services are declared, as AOSP's compiler aidl does.

Types are looked up in the folders that -I names. Without -I, the folder that each file's package
starts from is looked into; where whole folders are given, all files in them know each other.`

// NewCommand makes the command; known judges what is given where a command is expected.
func NewCommand(known cobra.PositionalArgs) *cobra.Command {
	cmd := &cobra.Command{
		Use: "aidl", Short: "Check, format, compare and compile .aidl files", Long: long, Args: known,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newGenCommand(), newCheckCommand(), newDumpCommand(), newCompareCommand(), newHashCommand(), newFmtCommand(), newToProtoCommand())
	return cmd
}

// flags are the flags by which files are found and judged.
type flags struct {
	load      load.Options
	check     check.Options
	stability string
	language  string
	sdk       string
	warnings  []string
	quiet     bool
}

func (f *flags) register(set *pflag.FlagSet) {
	set.StringArrayVarP(&f.load.Include, "include", "I", nil, "folder to look types up in, may be repeated")
	set.StringArrayVarP(&f.load.Preprocessed, "preprocessed", "p", nil, "file of declarations with qualified names, such as framework.aidl")
	set.BoolVar(&f.check.Structured, "structured", false, "the interface is declared in AIDL alone")
	set.StringVar(&f.stability, "stability", "", "vintf: every type must be frozen")
	set.StringVar(&f.language, "lang", "", "refuse what this language cannot have: java, cpp, ndk or rust")
	set.StringVar(&f.sdk, "min_sdk_version", "", "refuse what this Android cannot have: a number, or a name such as Tiramisu")
	set.BoolVarP(&f.check.NoForeign, "fail-on-parcelable", "b", false, "refuse parcelables without fields")
	set.StringArrayVarP(&f.warnings, "warning", "W", nil, "-WNAME gives a warning, -Weverything all, -Wno-NAME not this one; -Werror makes errors of them, -Wno-error=NAME not of this one")
	set.BoolVarP(&f.quiet, "no-warnings", "w", false, "give no warnings at all")
}

// options reads the flags that are words.
func (f *flags) options(cmd *cobra.Command) error {
	for _, w := range f.warnings {
		if unknown := f.check.Warnings.Flag("-W" + w); unknown != "" {
			err := fmt.Errorf("there is no warning %s", unknown)
			if near := diag.Near(unknown, check.WarningNames); near != "" {
				err = fmt.Errorf("%w: did you mean %s?", err, near)
			}
			return exit.WrongUsage(cmd, err)
		}
	}
	f.check.Warnings.None = f.quiet
	switch f.stability {
	case "", "vintf":
		f.check.VINTF = f.stability != ""
	default:
		return exit.WrongUsage(cmd, fmt.Errorf("--stability is vintf, or left out; it cannot be %q", f.stability))
	}
	if f.language != "" {
		language, ok := check.Languages[f.language]
		if !ok {
			return exit.WrongUsage(cmd, fmt.Errorf("--lang is java, cpp, ndk or rust; it cannot be %q", f.language))
		}
		f.check.Language = language
	}
	return f.minSDK(cmd)
}

func (f *flags) minSDK(cmd *cobra.Command) error {
	if f.sdk == "" {
		return nil
	}
	if n, ok := check.SDKs[f.sdk]; ok {
		f.check.MinSDK = n
		return nil
	}
	n, err := strconv.Atoi(f.sdk)
	if err != nil || n < 1 || n > check.SDKs["current"] {
		return exit.WrongUsage(cmd, fmt.Errorf("--min_sdk_version is a number of an Android SDK or its name; it cannot be %q", f.sdk))
	}
	f.check.MinSDK = n
	return nil
}

// program reads the files that the arguments name, folders standing for all in them.
func (f *flags) program(args []string) (*check.Program, error) {
	files, err := load.Find(args)
	if err != nil {
		return nil, err
	}
	f.load.Tree = slices.ContainsFunc(args, isFolder)
	f.check.Deep = !f.load.Tree
	set, err := load.Files(files, f.load)
	if err != nil {
		return nil, err
	}
	return check.New(set), nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// style colours diagnostics where a person sees them.
func style(c *console.Console) diag.Style {
	return diag.Style{Error: c.Bad, Warning: c.Accent, Strong: c.Strong, Faint: c.Faint}
}

// errNoFiles is for folders without .aidl files, which are rarely what was meant.
var errNoFiles = errors.New("there are no .aidl files here")

// accepted checks all files of a program, prints what is wrong, and fails when a file is rejected.
func (f *flags) accepted(cmd *cobra.Command, p *check.Program) error {
	if len(p.Files()) == 0 {
		return errNoFiles
	}
	results := make([]diag.List, len(p.Files()))
	load.Each(len(results), func(i int) { results[i].All = p.Check(p.Files()[i], f.check) })
	c := console.New(cmd.ErrOrStderr())
	rejected := 0
	for i := range results {
		for _, d := range results[i].All {
			if err := diag.Render(c, d, style(c)); err != nil {
				return err
			}
		}
		if results[i].Errors() > 0 {
			rejected++
		}
	}
	if rejected > 0 {
		return fmt.Errorf("%d of %d .aidl files rejected", rejected, len(results))
	}
	return nil
}

// complete completes arguments to .aidl files and folders.
func complete(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"aidl"}, cobra.ShellCompDirectiveFilterFileExt
}
