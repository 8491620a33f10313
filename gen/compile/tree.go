package compile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/bufbuild/protocompile"

	"ubinder/gen"
)

// tree is the .proto files that a job can see: those in its include folders and those that are
// compiled in. It is safe for concurrent use.
type tree struct {
	includes []string

	mu    sync.Mutex
	roots map[string]string // of each file found: its include folder
}

func newTree(includes []string) *tree {
	if len(includes) == 0 {
		includes = []string{"."}
	}
	return &tree{includes: includes, roots: make(map[string]string)}
}

// names turns paths of this system into the names by which files import each other.
func (t *tree) names(paths []string) ([]string, error) {
	var names []string
	for _, path := range paths {
		name, err := t.name(path)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

func (t *tree) name(path string) (string, error) {
	if !exists(path) {
		if fs.ValidPath(path) && t.find(path) != "" {
			return path, nil
		}
		return "", fmt.Errorf("there is no file %s, and none of that name in the import folders (%s)", path, t)
	}
	if isFolder(path) {
		return "", fmt.Errorf("%s is a folder; name the files in it, such as %s", path, filepath.Join(path, "*.proto"))
	}
	for _, root := range t.includes {
		name, ok := below(root, path)
		if !ok {
			continue
		}
		if found := t.find(name); found != root {
			return "", fmt.Errorf("%s would be imported as %s, but that means %s; change the order of -I", path, name, filepath.Join(found, name))
		}
		return name, nil
	}
	return "", fmt.Errorf("%s is in none of the import folders (%s); add -I %s", path, t, filepath.Dir(path))
}

// find returns the first include folder that has a file of that name, or "".
func (t *tree) find(name string) string {
	for _, root := range t.includes {
		if exists(filepath.Join(root, filepath.FromSlash(name))) {
			return root
		}
	}
	return ""
}

// String lists the include folders.
func (t *tree) String() string { return strings.Join(t.includes, ", ") }

// below returns the name of path relative to root, when it is inside.
func below(root, path string) (string, bool) {
	absRoot, err := filepath.Abs(root)
	if err != nil {
		return "", false
	}
	absPath, err := filepath.Abs(path)
	if err != nil {
		return "", false
	}
	rel, err := filepath.Rel(absRoot, absPath)
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	return filepath.ToSlash(rel), true
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// FindFileByPath implements protocompile.Resolver.
func (t *tree) FindFileByPath(name string) (protocompile.SearchResult, error) {
	f, err := t.open(name)
	return protocompile.SearchResult{Source: f}, err
}

func (t *tree) open(name string) (io.ReadCloser, error) {
	for _, root := range t.includes {
		f, err := os.Open(filepath.Join(root, filepath.FromSlash(name)))
		if err == nil {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.roots[name] = root
			return f, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if fs.ValidPath(name) {
		if f, err := gen.Include().Open(name); err == nil {
			return f, nil
		}
	}
	return nil, fmt.Errorf("not found in the import folders (%s); add the one that holds it with -I", t)
}

func (t *tree) rootOf(name string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.roots[name]
}

// display returns a file's path on this system, so that an editor can jump to it.
func (t *tree) display(name string) string {
	if root := t.rootOf(name); root != "" {
		return filepath.Join(root, filepath.FromSlash(name))
	}
	return name
}

// located gives every diagnostic in err the path of its file on this system.
func (t *tree) located(err error) error {
	var all gen.Diagnostics
	if errors.As(err, &all) {
		for _, d := range all {
			d.File = t.display(d.File)
		}
	}
	return err
}
