package gen_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/types"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ubinder/aidl/check"
	"ubinder/aidl/check/checktest"
	"ubinder/aidl/model"
	"ubinder/gen"
)

// aidlBase is below what generated packages lie in tests.
const aidlBase = "example.com/test"

// TestGeneratedCodeOfAIDLCompiles makes AIDL of names that Go, the generator or other names made by it
// use, and checks that the code is valid Go whenever the checker accepts the files.
func TestGeneratedCodeOfAIDLCompiles(t *testing.T) {
	compiler := newChecker(t)
	drawn, accepted := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		texts := checktest.Tree(rt)
		drawn++
		files, wrong := acceptedAIDL(texts)
		if wrong != nil {
			rt.Logf("rejected: %s", wrong)
			return
		}
		accepted++
		outputs, err := gen.GenerateAIDL(gen.AIDL{Files: files, Base: aidlBase})
		require.NoError(rt, err, texts)
		require.NoError(rt, compiler.aidl(outputs), texts)
	})
	t.Logf("%d of %d trees accepted", accepted, drawn)
	require.Greater(t, 2*accepted, drawn)
}

// acceptedAIDL is the model of files, or what is wrong with one of them.
func acceptedAIDL(texts map[string]string) ([]*model.File, error) {
	return checktest.Model(texts, check.Options{Version: 2, Hash: "hash"})
}

// aidl type-checks generated packages, which import each other.
func (c *checker) aidl(outputs []gen.Output) error {
	run := &aidlCheck{checker: c, files: make(map[string][]*ast.File), done: make(map[string]*types.Package)}
	for _, o := range outputs {
		if base := path.Base(o.Path); strings.HasPrefix(base, "_") || strings.HasPrefix(base, ".") {
			return fmt.Errorf("the go command does not look at %s", o.Path)
		}
		f, err := parser.ParseFile(c.fset, o.Path, bytes.NewReader(o.Content), parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		importPath := path.Join(aidlBase, path.Dir(o.Path))
		run.files[importPath] = append(run.files[importPath], f)
	}
	for importPath := range run.files {
		if _, err := run.Import(importPath); err != nil {
			return err
		}
	}
	return nil
}

// aidlCheck is the check of one run's packages. It is their importer.
type aidlCheck struct {
	*checker
	files map[string][]*ast.File // by import path
	done  map[string]*types.Package
}

func (a *aidlCheck) Import(importPath string) (*types.Package, error) {
	if a.files[importPath] == nil {
		return a.importer.Import(importPath)
	}
	if p, begun := a.done[importPath]; begun {
		if p == nil {
			return nil, fmt.Errorf("%s imports itself", importPath)
		}
		return p, nil
	}
	a.done[importPath] = nil
	config := types.Config{Importer: a}
	p, err := config.Check(importPath, a.fset, a.files[importPath], nil)
	a.done[importPath] = p
	return p, err
}
