package aidl

import (
	"fmt"

	"github.com/spf13/cobra"

	"ubinder/aidl/api"
	"ubinder/aidl/check"
	"ubinder/aidl/diag"
	"ubinder/cmd/internal/console"
	"ubinder/cmd/internal/exit"
)

const compareExample = `  # may the current version replace version 2?
  ubinder aidl check-api aidl_api/demo/2 aidl_api/demo/current

  # is the dump what was committed?
  ubinder aidl check-api --level equal aidl_api/demo/current out/demo`

func newCompareCommand() *cobra.Command {
	var run flags
	var level string
	cmd := &cobra.Command{
		Use: "check-api [flags] OLD_DIR NEW_DIR", Short: "Say how a newer API breaks an older one, as AOSP's compiler does with --checkapi",
		Long: `Check-api compares two folders of dumps. Types are looked up in each folder itself, and in the
folders that -I names.`,
		Example: compareExample, Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := run.options(cmd); err != nil {
				return err
			}
			l, ok := map[string]api.Level{"compatible": api.Compatible, "equal": api.Equal}[level]
			if !ok {
				return exit.WrongUsage(cmd, fmt.Errorf("--level is compatible or equal; it cannot be %q", level))
			}
			return run.compare(cmd, args[0], args[1], l)
		},
	}
	run.register(cmd.Flags())
	cmd.Flags().StringVar(&level, "level", "compatible", "compatible: more may be added; equal: nothing may change")
	cmd.RegisterFlagCompletionFunc("level", cobra.FixedCompletions([]string{"compatible", "equal"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (f *flags) compare(cmd *cobra.Command, older, newer string, level api.Level) error {
	f.check.Structured = true // so are all dumps
	before, err := f.dumps(cmd, older)
	if err != nil {
		return err
	}
	after, err := f.dumps(cmd, newer)
	if err != nil {
		return err
	}
	wrong := api.Compare(before, after, level)
	c := console.New(cmd.ErrOrStderr())
	for _, d := range wrong {
		if err := diag.Render(c, d, style(c)); err != nil {
			return err
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%s is not %s with %s; differences that matter: %d", newer, levelNames[level], older, len(wrong))
	}
	return nil
}

var levelNames = map[api.Level]string{api.Compatible: "compatible", api.Equal: "equal"}

// dumps reads a folder, whose files look types up in it and where -I says.
func (f *flags) dumps(cmd *cobra.Command, dir string) (*check.Program, error) {
	one := *f
	one.load.Include = append([]string{dir}, f.load.Include...)
	p, err := one.program([]string{dir})
	if err != nil {
		return nil, err
	}
	return p, one.accepted(cmd, p)
}
