package aidl

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"ubinder/aidl/api"
)

const hashExample = `  # freeze version 3
  ubinder aidl hash aidl_api/demo/3 > aidl_api/demo/3/.hash

  # in CI: fail when a frozen version is not what it was
  ubinder aidl hash --check aidl_api/demo/3`

func newHashCommand() *cobra.Command {
	var verify bool
	cmd := &cobra.Command{
		Use: "hash [flags] API_DIR [VERSION]", Short: "Reckon the hash of a frozen API, as AOSP's build does",
		Long: `Hash prints the hash of all .aidl files of a folder and of a version, which is latest-version unless
given: with that, AOSP's build makes and looks at the files .hash of frozen versions.`,
		Example: hashExample, Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			version := api.LatestVersion
			if len(args) > 1 {
				version = args[1]
			}
			hash, err := api.Hash(args[0], version)
			if err != nil {
				return err
			}
			if verify {
				return sameHash(args[0], hash)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), hash)
			return err
		},
	}
	cmd.Flags().BoolVar(&verify, "check", false, "print nothing, and fail unless the folder's file .hash ends in this hash")
	return cmd
}

// sameHash compares with the last line of the folder's hash file: lines before it are of times when
// the files were written differently.
func sameHash(dir, hash string) error {
	b, err := os.ReadFile(filepath.Join(dir, api.HashFile))
	if err != nil {
		return err
	}
	lines := strings.Fields(string(b))
	if len(lines) == 0 || lines[len(lines)-1] != hash {
		return fmt.Errorf("%s is frozen, and has changed: its hash is %s, and %s says %s", dir, hash, api.HashFile, strings.Join(lines, ", "))
	}
	return nil
}
