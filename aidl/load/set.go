package load

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"sync"
)

// Options say which files are read, and where types are looked for.
type Options struct {
	Include      []string // folders in which imports are looked up; without any, each file's own root
	Preprocessed []string // files of declarations with qualified names
	Tree         bool     // look types up among all files given, too
}

// Set is files that know each other. It is safe for concurrent use.
type Set struct {
	Main         []*File // in the order given
	Preprocessed []*File
	options      Options

	mu    sync.Mutex
	files map[string]*loading // by path
	index map[string][]*File  // by type path; for Options.Tree
}

type loading struct {
	once sync.Once
	file *File // nil when there is none
	err  error
}

// Files reads and parses files, in parallel. It fails when one cannot be read.
func Files(paths []string, o Options) (*Set, error) {
	s := &Set{options: o, files: make(map[string]*loading, len(paths))}
	s.Main = make([]*File, len(paths))
	errs := make([]error, len(paths))
	Each(len(paths), func(i int) { s.Main[i], errs[i] = s.read(paths[i], true) })
	for _, path := range o.Preprocessed {
		f, err := s.read(path, false)
		errs = append(errs, err)
		if f != nil {
			f.Preprocessed = true
			s.Preprocessed = append(s.Preprocessed, f)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if o.Tree {
		s.index = make(map[string][]*File, len(paths))
		for _, f := range s.Main {
			s.index[f.typePath()] = append(s.index[f.typePath()], f)
		}
	}
	return s, nil
}

// Texts makes a set of texts by path, for tests and tools that have them in memory.
func Texts(texts map[string]string) *Set {
	s := &Set{options: Options{Tree: true}, files: make(map[string]*loading), index: make(map[string][]*File)}
	for path, text := range texts {
		s.Main = append(s.Main, Text(path, text))
	}
	sort.Slice(s.Main, func(i, j int) bool { return s.Main[i].Path < s.Main[j].Path })
	for _, f := range s.Main {
		s.index[f.typePath()] = append(s.index[f.typePath()], f)
	}
	return s
}

// Each calls do for 0 to n-1, on all processors.
func Each(n int, do func(int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(runtime.GOMAXPROCS(0), n) {
		wg.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

func (s *Set) read(path string, main bool) (*File, error) {
	path = filepath.ToSlash(filepath.Clean(path))
	s.mu.Lock()
	l := s.files[path]
	if l == nil {
		l = new(loading)
		s.files[path] = l
	}
	s.mu.Unlock()
	l.once.Do(func() {
		b, err := os.ReadFile(path)
		if err != nil {
			l.err = err
			return
		}
		l.file = parse(path, string(b), main)
	})
	return l.file, l.err
}

// Find finds the .aidl files below folders, in order, each once. A path that is a file stands for itself.
func Find(paths []string) ([]string, error) {
	var files []string
	found := make(map[string]bool)
	for _, path := range paths {
		err := filepath.WalkDir(path, func(name string, e fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case e.IsDir() && name != path && strings.HasPrefix(e.Name(), "."):
				return filepath.SkipDir
			case !e.IsDir() && (name == path || strings.HasSuffix(name, ".aidl")) && !found[filepath.Clean(name)]:
				found[filepath.Clean(name)] = true
				files = append(files, name)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}
