package compile

import (
	"errors"
	"path/filepath"

	"ubinder/aidl/check"
	"ubinder/aidl/diag"
	"ubinder/aidl/load"
	"ubinder/gen"
)

// AIDLJob says what to generate from .aidl files.
type AIDLJob struct {
	Paths    []string // files, and folders with all files below them
	Includes []string // folders that imports are looked up in; none means each file's own root
	Out      string   // folder below which the code goes, by package
	Base     string   // Go import path of Out
	Check    check.Options
	Version  int    // of the interfaces, when they are frozen
	Hash     string // of their frozen definition
}

// Wrong is what is wrong in .aidl files, warnings included.
type Wrong struct{ Diagnostics []*diag.Diagnostic }

func (w *Wrong) Error() string {
	var list []error
	for _, d := range w.Diagnostics {
		list = append(list, d)
	}
	return errors.Join(list...).Error()
}

// RunAIDL generates the code of a job and returns it in a fixed order, without writing it, and the
// warnings. Errors in the .aidl files come as *Wrong.
func RunAIDL(job AIDLJob) ([]Output, []*diag.Diagnostic, error) {
	files, err := load.Find(job.Paths)
	if err != nil {
		return nil, nil, err
	}
	set, err := load.Files(files, load.Options{Include: job.Includes, Tree: len(job.Includes) == 0})
	if err != nil {
		return nil, nil, err
	}
	program := check.New(set)
	said, err := checkAll(program, job.Check)
	if err != nil {
		return nil, said, err
	}
	model := program.Model(program.Files(), check.ModelOptions{Version: job.Version, Hash: job.Hash})
	code, err := gen.GenerateAIDL(gen.AIDL{Files: model, Base: job.Base})
	if err != nil {
		return nil, said, err
	}
	var outputs []Output
	for _, o := range code {
		outputs = append(outputs, Output{Path: filepath.Join(job.Out, filepath.FromSlash(o.Path)), Content: o.Content})
	}
	return outputs, said, nil
}

// checkAll judges all files; it fails when one of them is rejected.
func checkAll(p *check.Program, o check.Options) (said []*diag.Diagnostic, err error) {
	list := make([][]*diag.Diagnostic, len(p.Files()))
	load.Each(len(list), func(i int) { list[i] = p.Check(p.Files()[i], o) })
	rejected := false
	for _, l := range list {
		for _, d := range l {
			rejected = rejected || d.Severity == diag.Error
		}
		said = append(said, l...)
	}
	if rejected {
		return said, &Wrong{said}
	}
	return said, nil
}
