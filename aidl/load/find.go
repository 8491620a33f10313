package load

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Ambiguous is the error of a type that several include folders have.
type Ambiguous struct{ Paths []string }

func (e *Ambiguous) Error() string { return "found in " + strings.Join(e.Paths, " and in ") }

// File finds the file that declares a type, as looked for from another file: a.b.C is in a/b/C.aidl
// of a root, and so may a.b.C.Nested be. It returns nil when there is none, and Ambiguous when there
// are several.
func (s *Set) File(from *File, name string) (*File, error) {
	for parts := strings.ReplaceAll(name, ".", "/"); ; {
		f, err := s.lookUp(from, parts)
		if f != nil || err != nil {
			return f, err
		}
		i := strings.LastIndexByte(parts, '/')
		if i < 0 {
			return nil, nil
		}
		parts = parts[:i]
	}
}

func (s *Set) lookUp(from *File, typePath string) (*File, error) {
	if len(s.options.Include) > 0 {
		f, err := s.included(typePath)
		if f != nil || err != nil {
			return f, err
		}
	}
	if s.index != nil {
		return closest(from, s.index[typePath]), nil
	}
	root, ok := from.Root()
	if !ok {
		return nil, nil
	}
	return s.inRoot(root, typePath)
}

// included looks into all include folders.
func (s *Set) included(typePath string) (*File, error) {
	var found []*File
	for _, dir := range s.options.Include {
		f, err := s.inRoot(dir, typePath)
		if err != nil {
			return nil, err
		}
		if f != nil && !slices.Contains(found, f) {
			found = append(found, f)
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	var paths []string
	for _, f := range found {
		paths = append(paths, f.Path)
	}
	slices.Sort(paths)
	return nil, &Ambiguous{paths}
}

func (s *Set) inRoot(root, typePath string) (*File, error) {
	f, err := s.read(path.Join(root, typePath+".aidl"), false)
	if errors.Is(err, fs.ErrNotExist) || isNoFile(err) {
		return nil, nil
	}
	return f, err
}

// isNoFile reports whether a path leads to a folder, or through a file.
func isNoFile(err error) bool {
	var pe *fs.PathError
	return errors.As(err, &pe) && pe.Op == "read" || err != nil && strings.Contains(err.Error(), "not a directory")
}

// closest picks among files that declare one type, which is many where a tree holds frozen versions
// of its interfaces: one of the same root, else that with which the path has most in common, and of
// those the one that is being worked on.
func closest(from *File, candidates []*File) *File {
	if len(candidates) < 2 {
		if len(candidates) == 1 {
			return candidates[0]
		}
		return nil
	}
	home, _ := from.Root()
	return slices.MaxFunc(candidates, func(a, b *File) int {
		return cmp.Or(
			compareBool(isRoot(a, home), isRoot(b, home)),
			cmp.Compare(common(from.Path, a.Path), common(from.Path, b.Path)),
			compareBool(!frozen(a), !frozen(b)),
			compareBool(strings.Contains(a.Path, "/current/"), strings.Contains(b.Path, "/current/")),
			cmp.Compare(len(a.Path), len(b.Path)), // version 10 is newer than 9
			cmp.Compare(a.Path, b.Path),
		)
	})
}

func isRoot(f *File, root string) bool {
	r, ok := f.Root()
	return ok && r == root
}

// frozen reports whether a file is a copy that the build keeps of an interface.
func frozen(f *File) bool { return strings.Contains(f.Path, "aidl_api/") }

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// common is the number of folders that two paths begin with together.
func common(a, b string) int {
	n := 0
	for i := 0; i < len(a) && i < len(b) && a[i] == b[i]; i++ {
		if a[i] == '/' {
			n++
		}
	}
	return n
}
