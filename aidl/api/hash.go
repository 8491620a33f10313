package api

import (
	"crypto/sha1"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// HashFile is the name of the file that a frozen version's hash stands in.
const HashFile = ".hash"

// LatestVersion is the version that AOSP's build reckons hashes with when it freezes an API.
const LatestVersion = "latest-version"

// Hash is the hash of a frozen version, in hexadecimal: of a line for each .aidl file of the folder,
// with the hash of its bytes and its path, in order of the paths' bytes, and a line with the
// version. It is what AOSP's build/hash_gen.sh makes with find, sort and sha1sum.
func Hash(dir, version string) (string, error) {
	var paths []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && strings.HasSuffix(path, ".aidl") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	if len(paths) == 0 {
		return "", fmt.Errorf("there are no .aidl files in %s", dir)
	}
	names := make(map[string]string, len(paths))
	for i, path := range paths {
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return "", err
		}
		name := "./" + filepath.ToSlash(rel)
		names[name], paths[i] = path, name
	}
	slices.Sort(paths)
	all := sha1.New()
	for _, name := range paths {
		b, err := os.ReadFile(names[name])
		if err != nil {
			return "", err
		}
		fmt.Fprintf(all, "%x  %s\n", sha1.Sum(b), name)
	}
	fmt.Fprintln(all, version)
	return fmt.Sprintf("%x", all.Sum(nil)), nil
}
