package check

import "path/filepath"

// absolute is a path with slashes from the root, so that its end can be compared with a type's name.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return filepath.ToSlash(path)
}
